/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the log's rings lie in the memory of the option hvlog=; acrn-sbuf(5). It has two halves,
 * each with a ring for each pCPU. One half has the log of the boot before, the other gets this
 * boot's.
 */
#ifndef HV_X86_HVLOG_H
#define HV_X86_HVLOG_H

#include <stdint.h>

#include "formats/abi/sbuf.h"

/* Takes the memory out of the memory map, so that nobody else gets it. Says what is wrong with it.
 */
void hvlog_reserve(void);

/*
 * Finds the half with the log of the boot before, closes its rings (SBUF_MAGIC_LAST), and makes
 * empty ones in the other, when the number of pCPUs is known.
 */
void hvlog_init(void);

/* The ring of a pCPU, and its length with its header; NULL: there is none. */
struct shared_buf *hvlog_current(unsigned int pcpu, uint64_t *length);
struct shared_buf *hvlog_last(unsigned int pcpu);

#endif
