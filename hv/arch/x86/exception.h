/* SPDX-License-Identifier: BSD-3-Clause */
/* Exceptions in the hypervisor: each is the end of it, and says where. */
#ifndef HV_X86_EXCEPTION_H
#define HV_X86_EXCEPTION_H

#include <stdint.h>

/* As entry.S pushes it. */
struct interrupt_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error_code;
	uint64_t rip, cs, rflags, rsp, ss;
};

void interrupt_entered(struct interrupt_frame *frame);

/* Logs who called whom, from these registers on. */
void backtrace(uint64_t rip, uint64_t rsp, uint64_t rbp);

#endif
