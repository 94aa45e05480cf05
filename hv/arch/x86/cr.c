// SPDX-License-Identifier: BSD-3-Clause
/*
 * Control registers of guests; Intel SDM 3, 2.5 and 26.1.3. The guest writes most bits of CR0 and
 * CR4 by itself. Those of the masks are the hypervisor's: the guest reads its own wish in the
 * shadow, and an attempt to change one comes here.
 */
#include "hv/arch/x86/cr.h"

#include "hv/arch/x86/vmx.h"
#include "hv/core/vm.h"
#include "hv/include/arch.h"

#define CR0_DEFINED 0xe005003fULL
#define CR4_SMXE (1ULL << 14)
#define CR4_CET (1ULL << 23)
#define CR4_PKS (1ULL << 24)
#define CR4_UINTR (1ULL << 25)
/* State behind these is not switched between guests, so they do not exist for guests. */
#define CR4_NEVER (GUEST_CR4_VMXE | CR4_SMXE | CR4_CET | CR4_PKS | CR4_UINTR)

/* Qualification of a CR access. */
#define ACCESS_CR(qualification) ((qualification)&15U)
#define ACCESS_TYPE(qualification) ((qualification) >> 4 & 3U)
#define ACCESS_REGISTER(qualification) ((uint8_t)((qualification) >> 8 & 15U))
#define ACCESS_LMSW(qualification) ((qualification) >> 16 & 0xffffU)
enum { ACCESS_TO_CR, ACCESS_FROM_CR, ACCESS_CLTS, ACCESS_LMSW_TYPE };

static uint64_t cr0_mask(void)
{
	/* Unrestricted guests may have PE and PG as they like. */
	return (vmx.cr0_fixed0 & ~(GUEST_CR0_PE | GUEST_CR0_PG)) | GUEST_CR0_NW | GUEST_CR0_CD;
}

static uint64_t cr4_mask(void)
{
	return vmx.cr4_fixed0 | ~vmx.cr4_fixed1 | CR4_NEVER | GUEST_CR4_MCE;
}

static void put_cr0(uint64_t value)
{
	uint64_t forced = vmx.cr0_fixed0 & ~(GUEST_CR0_PE | GUEST_CR0_PG);

	vmcs_write(VMCS_CR0_MASK, cr0_mask());
	vmcs_write(VMCS_CR0_SHADOW, value);
	vmcs_write(VMCS_GUEST_CR0, (value & ~(GUEST_CR0_NW | GUEST_CR0_CD)) | forced);
}

static void put_cr4(uint64_t value)
{
	vmcs_write(VMCS_CR4_MASK, cr4_mask());
	vmcs_write(VMCS_CR4_SHADOW, value);
	vmcs_write(VMCS_GUEST_CR4, value | vmx.cr4_fixed0 | GUEST_CR4_MCE);
}

uint64_t cr0_of_guest(void)
{
	uint64_t mask = cr0_mask();

	return (vmcs_read(VMCS_GUEST_CR0) & ~mask) | (vmcs_read(VMCS_CR0_SHADOW) & mask);
}

uint64_t cr4_of_guest(void)
{
	uint64_t mask = cr4_mask();

	return (vmcs_read(VMCS_GUEST_CR4) & ~mask) | (vmcs_read(VMCS_CR4_SHADOW) & mask);
}

enum cpu_mode mode_of_guest(void)
{
	uint64_t rights = vmcs_read(VMCS_GUEST_CS_RIGHTS);

	if (vmcs_read(VMCS_GUEST_EFER) & GUEST_EFER_LMA && rights & SEGMENT_RIGHTS_L)
		return CPU_MODE_64BIT;
	return rights & SEGMENT_RIGHTS_D ? CPU_MODE_32BIT : CPU_MODE_16BIT;
}

void cr_reset(uint64_t cr0)
{
	put_cr0(cr0);
	put_cr4(0);
}

void cr_start_in_long_mode(uint64_t cr3)
{
	vmcs_write(VMCS_GUEST_CR3, cr3);
	vmcs_write(VMCS_GUEST_EFER, GUEST_EFER_LME | GUEST_EFER_LMA);
	vmcs_write(VMCS_ENTRY_CONTROLS, vmx.entry | ENTRY_IA32E);
	put_cr0(GUEST_CR0_PE | GUEST_CR0_ET | GUEST_CR0_NE | GUEST_CR0_WP | GUEST_CR0_PG);
	put_cr4(GUEST_CR4_PAE);
}

