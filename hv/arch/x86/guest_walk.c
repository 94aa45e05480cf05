// SPDX-License-Identifier: BSD-3-Clause
/*
 * The guest's own page tables, and the instructions that they lead to. Both are the guest's to
 * change at any time: every value is read once, and any value gives an answer. Intel SDM 3, 4.
 */
#include "hv/arch/x86/cr.h"
#include "hv/arch/x86/layout.h"
#include "hv/arch/x86/vmx.h"
#include "hv/core/decode.h"
#include "hv/core/guest_memory.h"
#include "hv/core/vm.h"
#include "hv/include/arch.h"

#define PRESENT 1ULL
#define LARGE (1ULL << 7)
#define ADDRESS 0x000ffffffffff000ULL

/* A kind of paging: entries of entry_size bytes, index_bits of the address each level. */
struct paging {
	unsigned int levels, index_bits, entry_size, largest; /* level that may have large pages */
};

static const struct paging *paging_of_guest(void)
{
	static const struct paging none = { 0, 0, 0, 0 }, legacy = { 2, 10, 4, 1 },
				   pae = { 3, 9, 8, 1 }, four = { 4, 9, 8, 2 },
				   five = { 5, 9, 8, 2 };
	uint64_t cr4 = cr4_of_guest();

	if (!(cr0_of_guest() & GUEST_CR0_PG))
		return &none;
	if (!(cr4 & GUEST_CR4_PAE))
		return &legacy;
	if (!(vmcs_read(VMCS_GUEST_EFER) & GUEST_EFER_LMA))
		return &pae;
	return cr4 & GUEST_CR4_LA57 ? &five : &four;
}

/* Linear to guest-physical. Rights are not looked at: the guest's own access has passed them. */
static int walk(struct vcpu *vcpu, uint64_t linear, uint64_t *gpa)
{
	const struct paging *paging = paging_of_guest();
	uint64_t cr3 = vmcs_read(VMCS_GUEST_CR3), table = cr3 & ADDRESS;

	/* The top table of PAE paging has 4 entries and its own alignment. */
	if (paging->levels == 3)
		table = cr3 & 0xffffffe0U;
	*gpa = linear;
	for (unsigned int level = paging->levels; level-- > 0;) {
		unsigned int shift = PAGE_SHIFT + level * paging->index_bits;
		uint64_t index = linear >> shift & ((1U << paging->index_bits) - 1), entry = 0;
		uint64_t mask = (1ULL << shift) - 1;

		if (copy_from_gpa(vcpu->vm, &entry, table + index * paging->entry_size,
				  paging->entry_size) ||
		    !(entry & PRESENT))
			return -HV_EFAULT;
		table = entry & ADDRESS;
		*gpa = (table & ~mask) | (linear & mask);
		if (entry & LARGE && level && level <= paging->largest)
			return 0;
	}
	return 0;
}

int guest_read_linear(struct vcpu *vcpu, uint64_t linear, void *to, size_t length)
{
	uint8_t *out = to;

	while (length) {
		uint64_t piece = min_u64(length, PAGE_SIZE - linear % PAGE_SIZE), gpa;

		if (walk(vcpu, linear, &gpa) || copy_from_gpa(vcpu->vm, out, gpa, piece))
			return -HV_EFAULT;
		out += piece;
		linear += piece;
		length -= piece;
	}
	return 0;
}

/* How many bytes of the instruction at hand could be read. */
static unsigned int fetch(struct vcpu *vcpu, enum cpu_mode mode, uint8_t *bytes)
{
	uint64_t linear = vcpu->rip;
	unsigned int first;

	if (mode != CPU_MODE_64BIT)
		linear = (uint32_t)(vmcs_read(VMCS_GUEST_CS_BASE) + linear);
	first = (unsigned int)min_u64(DECODE_MAX_LENGTH, PAGE_SIZE - linear % PAGE_SIZE);
	if (guest_read_linear(vcpu, linear, bytes, first))
		return 0;
	/* The page behind may not be there, and need not. */
	if (first < DECODE_MAX_LENGTH &&
	    !guest_read_linear(vcpu, linear + first, bytes + first, DECODE_MAX_LENGTH - first))
		return DECODE_MAX_LENGTH;
	return first;
}

static int decode(struct vcpu *vcpu, struct mmio_instruction *instruction)
{
	enum cpu_mode mode = mode_of_guest();
	uint8_t bytes[DECODE_MAX_LENGTH];
	unsigned int length = fetch(vcpu, mode, bytes);

	if (decode_mmio(bytes, length, mode, instruction) != DECODE_OK)
		return -HV_EINVAL;
	/* Two accesses to memory at once are more than core can ask for. */
	if ((instruction->reads && instruction->writes) || instruction->operation == MMIO_MOVS)
		return -HV_EINVAL;
	return 0;
}

int arch_mmio_decode(struct vcpu *vcpu, struct mmio_access *access)
{
	struct mmio_instruction *instruction = &vcpu->arch->instruction;
	struct mmio_effect effect;
	int error = decode(vcpu, instruction);

	if (error)
		return error;
	vcpu->exit.instruction_length = instruction->length;
	access->write = instruction->writes;
	access->size = instruction->size;
	access->value = 0;
	if (instruction->writes) {
		decode_execute(instruction, &vcpu->regs, vcpu->rflags, 0, &effect);
		access->value = effect.memory;
	}
	return 0;
}

void arch_mmio_complete(struct vcpu *vcpu, const struct mmio_access *access, uint64_t value)
{
	struct mmio_effect effect;

	(void)access;
	decode_execute(&vcpu->arch->instruction, &vcpu->regs, vcpu->rflags, value, &effect);
	vcpu->rflags = effect.rflags;
	/* One turn of a string instruction that has more of them: it is executed again. */
	if (!decode_commit(&vcpu->arch->instruction, &effect, &vcpu->regs))
		vcpu->exit.instruction_length = 0;
}
