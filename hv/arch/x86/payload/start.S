/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first instructions of a payload VM's vCPU, in 64-bit mode with paging on: rdi boot_gpa, rsi
 * number of the payload, rdx number of the vCPU, rsp its stack. And the guest's exceptions.
 */
	.section .text.start, "ax"
	.globl payload_start
payload_start:
	xorl	%ebp, %ebp
	call	payload_main
	ud2

	.text
	.balign 16
	.globl payload_vectors
payload_vectors:
	.set	vector, 0
	.rept	256
	.balign 16
	.if	!((vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17))
	pushq	$0
	.endif
	pushq	$vector
	jmp	common
	.set	vector, vector + 1
	.endr

common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rbp
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	cld
	movq	%rsp, %rdi
	movq	%rsp, %rbx
	andq	$-16, %rsp
	call	payload_event
	movq	%rbx, %rsp
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rbp
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq

	.section .note.GNU-stack, "", @progbits
