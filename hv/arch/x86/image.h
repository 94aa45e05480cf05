/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the hypervisor's own image, as image.lds.S lays them out. */
#ifndef HV_X86_IMAGE_H
#define HV_X86_IMAGE_H

#include <stdint.h>

#include "hv/arch/x86/layout.h"

extern uint8_t image_start[], image_end[];
extern uint8_t text_start[], text_end[];
extern uint8_t rodata_start[], rodata_end[];
extern uint8_t data_start[], sealed_end[];
extern uint8_t bss_start[], bss_end[];

/* Data that is only written before paging_seal(). */
#define SEALED __attribute__((section(".sealed")))

/* Where GRUB put the image; set by hv_start(). */
extern uint64_t image_hpa;

static inline uint64_t image_size(void)
{
	return (uint64_t)image_end - (uint64_t)image_start;
}

#endif
