/* SPDX-License-Identifier: BSD-3-Clause */
#include "hv/arch/x86/payload/layout.h"

OUTPUT_FORMAT(elf64-x86-64)
ENTRY(payload_start)

SECTIONS
{
	. = PAYLOAD_BASE + PAYLOAD_IMAGE;
	.text : { *(.text.start) *(.text .text.*) *(.rodata .rodata.*) *(.data .data.*) }
	.bss : { *(.bss .bss.* COMMON) }
	ASSERT(. <= PAYLOAD_BASE + PAYLOAD_STACKS, "the payloads' image is too large")
	/DISCARD/ : { *(.comment) *(.note*) *(.eh_frame*) }
}
