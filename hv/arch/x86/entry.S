/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Exceptions and interrupts. Each vector's entry is 16 bytes; all come together in
 * interrupt_common with a struct interrupt_frame on the stack.
 */
	.text
	.balign 16
	.globl interrupt_entries
interrupt_entries:
	.set	vector, 0
	.rept	256
	.balign 16
	/* 8, 10..14, 17, 21, 29 and 30 push an error code; the others get a 0 there. */
	.if	!((vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || \
		  (vector == 21) || (vector == 29) || (vector == 30))
	pushq	$0
	.endif
	pushq	$vector
	jmp	interrupt_common
	.set	vector, vector + 1
	.endr
	.balign 16

interrupt_common:
	cld
	pushq	%rax
	pushq	%rbx
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbp
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %rdi
	/* The frame is a multiple of 16 below where hardware aligned the stack, but for 8. */
	movq	%rsp, %rbx
	andq	$-16, %rsp
	call	interrupt_entered
	movq	%rbx, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rbp
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rbx
	popq	%rax
	addq	$16, %rsp
	iretq

	.section .note.GNU-stack, "", @progbits
