// SPDX-License-Identifier: BSD-3-Clause
/* CPUID as guests see it; acrn-hypercalls(7), Intel SDM 2, CPUID. */
#include "formats/abi/cpuid.h"
#include "hv/core/trace.h"
#include "hv/core/vm.h"
#include "hv/core/vmexit.h"

enum { EAX, EBX, ECX, EDX };

#define LEAF_FEATURES 1U
#define FEATURES_ECX_MONITOR (1U << 3)
#define FEATURES_ECX_VMX (1U << 5)
#define FEATURES_ECX_SMX (1U << 6)
#define LEAF_PMU 0xaU
#define LEAF_TOPOLOGY 0xbU
#define LEAF_HV_LAST 0x4fffffffU

static void hypervisor_leaf(const struct vcpu *vcpu, uint32_t leaf, uint32_t regs[4])
{
	memset(regs, 0, 4 * sizeof(regs[0]));
	switch (leaf) {
	case CPUID_HV_SIGNATURE:
		regs[EAX] = CPUID_HV_MAX_LEAF;
		regs[EBX] = regs[ECX] = regs[EDX] = CPUID_HV_NAME;
		break;
	case CPUID_HV_FEATURES:
		regs[EAX] = vm_is_service(vcpu->vm) ? CPUID_HV_FEATURE_SERVICE_VM : 0;
		break;
	case CPUID_HV_TSC_KHZ:
		regs[EAX] = arch_tsc_khz();
		break;
	default:
		break;
	}
}

static void machine_leaf(const struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
	arch_cpuid(leaf, subleaf, regs);
	switch (leaf) {
	case LEAF_FEATURES:
		regs[EBX] = (regs[EBX] & 0x00ffffffU) | (uint32_t)vcpu->id << 24;
		regs[ECX] &= ~(FEATURES_ECX_MONITOR | FEATURES_ECX_VMX | FEATURES_ECX_SMX);
		regs[ECX] |= CPUID_1_ECX_HYPERVISOR;
		break;
	case LEAF_PMU:
		memset(regs, 0, 4 * sizeof(regs[0]));
		break;
	case LEAF_TOPOLOGY:
		regs[EDX] = vcpu->id;
		break;
	default:
		break;
	}
}

void cpuid_exit(struct vcpu *vcpu)
{
	uint32_t leaf = (uint32_t)vcpu->regs.rax, subleaf = (uint32_t)vcpu->regs.rcx;
	uint32_t regs[4];

	trace_2l(vcpu->pcpu, TRACE_VMEXIT_CPUID, leaf, subleaf);
	if (leaf >= CPUID_HV_SIGNATURE && leaf <= LEAF_HV_LAST)
		hypervisor_leaf(vcpu, leaf, regs);
	else
		machine_leaf(vcpu, leaf, subleaf, regs);
	vcpu->regs.rax = regs[EAX];
	vcpu->regs.rbx = regs[EBX];
	vcpu->regs.rcx = regs[ECX];
	vcpu->regs.rdx = regs[EDX];
	vcpu_skip_instruction(vcpu);
}
