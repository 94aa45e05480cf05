/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /dev/acrn_profiling and the rings beside it, for programs; acrn-modules(4). A command's argument
 * is the structure of formats/abi/profiling.h that HC_PROFILING_OPS takes; acrn-hypercalls(7).
 */
#ifndef ACRN_PROFILING_H
#define ACRN_PROFILING_H

#include <linux/ioctl.h>

#include "formats/abi/profiling.h"

/* What is mapped of /dev/acrn_sep_<pcpu> and /dev/acrn_socwatch_<pcpu>, in bytes. */
#define ACRN_SEP_RING_SIZE (4U << 20)
#define ACRN_SOCWATCH_RING_SIZE (1U << 20)

struct acrn_profiling_msr_ops {
	struct profiling_msr_ops_list pcpu[PROFILING_MAX_PCPUS];
};

struct acrn_profiling_status {
	struct profiling_status pcpu[PROFILING_MAX_PCPUS];
};

/* 0xA2 is ACRN's; its HSM uses numbers below 0xA0. The low digit is enum profiling_cmd. */
#define ACRN_PROFILING_IOC 0xa2
#define ACRN_PROFILING_IOC_FIRST 0xe0

#define ACRN_PROFILING_MSR_OPS _IOWR(ACRN_PROFILING_IOC, 0xe0, struct acrn_profiling_msr_ops)
#define ACRN_PROFILING_GET_VMINFO _IOR(ACRN_PROFILING_IOC, 0xe1, struct profiling_vm_info_list)
#define ACRN_PROFILING_GET_VERSION _IOR(ACRN_PROFILING_IOC, 0xe2, struct profiling_version_info)
#define ACRN_PROFILING_GET_CONTROL _IOWR(ACRN_PROFILING_IOC, 0xe3, struct profiling_control)
#define ACRN_PROFILING_SET_CONTROL _IOW(ACRN_PROFILING_IOC, 0xe4, struct profiling_control)
#define ACRN_PROFILING_CONFIG_PMI _IOW(ACRN_PROFILING_IOC, 0xe5, struct profiling_pmi_config)
#define ACRN_PROFILING_CONFIG_VMSWITCH _IOW(ACRN_PROFILING_IOC, 0xe6, struct profiling_vmsw_config)
#define ACRN_PROFILING_GET_PCPUID _IOWR(ACRN_PROFILING_IOC, 0xe7, struct profiling_pcpuid)
#define ACRN_PROFILING_GET_STATUS _IOR(ACRN_PROFILING_IOC, 0xe8, struct acrn_profiling_status)

#endif
