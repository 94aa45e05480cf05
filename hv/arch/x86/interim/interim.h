/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands in for hv/core until this port is joined with it. */
#ifndef HV_X86_INTERIM_H
#define HV_X86_INTERIM_H

#include <stdint.h>

struct shared_buf;

/* From now on the pCPU's messages go to this ring as well; NULL: they do not. */
void interim_log_ring(unsigned int pcpu, struct shared_buf *ring, uint64_t length);

/* How often irq_dispatch() had this vector on this pCPU. */
unsigned int interim_irqs(uint8_t vector);

/* On each pCPU: says what fails, and ends. */
void interim_ground(void);

#endif
