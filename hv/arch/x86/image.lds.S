/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text comes first, so that the symbol table, which is linked in by a second pass into the
 * read-only data behind it, moves no function.
 */
#include "hv/arch/x86/layout.h"

OUTPUT_FORMAT(elf64-x86-64)
ENTRY(boot_start)

PHDRS
{
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
}

SECTIONS
{
	. = IMAGE_BASE;
	image_start = .;
	.text : AT(ADDR(.text) - IMAGE_BASE + IMAGE_LINK_HPA)
	{
		text_start = .;
		KEEP(*(.multiboot))
		*(.text.boot)
		*(.text .text.*)
		. = ALIGN(4096);
		text_end = .;
	} :text
	.rodata : AT(ADDR(.rodata) - IMAGE_BASE + IMAGE_LINK_HPA)
	{
		rodata_start = .;
		*(.rodata .rodata.*)
		. = ALIGN(8);
		KEEP(*(.symbols))
		. = ALIGN(4096);
		rodata_end = .;
	} :rodata
	.data : AT(ADDR(.data) - IMAGE_BASE + IMAGE_LINK_HPA)
	{
		data_start = .;
		/* Written at start only; paging_seal() takes the right to write away. */
		*(.sealed)
		. = ALIGN(4096);
		sealed_end = .;
		*(.data .data.*)
		. = ALIGN(4096);
	} :data
	.bss : AT(ADDR(.bss) - IMAGE_BASE + IMAGE_LINK_HPA)
	{
		bss_start = .;
		*(.bss.pages)
		*(.bss .bss.* COMMON)
		. = ALIGN(4096);
		bss_end = .;
	} :data
	image_end = .;
	ASSERT(image_end - image_start <= IMAGE_MAX, "the image is larger than the boot page tables map")

	/DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) }
}
