// SPDX-License-Identifier: BSD-3-Clause
/* A vCPU's life on VT-x, and one run of its guest. */
#include "hv/arch/x86/apic.h"
#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/cr.h"
#include "hv/arch/x86/page_alloc.h"
#include "hv/arch/x86/paging.h"
#include "hv/arch/x86/percpu.h"
#include "hv/arch/x86/power.h"
#include "hv/arch/x86/vm_start.h"
#include "hv/arch/x86/vmx.h"
#include "hv/core/log.h"
#include "hv/core/pcpu.h"
#include "hv/core/vm.h"

/*
 * The longest run of a guest without an exit, in ms: an emulator holds interrupts back as long as a
 * guest was entered with interrupts off.
 */
#define RUN_MAX_MS 5U

#define APIC_PAGE_GPA 0xfee00000ULL
#define REASON_ENTRY_FAILED (1U << 31)
#define INTR_INFO_UNDEFINED (1U << 12)
#define ARCH_PAGES 1U
#define VECTOR_DB 1U

_Static_assert(sizeof(struct arch_vcpu) <= ARCH_PAGES * PAGE_SIZE, "fits");

int arch_vcpu_init(struct vcpu *vcpu)
{
	uint64_t hpa = page_alloc_run(ARCH_PAGES);
	struct arch_vcpu *arch;

	if (!hpa)
		return -HV_ENOMEM;
	vcpu->arch = arch = paging_direct(hpa);
	/* Accesses to it are APIC accesses, nobody gets to the page itself. */
	if (!vcpu->id && ept_map(&vcpu->vm->ept, APIC_PAGE_GPA, vmx.apic_access_page, PAGE_SIZE,
				 EPT_READ | EPT_WRITE | EPT_TYPE_UC))
		return -HV_ENOMEM;
	arch->vmcs_hpa = page_alloc();
	if (!arch->vmcs_hpa)
		return -HV_ENOMEM;
	memcpy(paging_direct(arch->vmcs_hpa), &vmx.revision, sizeof(vmx.revision));
	return own_state_alloc(&arch->state);
}

/* On the vCPU's pCPU: nothing of it stays there. */
static void leave_pcpu(void *argument)
{
	struct vcpu *vcpu = argument;
	struct percpu *cpu = this_percpu();

	own_state_drop(vcpu);
	if (!vcpu->arch->vmcs_hpa || !cpu->vmx_on)
		return;
	__asm__ volatile("vmclear %0" : : "m"(vcpu->arch->vmcs_hpa) : "memory", "cc");
	vcpu->arch->launched = false;
	if (cpu->vmcs_hpa == vcpu->arch->vmcs_hpa)
		cpu->vmcs_hpa = 0;
}

void arch_vcpu_free(struct vcpu *vcpu)
{
	if (!vcpu->arch)
		return;
	pcpu_run_on(vcpu->pcpu, leave_pcpu, vcpu);
	own_state_free(&vcpu->arch->state);
	if (vcpu->arch->vmcs_hpa)
		arch_page_free(vcpu->arch->vmcs_hpa);
	page_free_run(paging_hva_to_hpa(vcpu->arch), ARCH_PAGES);
	vcpu->arch = NULL;
}

/* At start this is not the vCPU's own pCPU, so the VMCS has to wait. */
void arch_vcpu_reset(struct vcpu *vcpu)
{
	vcpu->arch->must_reset = true;
}

static void reset(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = vcpu->arch;

	leave_pcpu(vcpu);
	vmcs_load(vcpu);
	vmcs_reset(vcpu);
	own_state_reset(&arch->state);
	vm_start_state(vcpu);
	arch->rip = vmcs_read(VMCS_GUEST_RIP);
	arch->rsp = vmcs_read(VMCS_GUEST_RSP);
	arch->rflags = vmcs_read(VMCS_GUEST_RFLAGS);
	arch->window = false;
	arch->must_reset = false;
}

