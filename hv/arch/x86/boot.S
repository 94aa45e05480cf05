/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From GRUB's 32-bit protected mode without paging to hv_start() in long mode. The image may lie
 * anywhere on a 2 MiB boundary below 4 GiB; until paging is on, %ebp is where.
 *
 * The boot page tables, 4 KiB pages for the image with the rights of its sections, a writable and
 * not executable direct map of the first 4 GiB, and the image once more at its hpa for the switch,
 * are replaced by paging_init().
 */
#include "hv/arch/x86/layout.h"

#define HPA(symbol) (symbol - IMAGE_BASE)(%ebp)
#define HPA_ENTRY(table) (table - IMAGE_BASE)(%ebp, %ecx, 8)
#define IMAGE_TABLES (IMAGE_MAX / 0x200000)

#define MULTIBOOT2_HEADER_MAGIC 0xe85250d6
#define MULTIBOOT2_LOADER_MAGIC 0x36d76289

#define PAGE_TABLE 0x063	/* present, writable (the pages decide), accessed, dirty */
#define PAGE_RX 0x021
#define PAGE_RO 0x021
#define PAGE_RW 0x063
#define PAGE_LARGE 0x080
#define PAGE_NX_HIGH 0x80000000

	.section .multiboot, "a"
	.balign 8
multiboot_header:
	.long MULTIBOOT2_HEADER_MAGIC
	.long 0			/* i386, protected mode */
	.long multiboot_header_end - multiboot_header
	.long -(MULTIBOOT2_HEADER_MAGIC + (multiboot_header_end - multiboot_header))
	.balign 8
	.word 1, 0		/* information request: what there is no hypervisor without */
	.long 12
	.long 6			/* memory map */
	.balign 8
	.word 6, 1		/* modules on page boundaries */
	.long 8
	.balign 8
	.word 10, 0		/* relocatable */
	.long 24
	.long 0x1000000		/* not below 16 MiB, where DMA zone and old kernels are */
	.long 0xffffffff
	.long IMAGE_ALIGN
	.long 2			/* as high as possible: the Service VM's kernel wants low places */
	.balign 8
	.word 0, 0
	.long 8
multiboot_header_end:

	.section .text.boot, "ax"
	.code32
	.globl boot_start
boot_start:
	cli
	cld
	/* There is no stack yet: the reserved word of the boot information holds one return address. */
	leal	8(%ebx), %esp
	call	1f
1:	popl	%ebp
	subl	$(1b - IMAGE_BASE), %ebp
	leal	HPA(boot_stack_end), %esp

	leal	HPA(text_no_loader), %esi
	cmpl	$MULTIBOOT2_LOADER_MAGIC, %eax
	jne	boot_refuse
	movl	%ebx, %edi		/* boot information; cpuid takes ebx */

	movl	$0x80000000, %eax
	cpuid
	leal	HPA(text_no_long_mode), %esi
	cmpl	$0x80000001, %eax
	jb	boot_refuse
	movl	$0x80000001, %eax
	cpuid
	btl	$29, %edx
	jnc	boot_refuse
	leal	HPA(text_no_nx), %esi
	btl	$20, %edx
	jnc	boot_refuse

	call	map_image
	call	map_direct
	call	map_switch

	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	leal	HPA(boot_pml4), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$MSR_EFER_LME_NXE, %eax
	wrmsr
	movl	$CR0_HOST, %eax
	movl	%eax, %cr0

	leal	HPA(boot_gdt), %eax
	movl	%eax, HPA(boot_gdtr + 2)
	lgdt	HPA(boot_gdtr)
	leal	HPA(boot_long), %eax
	pushl	$SELECTOR_CODE
	pushl	%eax
	lret

/* A 4 KiB page each for %eax..%ecx (offsets in the image), rights %edx (high word), %ebx (low). */
map_pages:
	cmpl	%ecx, %eax
	jae	2f
	movl	%eax, %esi
	shrl	$9, %esi		/* 8 bytes a page */
	leal	HPA(boot_image_tables), %edi
	addl	%edi, %esi
	leal	(%eax, %ebp), %edi
	orl	%ebx, %edi
	movl	%edi, (%esi)
	movl	%edx, 4(%esi)
	addl	$4096, %eax
	jmp	map_pages
2:	ret

map_image:
	pushl	%edi
	movl	$(text_start - IMAGE_BASE), %eax
	movl	$(text_end - IMAGE_BASE), %ecx
	movl	$PAGE_RX, %ebx
	xorl	%edx, %edx
	call	map_pages
	movl	$(rodata_end - IMAGE_BASE), %ecx
	movl	$PAGE_RO, %ebx
	movl	$PAGE_NX_HIGH, %edx
	call	map_pages
	movl	$(image_end - IMAGE_BASE), %ecx
	movl	$PAGE_RW, %ebx
	call	map_pages

	leal	HPA(boot_image_tables), %eax
	orl	$PAGE_TABLE, %eax
	xorl	%ecx, %ecx
1:	movl	%eax, HPA_ENTRY(boot_image_pd)
	addl	$4096, %eax
	incl	%ecx
	cmpl	$IMAGE_TABLES, %ecx
	jb	1b
	leal	HPA(boot_image_pd), %eax
	orl	$PAGE_TABLE, %eax
	movl	%eax, HPA(boot_image_pdpt + 510 * 8)
	leal	HPA(boot_image_pdpt), %eax
	orl	$PAGE_TABLE, %eax
	movl	%eax, HPA(boot_pml4 + 511 * 8)
	popl	%edi
	ret

