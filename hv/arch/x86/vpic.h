/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pair of 8259s as the Service VM sees it: it takes commands and keeps its masks, and no
 * interrupt ever comes from it. The real ones stay masked.
 */
#ifndef HV_X86_VPIC_H
#define HV_X86_VPIC_H

#include <stdbool.h>
#include <stdint.h>

#define VPIC_MASTER 0x20U
#define VPIC_SLAVE 0xa0U

/* False: not one of its ports. */
bool vpic_read(uint16_t port, uint32_t *value);
bool vpic_write(uint16_t port, uint32_t value);

#endif
