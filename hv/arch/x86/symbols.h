/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the hypervisor's functions; symbols.awk makes the table. */
#ifndef HV_X86_SYMBOLS_H
#define HV_X86_SYMBOLS_H

#include <stdint.h>

/* The function that address lies in, and how far; NULL: not known. */
const char *symbol_of(uint64_t address, uint64_t *offset);

#endif
