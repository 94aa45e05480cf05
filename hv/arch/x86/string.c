// SPDX-License-Identifier: BSD-3-Clause
/* What compilers call without being asked to, and no more. */
#include "hv/core/base.h"
#include "hv/include/arch.h"

void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
	void *start = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
	return start;
}

void *memset(void *to, int byte, size_t length)
{
	void *start = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(byte) : "memory");
	return start;
}

int memcmp(const void *a, const void *b, size_t length)
{
	const uint8_t *left = a, *right = b;

	for (size_t i = 0; i < length; i++)
		if (left[i] != right[i])
			return left[i] - right[i];
	return 0;
}

/* The direct map has all RAM, so nothing faults; a byte is read or written once. */
void arch_copy_guest(void *to, const void *from, size_t length)
{
	memcpy(to, from, length);
}
