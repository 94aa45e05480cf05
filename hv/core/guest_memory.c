// SPDX-License-Identifier: BSD-3-Clause
/* Copies from and to a VM's memory by guest-physical address. */
#include "hv/core/guest_memory.h"
#include "hv/core/vm.h"

/* The part of a page at gpa, at most length bytes, that allows what is asked; NULL: it does not. */
static void *window(struct vm *vm, uint64_t gpa, uint32_t rights, size_t *length)
{
	struct ept_mapping mapping;

	if (ept_walk(&vm->ept, gpa, &mapping) || (mapping.flags & rights) != rights ||
	    !ept_is_memory(&mapping))
		return NULL;
	*length = min_u64(*length, mapping.length);
	return arch_hpa_to_hva(mapping.hpa);
}

int copy_from_gpa(struct vm *vm, void *to, uint64_t gpa, size_t length)
{
	size_t part;

	for (; length; length -= part, gpa += part, to = (uint8_t *)to + part) {
		const void *from;

		part = length;
		from = window(vm, gpa, EPT_READ, &part);
		if (!from)
			return -HV_EFAULT;
		arch_copy_guest(to, from, part);
	}
	return 0;
}

int copy_to_gpa(struct vm *vm, uint64_t gpa, const void *from, size_t length)
{
	size_t part;

	for (; length; length -= part, gpa += part, from = (const uint8_t *)from + part) {
		void *to;

		part = length;
		to = window(vm, gpa, EPT_READ | EPT_WRITE, &part);
		if (!to)
			return -HV_EFAULT;
		arch_copy_guest(to, from, part);
	}
	return 0;
}

uint64_t contiguous_from_gpa(struct vm *vm, uint64_t gpa, uint64_t length, uint64_t *hpa)
{
	struct ept_mapping mapping;
	uint64_t found = 0;

	while (found < length && !ept_walk(&vm->ept, gpa + found, &mapping)) {
		if (!(mapping.flags & EPT_WRITE) || !(mapping.flags & EPT_READ) ||
		    !ept_is_memory(&mapping))
			break;
		if (!found)
			*hpa = mapping.hpa;
		if (mapping.hpa != *hpa + found)
			break;
		found += mapping.length;
	}
	return min_u64(found, length);
}
