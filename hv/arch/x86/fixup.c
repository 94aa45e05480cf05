// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/fixup.h"

#define VECTOR_GP 13

extern const uint8_t checked_rdmsr[], checked_rdmsr_failed[];

bool __attribute__((noinline)) read_msr_checked(uint32_t msr, uint64_t *value)
{
	uint32_t low = 0, high = 0, failed = 1;

	__asm__ volatile(".globl checked_rdmsr, checked_rdmsr_failed\n"
			 "checked_rdmsr:\n\t"
			 "rdmsr\n\t"
			 "xorl %2, %2\n"
			 "checked_rdmsr_failed:"
			 : "+a"(low), "+d"(high), "+r"(failed)
			 : "c"(msr)
			 : "cc");
	*value = (uint64_t)high << 32 | low;
	return !failed;
}

bool fixup_exception(struct interrupt_frame *frame)
{
	if (frame->vector != VECTOR_GP || frame->rip != (uint64_t)checked_rdmsr)
		return false;
	frame->rip = (uint64_t)checked_rdmsr_failed;
	return true;
}
