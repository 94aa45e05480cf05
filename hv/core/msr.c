// SPDX-License-Identifier: BSD-3-Clause
/* RDMSR and WRMSR of guests; Intel SDM 4. */
#include "hv/core/trace.h"
#include "hv/core/vm.h"
#include "hv/core/vmexit.h"

#define MSR_TSC 0x10U
#define MSR_APIC_BASE 0x1bU
#define MSR_TSC_DEADLINE 0x6e0U

#define APIC_BASE_ADDRESS 0xfee00000ULL
#define APIC_BASE_BSP (1ULL << 8)
#define APIC_BASE_X2APIC (1ULL << 10)
#define APIC_BASE_ENABLE (1ULL << 11)

static uint32_t x2apic_offset(uint32_t msr)
{
	return (msr - MSR_X2APIC_FIRST) << 4;
}

static uint64_t apic_base(const struct vcpu *vcpu)
{
	return APIC_BASE_ADDRESS | APIC_BASE_ENABLE | (vcpu->id ? 0 : APIC_BASE_BSP) |
	       (vcpu->vlapic.x2apic ? APIC_BASE_X2APIC : 0);
}

/* The APIC stays on, where it is; x2APIC mode can be chosen, and is left by INIT alone. */
static int write_apic_base(struct vcpu *vcpu, uint64_t value)
{
	if ((value | APIC_BASE_X2APIC) != (apic_base(vcpu) | APIC_BASE_X2APIC) ||
	    (vcpu->vlapic.x2apic && !(value & APIC_BASE_X2APIC)))
		return -HV_EINVAL;
	vcpu->vlapic.x2apic = value & APIC_BASE_X2APIC;
	return 0;
}

/* As MSRs, the registers of identity have another form. */
static int read_x2apic(struct vcpu *vcpu, uint32_t offset, uint64_t *value)
{
	int error = vlapic_read(&vcpu->vlapic, offset, value);

	if (offset == APIC_ID)
		*value = vcpu->id;
	else if (offset == APIC_LDR)
		*value = (uint64_t)(vcpu->id / 16U) << 16 | 1U << vcpu->id % 16U;
	return error;
}

static int read_msr(struct vcpu *vcpu, uint32_t msr, uint64_t *value)
{
	if (msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST)
		return read_x2apic(vcpu, x2apic_offset(msr), value);
	switch (msr) {
	case MSR_TSC:
		*value = arch_tsc();
		return 0;
	case MSR_APIC_BASE:
		*value = apic_base(vcpu);
		return 0;
	case MSR_TSC_DEADLINE:
		*value = vcpu->vlapic.tsc_deadline;
		return 0;
	default:
		return vm_is_service(vcpu->vm) ? arch_msr_read(msr, value) : -HV_ENODEV;
	}
}

static int write_msr(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	if (msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST)
		return vlapic_write(&vcpu->vlapic, x2apic_offset(msr), value);
	switch (msr) {
	case MSR_APIC_BASE:
		return write_apic_base(vcpu, value);
	case MSR_TSC_DEADLINE:
		vlapic_set_tsc_deadline(&vcpu->vlapic, value);
		return 0;
	default:
		return vm_is_service(vcpu->vm) ? arch_msr_write(msr, value) : -HV_ENODEV;
	}
}

void rdmsr_exit(struct vcpu *vcpu)
{
	uint32_t msr = (uint32_t)vcpu->regs.rcx;
	uint64_t value = 0;
	int error = read_msr(vcpu, msr, &value);

	trace_2l(vcpu->pcpu, TRACE_VMEXIT_RDMSR, msr, value);
	if (error) {
		vcpu_inject_gp(vcpu);
		return;
	}
	vcpu->regs.rax = (uint32_t)value;
	vcpu->regs.rdx = value >> 32;
	vcpu_skip_instruction(vcpu);
}

void wrmsr_exit(struct vcpu *vcpu)
{
	uint32_t msr = (uint32_t)vcpu->regs.rcx;
	uint64_t value = (uint32_t)vcpu->regs.rax | vcpu->regs.rdx << 32;

	trace_2l(vcpu->pcpu, TRACE_VMEXIT_WRMSR, msr, value);
	if (write_msr(vcpu, msr, value))
		vcpu_inject_gp(vcpu);
	else
		vcpu_skip_instruction(vcpu);
}