/* The first 4 GiB in 2 MiB pages. */
map_direct:
	xorl	%ecx, %ecx
	movl	$(PAGE_RW | PAGE_LARGE), %eax
1:	movl	%eax, HPA_ENTRY(boot_direct_pds)
	movl	$PAGE_NX_HIGH, HPA_ENTRY(boot_direct_pds + 4)
	addl	$0x200000, %eax
	incl	%ecx
	cmpl	$2048, %ecx
	jb	1b
	leal	HPA(boot_direct_pds), %eax
	orl	$PAGE_TABLE, %eax
	xorl	%ecx, %ecx
2:	movl	%eax, HPA_ENTRY(boot_direct_pdpt)
	addl	$4096, %eax
	incl	%ecx
	cmpl	$4, %ecx
	jb	2b
	leal	HPA(boot_direct_pdpt), %eax
	orl	$PAGE_TABLE, %eax
	movl	%eax, HPA(boot_pml4 + 256 * 8)
	ret

/* The first 2 MiB of the image at its hpa, through the same page table as at its hva. */
map_switch:
	leal	HPA(boot_image_tables), %eax
	orl	$PAGE_TABLE, %eax
	movl	%ebp, %ecx
	shrl	$21, %ecx
	andl	$511, %ecx
	movl	%eax, HPA_ENTRY(boot_switch_pd)
	leal	HPA(boot_switch_pd), %eax
	orl	$PAGE_TABLE, %eax
	movl	%ebp, %ecx
	shrl	$30, %ecx
	movl	%eax, HPA_ENTRY(boot_switch_pdpt)
	leal	HPA(boot_switch_pdpt), %eax
	orl	$PAGE_TABLE, %eax
	movl	%eax, HPA(boot_pml4)
	ret

/* Prints the text at %esi on COM1, which nobody has programmed yet, and stops. */
boot_refuse:
	leal	HPA(uart_program), %edi
1:	movzwl	(%edi), %edx
	testl	%edx, %edx
	jz	2f
	movb	2(%edi), %al
	outb	%al, %dx
	addl	$3, %edi
	jmp	1b
2:	movb	(%esi), %al
	testb	%al, %al
	jz	5f
	movl	$100000, %ecx
	movw	$0x3fd, %dx
	movb	%al, %ah
3:	inb	%dx, %al
	testb	$0x20, %al
	loopz	3b
	movb	%ah, %al
	movw	$0x3f8, %dx
	outb	%al, %dx
	incl	%esi
	jmp	2b
5:	hlt
	jmp	5b

	.code64
boot_long:
	xorl	%eax, %eax
	movl	%eax, %ss
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%edi, %edi
	movl	%ebp, %esi
	movabsq	$boot_high, %rax
	jmp	*%rax
boot_high:
	movq	$boot_gdt, boot_gdtr + 2
	lgdt	boot_gdtr
	movq	$boot_stack_end, %rsp
	xorl	%ebp, %ebp
	pushq	%rbp			/* the end of every backtrace */
	call	hv_start
1:	hlt
	jmp	1b

/* void stack_switch(void *stack_end, void (*function)(void)): does not return. */
	.text
	.globl stack_switch
stack_switch:
	movq	%rdi, %rsp
	xorl	%ebp, %ebp
	pushq	%rbp
	call	*%rsi
	ud2

	.section .rodata
text_no_loader:
	.asciz "hv: not started by a multiboot2 loader: use GRUB's multiboot2 command\r\nhv: halted\r\n"
text_no_long_mode:
	.asciz "hv: this CPU has no long mode, which is needed\r\nhv: halted\r\n"
text_no_nx:
	.asciz "hv: this CPU has no NX (execute disable), which is needed\r\nhv: halted\r\n"
	/* Port, value: no interrupts, divisor 1 (115200), 8N1, FIFO on, DTR and RTS. */
uart_program:
	.macro	port number, value
	.word	\number
	.byte	\value
	.endm
	port	0x3f9, 0x00
	port	0x3fb, 0x80
	port	0x3f8, 0x01
	port	0x3f9, 0x00
	port	0x3fb, 0x03
	port	0x3fa, 0x07
	port	0x3fc, 0x03
	.word	0

	.data
	.balign 16
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* 64-bit code */
	.quad	0x00cf93000000ffff	/* data */
boot_gdt_end:
boot_gdtr:
	.word	boot_gdt_end - boot_gdt - 1
	.quad	0

	.section .bss.pages, "aw", @nobits
	.balign 4096
boot_pml4:
	.skip	4096
boot_image_pdpt:
	.skip	4096
boot_image_pd:
	.skip	4096
boot_image_tables:
	.skip	4096 * IMAGE_TABLES
boot_direct_pdpt:
	.skip	4096
boot_direct_pds:
	.skip	4096 * 4
boot_switch_pdpt:
	.skip	4096
boot_switch_pd:
	.skip	4096
boot_stack:
	.skip	BOOT_STACK_SIZE
boot_stack_end:

	.section .note.GNU-stack, "", @progbits
