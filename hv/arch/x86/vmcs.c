// SPDX-License-Identifier: BSD-3-Clause
/* Filling a VMCS: controls, host state, guest state; Intel SDM 3, 25 and 27.2. */
#include "hv/arch/x86/vmcs.h"

#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/cr.h"
#include "hv/arch/x86/descriptor.h"
#include "hv/arch/x86/layout.h"
#include "hv/arch/x86/percpu.h"
#include "hv/arch/x86/service.h"
#include "hv/arch/x86/vmx.h"
#include "hv/core/vm.h"
#include "hv/include/arch.h"

#define MSR_PAT 0x277U
#define PAT_RESET 0x0007040600070406ULL
#define CR0_RESET 0x60000010U
#define NO_LINK (~0ULL)
#define DR7_RESET 0x400U

#define RIGHTS_CODE 0x9bU
#define RIGHTS_DATA 0x93U
#define RIGHTS_TSS 0x8bU /* busy */
#define RIGHTS_CODE_64 0xa09bU
#define RIGHTS_DATA_FLAT 0xc093U

/* Exceptions that a guest could raise for ever without an end of the instruction. */
#define EXCEPTIONS ((1U << 1) | (1U << 17)) /* #DB, #AC */
#define EXCEPTION_MACHINE_CHECK (1U << 18)

extern const uint8_t vmx_exit[];

void vmcs_load(struct vcpu *vcpu)
{
	struct percpu *cpu = this_percpu();

	if (cpu->vmcs_hpa == vcpu->arch->vmcs_hpa)
		return;
	cpu->vmcs_hpa = vcpu->arch->vmcs_hpa;
	__asm__ volatile("vmptrld %0" : : "m"(vcpu->arch->vmcs_hpa) : "memory", "cc");
}

static void write_host(void)
{
	struct percpu *cpu = this_percpu();
	struct descriptor_pointer idtr;

	__asm__ volatile("sidt %0" : "=m"(idtr));
	vmcs_write(VMCS_HOST_CR0, read_cr0());
	vmcs_write(VMCS_HOST_CR3, read_cr3());
	vmcs_write(VMCS_HOST_CR4, read_cr4());
	vmcs_write(VMCS_HOST_EFER, read_msr(MSR_EFER));
	vmcs_write(VMCS_HOST_PAT, read_msr(MSR_PAT));
	vmcs_write(VMCS_HOST_CS_SELECTOR, SELECTOR_CODE);
	vmcs_write(VMCS_HOST_SS_SELECTOR, SELECTOR_DATA);
	vmcs_write(VMCS_HOST_DS_SELECTOR, 0);
	vmcs_write(VMCS_HOST_ES_SELECTOR, 0);
	vmcs_write(VMCS_HOST_FS_SELECTOR, 0);
	vmcs_write(VMCS_HOST_GS_SELECTOR, 0);
	vmcs_write(VMCS_HOST_TR_SELECTOR, SELECTOR_TSS);
	vmcs_write(VMCS_HOST_FS_BASE, 0);
	vmcs_write(VMCS_HOST_GS_BASE, (uint64_t)cpu);
	vmcs_write(VMCS_HOST_TR_BASE, (uint64_t)&cpu->tss);
	vmcs_write(VMCS_HOST_GDTR_BASE, (uint64_t)cpu->gdt);
	vmcs_write(VMCS_HOST_IDTR_BASE, idtr.base);
	vmcs_write(VMCS_HOST_SYSENTER_CS, 0);
	vmcs_write(VMCS_HOST_SYSENTER_ESP, 0);
	vmcs_write(VMCS_HOST_SYSENTER_EIP, 0);
	vmcs_write(VMCS_HOST_RIP, (uint64_t)vmx_exit);
}

static uint16_t vpid_of(const struct vcpu *vcpu)
{
	return (uint16_t)(1 + vcpu->vm->id * ACRN_MAX_VCPUS + vcpu->id);
}

static void write_controls(const struct vcpu *vcpu)
{
	uint64_t io = vm_is_service(vcpu->vm) && service_owns_devices() ? vmx.open_io_bitmap
									: vmx.io_bitmap;

	vmcs_write(VMCS_VPID, vpid_of(vcpu));
	vmcs_write(VMCS_IO_BITMAP_A, io);
	vmcs_write(VMCS_IO_BITMAP_B, io + PAGE_SIZE);
	vmcs_write(VMCS_MSR_BITMAP, vmx.msr_bitmap);
	vmcs_write(VMCS_TSC_OFFSET, 0);
	vmcs_write(VMCS_APIC_ACCESS, vmx.apic_access_page);
	vmcs_write(VMCS_EPT_POINTER, vcpu->vm->ept.root | EPT_POINTER_WB_4_LEVELS);
	vmcs_write(VMCS_PIN_CONTROLS, vmx.pin);
	vmcs_write(VMCS_PRIMARY_CONTROLS, vmx.primary);
	vmcs_write(VMCS_SECONDARY_CONTROLS, vmx.secondary);
	vmcs_write(VMCS_EXIT_CONTROLS, vmx.exit);
	vmcs_write(VMCS_ENTRY_CONTROLS, vmx.entry);
	vmcs_write(VMCS_EXCEPTION_BITMAP, EXCEPTIONS | EXCEPTION_MACHINE_CHECK);
	vmcs_write(VMCS_FAULT_MASK, 0);
	vmcs_write(VMCS_FAULT_MATCH, 0);
	vmcs_write(VMCS_CR3_TARGETS, 0);
	vmcs_write(VMCS_EXIT_MSR_STORE_COUNT, 0);
	vmcs_write(VMCS_EXIT_MSR_LOAD_COUNT, 0);
	vmcs_write(VMCS_ENTRY_MSR_LOAD_COUNT, 0);
	vmcs_write(VMCS_ENTRY_INTR_INFO, 0);
}

