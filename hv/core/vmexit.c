// SPDX-License-Identifier: BSD-3-Clause
/* The one table of VM exits, and the handlers that are too small for a file. */
#include "hv/core/vmexit.h"
#include "hv/core/irq.h"
#include "hv/core/log.h"
#include "hv/core/trace.h"
#include "hv/core/vm.h"

#define ENTRY_FAILURE (1U << 31) /* of vm_exit.reason */

static void exception_exit(struct vcpu *vcpu)
{
	uint32_t info = vcpu->exit.intr_info;
	uint8_t vector = info & INTR_INFO_VECTOR;
	uint32_t error_code = info & INTR_INFO_ERROR_CODE ? vcpu->exit.error_code : 0;

	trace_4i(vcpu->pcpu, TRACE_VMEXIT_EXCEPTION_OR_NMI, vector, error_code, 2, 0);
	/* An NMI is the machine's own; an exception goes on to the guest. */
	if ((info & INTR_INFO_TYPE) == INTR_INFO_TYPE_EXCEPTION)
		vcpu_inject_exception(vcpu, vector, info & INTR_INFO_ERROR_CODE, error_code);
}

static void external_interrupt_exit(struct vcpu *vcpu)
{
	uint8_t vector = vcpu->exit.intr_info & INTR_INFO_VECTOR;

	trace_2l(vcpu->pcpu, TRACE_VMEXIT_EXTERNAL_INTERRUPT, vector, 0);
	irq_dispatch(vector);
}

static void interrupt_window_exit(struct vcpu *vcpu)
{
	trace_2l(vcpu->pcpu, TRACE_VMEXIT_INTERRUPT_WINDOW, 0, 0);
}

static void hlt_exit(struct vcpu *vcpu)
{
	vcpu_skip_instruction(vcpu);
	vcpu->wait = WAIT_INTERRUPT;
	vcpu->pcpu->runqueue.again = true;
}

static void rdtsc_exit(struct vcpu *vcpu)
{
	uint64_t tsc = arch_tsc();

	trace_2l(vcpu->pcpu, TRACE_VMEXIT_RDTSC, tsc, 0);
	vcpu->regs.rax = (uint32_t)tsc;
	vcpu->regs.rdx = tsc >> 32;
	vcpu_skip_instruction(vcpu);
}

static void rdtscp_exit(struct vcpu *vcpu)
{
	uint64_t tsc = arch_tsc();

	trace_2l(vcpu->pcpu, TRACE_VMEXIT_RDTSCP, tsc, vcpu->id);
	vcpu->regs.rax = (uint32_t)tsc;
	vcpu->regs.rdx = tsc >> 32;
	vcpu->regs.rcx = vcpu->id;
	vcpu_skip_instruction(vcpu);
}

/* Caches and pauses: nothing to do. */
static void ignored_exit(struct vcpu *vcpu)
{
	vcpu_skip_instruction(vcpu);
}

static void cr_access_exit(struct vcpu *vcpu)
{
	uint64_t qualification = vcpu->exit.qualification;

	trace_2l(vcpu->pcpu, TRACE_VMEXIT_CR_ACCESS, qualification >> 4 & 3U, qualification & 15U);
	if (arch_cr_access(vcpu))
		vcpu_inject_gp(vcpu);
	else
		vcpu_skip_instruction(vcpu);
}

static void xsetbv_exit(struct vcpu *vcpu)
{
	if (arch_xsetbv(vcpu))
		vcpu_inject_gp(vcpu);
	else
		vcpu_skip_instruction(vcpu);
}

/* Instructions that this virtual CPU does not have. */
static void undefined_exit(struct vcpu *vcpu)
{
	vcpu_inject_ud(vcpu);
}

static void refused_exit(struct vcpu *vcpu)
{
	vcpu_inject_gp(vcpu);
}

static void (*const handlers[EXIT_REASONS])(struct vcpu *) = {
	[EXIT_EXCEPTION_OR_NMI] = exception_exit,
	[EXIT_EXTERNAL_INTERRUPT] = external_interrupt_exit,
	[EXIT_TRIPLE_FAULT] = triple_fault_exit,
	[EXIT_INTERRUPT_WINDOW] = interrupt_window_exit,
	[EXIT_CPUID] = cpuid_exit,
	[EXIT_GETSEC] = undefined_exit,
	[EXIT_HLT] = hlt_exit,
	[EXIT_INVD] = ignored_exit,
	[EXIT_RDPMC] = refused_exit,
	[EXIT_RDTSC] = rdtsc_exit,
	[EXIT_VMCALL] = vmcall_exit,
	[EXIT_VMCLEAR] = undefined_exit,
	[EXIT_VMLAUNCH] = undefined_exit,
	[EXIT_VMPTRLD] = undefined_exit,
	[EXIT_VMPTRST] = undefined_exit,
	[EXIT_VMREAD] = undefined_exit,
	[EXIT_VMRESUME] = undefined_exit,
	[EXIT_VMWRITE] = undefined_exit,
	[EXIT_VMXOFF] = undefined_exit,
	[EXIT_VMXON] = undefined_exit,
	[EXIT_CR_ACCESS] = cr_access_exit,
	[EXIT_IO_INSTRUCTION] = io_exit,
	[EXIT_RDMSR] = rdmsr_exit,
	[EXIT_WRMSR] = wrmsr_exit,
	[EXIT_MWAIT] = undefined_exit,
	[EXIT_MONITOR] = undefined_exit,
	[EXIT_PAUSE] = ignored_exit,
	[EXIT_APIC_ACCESS] = apic_access_exit,
	[EXIT_VIRTUALIZED_EOI] = virtualized_eoi_exit,
	[EXIT_EPT_VIOLATION] = ept_violation_exit,
	[EXIT_EPT_MISCONFIGURATION] = ept_misconfiguration_exit,
	[EXIT_INVEPT] = undefined_exit,
	[EXIT_RDTSCP] = rdtscp_exit,
	[EXIT_INVVPID] = undefined_exit,
	[EXIT_WBINVD] = ignored_exit,
	[EXIT_XSETBV] = xsetbv_exit,
	[EXIT_APIC_WRITE] = apic_write_exit,
	[EXIT_VMFUNC] = undefined_exit,
};

/*
 * An instruction that is not known gets #UD. What else there is (a failed entry, say) leaves the
 * guest in no state to go on with.
 */
static void unhandled_exit(struct vcpu *vcpu)
{
	uint32_t reason = vcpu->exit.reason;

	trace_2l(vcpu->pcpu, TRACE_VMEXIT_UNHANDLED, reason, 0);
	log_warning("VM exit %u of %s at 0x%lx is not handled", reason & 0xffffU, vcpu->name,
		    vcpu->rip);
	if (!(reason & ENTRY_FAILURE) && vcpu->exit.instruction_length)
		vcpu_inject_ud(vcpu);
	else
		triple_fault_exit(vcpu);
}

void vmexit_handle(struct vcpu *vcpu)
{
	uint32_t reason = vcpu->exit.reason;

	if (likely((uint16_t)reason < EXIT_REASONS && !(reason & ENTRY_FAILURE) &&
		   handlers[(uint16_t)reason]))
		handlers[(uint16_t)reason](vcpu);
	else
		unhandled_exit(vcpu);
}
