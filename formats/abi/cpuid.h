/* SPDX-License-Identifier: BSD-3-Clause */
/* The CPUID leaves by which a guest knows the hypervisor; acrn-hypercalls(7). */
#ifndef ABI_CPUID_H
#define ABI_CPUID_H

#define CPUID_HV_SIGNATURE 0x40000000U
#define CPUID_HV_FEATURES 0x40000001U
#define CPUID_HV_TSC_KHZ 0x40000010U
#define CPUID_HV_MAX_LEAF CPUID_HV_TSC_KHZ

#define CPUID_HV_NAME 0x4e524341U	      /* "ACRN" in each of EBX, ECX, EDX */
#define CPUID_HV_FEATURE_SERVICE_VM (1U << 0) /* in EAX of CPUID_HV_FEATURES */
#define CPUID_1_ECX_HYPERVISOR (1U << 31)

#endif
