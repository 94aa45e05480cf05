/* SPDX-License-Identifier: BSD-3-Clause */
/* The payloads, as they are copied into a VM's memory. */
	.section .rodata
	.balign 16
	.globl payload_image, payload_image_end
payload_image:
	.incbin "build/x86/payload/payload.bin"
payload_image_end:
	.section .note.GNU-stack, "", @progbits