struct segment {
	uint16_t selector;
	uint32_t limit, rights;
	uint64_t base;
};

/* Fields of a kind are in the order of the segments' numbers. */
static void write_segment(unsigned int number, struct segment segment)
{
	vmcs_write(VMCS_GUEST_ES_SELECTOR + 2 * number, segment.selector);
	vmcs_write(VMCS_GUEST_ES_LIMIT + 2 * number, segment.limit);
	vmcs_write(VMCS_GUEST_ES_RIGHTS + 2 * number, segment.rights);
	vmcs_write(VMCS_GUEST_ES_BASE + 2 * number, segment.base);
}

enum { ES, CS, SS, DS, FS, GS, LDTR, TR };

/* After INIT or SIPI: real mode, at the start-up address. */
static void write_segments(uint8_t sipi_vector)
{
	for (unsigned int number = ES; number <= GS; number++)
		write_segment(number, (struct segment){ 0, 0xffff, RIGHTS_DATA, 0 });
	write_segment(CS, (struct segment){ (uint16_t)(sipi_vector << 8), 0xffff, RIGHTS_CODE,
					    (uint64_t)sipi_vector << 12 });
	write_segment(LDTR, (struct segment){ 0, 0xffff, SEGMENT_UNUSABLE, 0 });
	write_segment(TR, (struct segment){ 0, 0xffff, RIGHTS_TSS, 0 });
	vmcs_write(VMCS_GUEST_GDTR_BASE, 0);
	vmcs_write(VMCS_GUEST_GDTR_LIMIT, 0xffff);
	vmcs_write(VMCS_GUEST_IDTR_BASE, 0);
	vmcs_write(VMCS_GUEST_IDTR_LIMIT, 0xffff);
}

static void write_guest(struct vcpu *vcpu)
{
	write_segments(vcpu->sipi_vector);
	cr_reset(CR0_RESET);
	vmcs_write(VMCS_GUEST_CR3, 0);
	vmcs_write(VMCS_GUEST_EFER, 0);
	vmcs_write(VMCS_GUEST_PAT, PAT_RESET);
	vmcs_write(VMCS_GUEST_RIP, 0);
	vmcs_write(VMCS_GUEST_RSP, 0);
	vmcs_write(VMCS_GUEST_RFLAGS, RFLAGS_RESERVED);
	vmcs_write(VMCS_GUEST_DR7, DR7_RESET);
	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY, 0);
	vmcs_write(VMCS_GUEST_ACTIVITY, 0);
	vmcs_write(VMCS_GUEST_PENDING_DEBUG, 0);
	vmcs_write(VMCS_GUEST_LINK_POINTER, NO_LINK);
	vmcs_write(VMCS_GUEST_DEBUGCTL, 0);
	vmcs_write(VMCS_GUEST_SYSENTER_CS, 0);
	vmcs_write(VMCS_GUEST_SYSENTER_ESP, 0);
	vmcs_write(VMCS_GUEST_SYSENTER_EIP, 0);
}

/* What a VM of the same numbers may have left in the TLBs. */
static void flush(const struct vcpu *vcpu)
{
	const struct {
		uint64_t vpid, linear;
	} descriptor = { vpid_of(vcpu), 0 };

	__asm__ volatile("invvpid %0, %1" : : "m"(descriptor), "r"(1UL) : "memory", "cc");
	arch_ept_flush(vcpu->vm);
}

void arch_ept_flush(struct vm *vm)
{
	const struct {
		uint64_t pointer, reserved;
	} descriptor = { vm->ept.root | EPT_POINTER_WB_4_LEVELS, 0 };

	/* One that was never on is of no interest: no guest has run here. */
	if (this_percpu()->vmx_on)
		__asm__ volatile("invept %0, %1" : : "m"(descriptor), "r"(1UL) : "memory", "cc");
}

void vmcs_reset(struct vcpu *vcpu)
{
	write_controls(vcpu);
	write_host();
	write_guest(vcpu);
	flush(vcpu);
}

void vmcs_start_in_long_mode(struct vcpu *vcpu, uint64_t cr3, uint64_t rip, uint64_t rsp)
{
	for (unsigned int number = ES; number <= GS; number++)
		write_segment(number, (struct segment){ 0x18, 0xffffffff, RIGHTS_DATA_FLAT, 0 });
	write_segment(CS, (struct segment){ 0x10, 0xffffffff, RIGHTS_CODE_64, 0 });
	vmcs_write(VMCS_GUEST_GDTR_LIMIT, 0);
	vmcs_write(VMCS_GUEST_IDTR_LIMIT, 0);
	cr_start_in_long_mode(cr3);
	vmcs_write(VMCS_GUEST_RIP, rip);
	vmcs_write(VMCS_GUEST_RSP, rsp);
	vcpu->rip = rip;
	vcpu->regs.rsp = rsp;
}
