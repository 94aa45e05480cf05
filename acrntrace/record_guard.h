/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Access to a ring whose memory may go away: a file that is truncated while it is mapped gives
 * SIGBUS, which ends here as -EIO instead of ending the program.
 */
#ifndef RECORD_GUARD_H
#define RECORD_GUARD_H

#include "formats/ring.h"

/* Installs the handler; once, before the first use of those below. */
void guard_install(void);

/* ring_attach() and ring_drain(), or -EIO with error filled in. */
int guard_attach(struct ring *ring, void *memory, size_t length, bool keep, struct error *error);
int guard_drain(struct ring *ring, void *elements, struct ring_window *window, struct error *error);

#endif