/* PAE paging outside of long mode takes its four top entries into the CPU. */
static int load_pdptes(struct vcpu *vcpu)
{
	uint64_t gpa = vmcs_read(VMCS_GUEST_CR3) & 0xffffffe0U, entries[4];
	struct ept_mapping mapping;

	if (!(cr0_of_guest() & GUEST_CR0_PG) || !(cr4_of_guest() & GUEST_CR4_PAE) ||
	    vmcs_read(VMCS_GUEST_EFER) & GUEST_EFER_LMA)
		return 0;
	if (ept_walk(&vcpu->vm->ept, gpa, &mapping) || !ept_is_memory(&mapping))
		return -HV_EINVAL;
	arch_copy_guest(entries, arch_hpa_to_hva(mapping.hpa), sizeof(entries));
	for (unsigned int i = 0; i < 4; i++)
		vmcs_write(VMCS_GUEST_PDPTE0 + 2 * i, entries[i]);
	return 0;
}

static void set_long_mode(bool on)
{
	uint64_t efer = vmcs_read(VMCS_GUEST_EFER), entry = vmcs_read(VMCS_ENTRY_CONTROLS);

	vmcs_write(VMCS_GUEST_EFER, on ? efer | GUEST_EFER_LMA : efer & ~GUEST_EFER_LMA);
	vmcs_write(VMCS_ENTRY_CONTROLS, on ? entry | ENTRY_IA32E : entry & ~(uint64_t)ENTRY_IA32E);
}

/* Is a change of paging allowed in the mode at hand? */
static bool paging_may_change(bool on, uint64_t efer)
{
	bool code_64bit = vmcs_read(VMCS_GUEST_CS_RIGHTS) & SEGMENT_RIGHTS_L;

	if (on)
		return !(efer & GUEST_EFER_LME) || (cr4_of_guest() & GUEST_CR4_PAE && !code_64bit);
	return !(cr4_of_guest() & GUEST_CR4_PCIDE) && !(efer & GUEST_EFER_LMA && code_64bit);
}

static int write_guest_cr0(struct vcpu *vcpu, uint64_t value)
{
	uint64_t old = cr0_of_guest(), efer = vmcs_read(VMCS_GUEST_EFER);
	bool paging = value & GUEST_CR0_PG, change = (old ^ value) & GUEST_CR0_PG;

	value |= GUEST_CR0_ET;
	if (value >> 32 || (paging && !(value & GUEST_CR0_PE)) ||
	    (value & GUEST_CR0_NW && !(value & GUEST_CR0_CD)))
		return -HV_EINVAL;
	if (change && !paging_may_change(paging, efer))
		return -HV_EINVAL;
	put_cr0(value & CR0_DEFINED);
	if (change && efer & GUEST_EFER_LME)
		set_long_mode(paging);
	return load_pdptes(vcpu);
}

static int write_guest_cr4(struct vcpu *vcpu, uint64_t value)
{
	uint64_t old = cr4_of_guest();
	bool long_mode = vmcs_read(VMCS_GUEST_EFER) & GUEST_EFER_LMA;

	if (value & (CR4_NEVER | ~vmx.cr4_fixed1))
		return -HV_EINVAL;
	if (long_mode && (!(value & GUEST_CR4_PAE) || (old ^ value) & GUEST_CR4_LA57))
		return -HV_EINVAL;
	if (value & ~old & GUEST_CR4_PCIDE && (!long_mode || vmcs_read(VMCS_GUEST_CR3) & 0xfff))
		return -HV_EINVAL;
	put_cr4(value);
	return load_pdptes(vcpu);
}

static int write_cr(struct vcpu *vcpu, unsigned int number, uint64_t value)
{
	switch (number) {
	case 0:
		return write_guest_cr0(vcpu, value);
	case 4:
		return write_guest_cr4(vcpu, value);
	case 8:
		return value >> 4 ? -HV_EINVAL : vlapic_write(&vcpu->vlapic, APIC_TPR, value << 4);
	default:
		return -HV_EINVAL; /* CR3 does not exit */
	}
}

/* The general register of a CR access: 8 bytes in 64-bit mode, else 4. */
static struct mmio_register operand(uint64_t qualification)
{
	return (struct mmio_register){
		.number = ACCESS_REGISTER(qualification),
		.size = mode_of_guest() == CPU_MODE_64BIT ? 8 : 4,
	};
}

int arch_cr_access(struct vcpu *vcpu)
{
	uint64_t qualification = vcpu->exit.qualification, tpr, cr0 = cr0_of_guest();
	unsigned int number = ACCESS_CR(qualification);

	switch (ACCESS_TYPE(qualification)) {
	case ACCESS_TO_CR:
		return write_cr(vcpu, number,
				decode_register_read(&vcpu->regs, operand(qualification)));
	case ACCESS_FROM_CR: /* CR8: others are read without an exit */
		vlapic_read(&vcpu->vlapic, APIC_TPR, &tpr);
		decode_register_write(&vcpu->regs, operand(qualification), tpr >> 4);
		return 0;
	case ACCESS_CLTS:
		return write_guest_cr0(vcpu, cr0 & ~8ULL);
	default: /* LMSW sets PE, but does not clear it */
		return write_guest_cr0(vcpu, (cr0 & ~14ULL) | (ACCESS_LMSW(qualification) & 15U));
	}
}