/* --- entry --- */
static void write_window(struct vcpu *vcpu)
{
	if (vcpu->arch->window == vcpu->entry.window)
		return;
	vcpu->arch->window = vcpu->entry.window;
	vmcs_write(VMCS_PRIMARY_CONTROLS,
		   vmx.primary | (vcpu->entry.window ? PRIMARY_INTERRUPT_WINDOW : 0));
}

static void write_event(struct vcpu *vcpu)
{
	uint32_t info = vcpu->entry.intr_info;

	if (!(info & INTR_INFO_VALID))
		return;
	/* Real mode has no error codes. */
	if (!(vmcs_read(VMCS_GUEST_CR0) & GUEST_CR0_PE))
		info &= ~INTR_INFO_ERROR_CODE;
	vmcs_write(VMCS_ENTRY_INTR_INFO, info);
	if (info & INTR_INFO_ERROR_CODE)
		vmcs_write(VMCS_ENTRY_ERROR_CODE, vcpu->entry.error_code);
	vmcs_write(VMCS_ENTRY_LENGTH, vcpu->arch->entry_length);
	vcpu->entry.intr_info = 0;
}

static void write_entry(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = vcpu->arch;

	if (vcpu->rip != arch->rip) {
		vmcs_write(VMCS_GUEST_RIP, vcpu->rip);
		/* The instruction behind STI or MOV SS is done. */
		vmcs_write(VMCS_GUEST_INTERRUPTIBILITY,
			   vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) &
				   ~(uint64_t)(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS));
	}
	if (vcpu->regs.rsp != arch->rsp)
		vmcs_write(VMCS_GUEST_RSP, vcpu->regs.rsp);
	if (vcpu->rflags != arch->rflags)
		vmcs_write(VMCS_GUEST_RFLAGS, vcpu->rflags);
	write_window(vcpu);
	write_event(vcpu);
}

/* --- exit --- */
static void read_event(struct vcpu *vcpu)
{
	uint32_t info = (uint32_t)vmcs_read(VMCS_VECTORING_INFO) & ~INTR_INFO_UNDEFINED;

	if (!(info & INTR_INFO_VALID))
		return;
	/* The exit has cut its delivery short: it is taken again. */
	vcpu->entry.intr_info = info;
	vcpu->entry.error_code = (uint32_t)vmcs_read(VMCS_VECTORING_ERROR_CODE);
	vcpu->arch->entry_length = vcpu->exit.instruction_length;
}

static void read_exit(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = vcpu->arch;
	struct vm_exit *exit = &vcpu->exit;
	uint64_t interruptibility = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY);

	exit->reason = (uint32_t)vmcs_read(VMCS_EXIT_REASON);
	exit->qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);
	exit->instruction_length = (uint32_t)vmcs_read(VMCS_EXIT_LENGTH);
	exit->gpa = vmcs_read(VMCS_GUEST_PHYSICAL_ADDRESS);
	exit->intr_info = (uint32_t)vmcs_read(VMCS_EXIT_INTR_INFO);
	exit->error_code = (uint32_t)vmcs_read(VMCS_EXIT_ERROR_CODE);
	vcpu->rip = arch->rip = vmcs_read(VMCS_GUEST_RIP);
	vcpu->regs.rsp = arch->rsp = vmcs_read(VMCS_GUEST_RSP);
	vcpu->rflags = arch->rflags = vmcs_read(VMCS_GUEST_RFLAGS);
	vcpu->cpl = vmcs_read(VMCS_GUEST_SS_RIGHTS) >> 5 & 3;
	vcpu->interruptible = vcpu->rflags & RFLAGS_IF &&
			      !(interruptibility & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS));
	read_event(vcpu);
}

