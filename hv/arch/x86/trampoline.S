/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a pCPU starts after INIT and SIPI: in real mode, at the start of a page below 1 MiB to which
 * this is copied. It goes to long mode in one step and then to ap_start in the image.
 */
#include "hv/arch/x86/layout.h"

#define AT(symbol) (symbol - trampoline_start)

	.section .rodata
	.balign 16
	.globl trampoline_start, trampoline_layout
trampoline_start:
	.code16
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	AT(trampoline_gdtr)
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	AT(trampoline_root), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	movl	$MSR_EFER_LME_NXE, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$CR0_HOST, %eax
	movl	%eax, %cr0
	ljmpl	*AT(trampoline_far)

	.code64
trampoline_long:
	movabsq	$ap_start, %rax
	jmp	*%rax

	.balign 8
trampoline_gdt:
	.quad	0
	.quad	0x00af9b000000ffff
trampoline_gdt_end:
trampoline_gdtr:
	.word	trampoline_gdt_end - trampoline_gdt - 1
	.long	AT(trampoline_gdt)	/* smp.c adds where the page is, */
trampoline_far:
	.long	AT(trampoline_long)	/* here as well */
	.word	SELECTOR_CODE
trampoline_root:
	.long	0			/* CR3 */
trampoline_end:
	/* struct trampoline_layout in smp.c */
	.balign	4
trampoline_layout:
	.long	AT(trampoline_end), AT(trampoline_gdtr) + 2, AT(trampoline_far), AT(trampoline_root)

	.text
	.code64
	/* One pCPU starts at a time. One that comes when nobody is waiting for it stays here. */
ap_start:
	xorl	%eax, %eax
	movl	%eax, %ss
	movl	%eax, %ds
	movl	%eax, %es
	xchgq	%rax, ap_stack_end
	testq	%rax, %rax
	jz	1f
	movq	%rax, %rsp
	xorl	%ebp, %ebp
	pushq	%rbp
	call	smp_ap_main
1:	cli
	hlt
	jmp	1b

	.section .note.GNU-stack, "", @progbits
