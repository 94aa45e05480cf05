/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where things lie in the hypervisor's address space; shared by C, assembly and the linker script.
 *
 *   0xffff800000000000  direct map: all RAM, and what is mapped of devices, at its hpa
 *   0xffffffff80000000  the image, wherever GRUB put it
 *   0xffffffffc0000000  stacks, with guard pages
 *
 * Nothing is mapped in the low half, so a guest's address taken for one of ours faults.
 */
#ifndef HV_X86_LAYOUT_H
#define HV_X86_LAYOUT_H

#define DIRECT_BASE 0xffff800000000000
#define DIRECT_SIZE 0x0000400000000000 /* 64 TiB */
#define IMAGE_BASE 0xffffffff80000000
#define IMAGE_MAX 0x800000 /* bytes: as much as the boot page tables map */
#define STACK_BASE 0xffffffffc0000000

/* GRUB is asked for a place on such a boundary, as high as it can. */
#define IMAGE_ALIGN 0x200000
#define IMAGE_LINK_HPA 0x200000

#define BOOT_STACK_SIZE 0x4000

#define PAGE_SHIFT 12

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS 0x18

#define MSR_EFER 0xc0000080
#define MSR_EFER_LME_NXE 0x900
#define MSR_GS_BASE 0xc0000101
#define CR0_HOST 0x80010033 /* PG WP NE ET MP PE */
#define CR4_PAE 0x20

#endif