/* Interrupts that the IDT has taken meanwhile end the run as if they had come now. */
static bool take_noted_interrupt(struct vcpu *vcpu)
{
	struct percpu *cpu = this_percpu();

	for (unsigned int i = 0; i < ARRAY_SIZE(cpu->vectors); i++) {
		if (!cpu->vectors[i])
			continue;
		vcpu->exit = (struct vm_exit){
			.reason = EXIT_EXTERNAL_INTERRUPT,
			.intr_info = INTR_INFO_VALID |
				     (64 * i + (uint32_t)__builtin_ctzl(cpu->vectors[i])),
		};
		cpu->vectors[i] &= cpu->vectors[i] - 1;
		return true;
	}
	return false;
}

/* Lets what waits come through the IDT, which notes it. */
static void let_interrupts_in(void)
{
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

/* An NMI that has ended a run blocks further ones until an IRET. */
static void unblock_nmi(void)
{
	uint64_t scratch;

	__asm__ volatile("movq %%rsp, %0\n\t"
			 "pushq %1\n\t"
			 "pushq %0\n\t"
			 "pushfq\n\t"
			 "pushq %2\n\t"
			 "leaq 1f(%%rip), %0\n\t"
			 "pushq %0\n\t"
			 "iretq\n"
			 "1:"
			 : "=&r"(scratch)
			 : "i"(SELECTOR_DATA), "i"(SELECTOR_CODE)
			 : "memory", "cc");
}

static void nmi_or_exception(struct vcpu *vcpu)
{
	uint32_t type = vcpu->exit.intr_info & INTR_INFO_TYPE;
	uint8_t vector = vcpu->exit.intr_info & INTR_INFO_VECTOR;

	if (type == INTR_INFO_TYPE_NMI) {
		if (panic_under_way())
			cpu_halt();
		unblock_nmi();
	} else if (vector == 18) {
		hv_panic("machine check");
	} else if (vector == VECTOR_DB) {
		uint64_t dr6;

		/* The exit comes before DR6 has been set. */
		__asm__ volatile("movq %%dr6, %0" : "=r"(dr6));
		dr6 |= vcpu->exit.qualification & 0x600f;
		__asm__ volatile("movq %0, %%dr6" : : "r"(dr6));
	}
}

/* False: the guest goes on, nobody is to hear of this exit. */
static bool is_exit(struct vcpu *vcpu)
{
	switch (vcpu->exit.reason) {
	case EXIT_EXCEPTION_OR_NMI:
		nmi_or_exception(vcpu);
		return true;
	case EXIT_EXTERNAL_INTERRUPT:
		return apic_take(vcpu->exit.intr_info & INTR_INFO_VECTOR);
	case EXIT_PREEMPTION_TIMER:
		let_interrupts_in();
		return take_noted_interrupt(vcpu);
	default:
		return true;
	}
}

static void run(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = vcpu->arch;

	write_entry(vcpu);
	vmcs_write(VMCS_GUEST_PREEMPTION_TIMER,
		   ((uint64_t)arch_tsc_khz() * RUN_MAX_MS) >> vmx.timer_shift);
	if (vmx_run(&vcpu->regs, arch->launched)) {
		vcpu->exit = (struct vm_exit){ .reason = REASON_ENTRY_FAILED |
							 EXIT_ENTRY_INVALID_STATE };
		vmcs_dump(vcpu);
		return;
	}
	read_exit(vcpu);
	if (vcpu->exit.reason & REASON_ENTRY_FAILED)
		vmcs_dump(vcpu);
	else
		arch->launched = true;
}

static void enter(struct vcpu *vcpu)
{
	/* See RUN_MAX_MS. A guest that exits often has to let them through as well. */
	if (!(vcpu->rflags & RFLAGS_IF))
		let_interrupts_in();
	if (take_noted_interrupt(vcpu))
		return;
	vmcs_load(vcpu);
	if (vcpu->arch->must_reset)
		reset(vcpu);
	own_state_load(vcpu);
	do {
		run(vcpu);
	} while (!is_exit(vcpu));
}

void arch_vcpu_enter(struct vcpu *vcpu)
{
	uint16_t reason;

	enter(vcpu);
	reason = (uint16_t)vcpu->exit.reason;
	if (reason < EXIT_COUNTERS)
		vcpu->arch->exits[reason]++;
}
