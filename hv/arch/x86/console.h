/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the hypervisor's words go: serial lines, and the debug port of emulators. */
#ifndef HV_X86_CONSOLE_H
#define HV_X86_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

/* COM1, and port 0xE9 where an emulator answers there. */
void console_init(void);

/* A list of com1, com2, e9, none. False: there is another word in it; then nothing changes. */
bool console_select(const char *list);

/* Was console_select() given a serial line where nothing answers? */
bool console_missing(void);

/* Waits until all is said. */
void console_flush(void);

#endif
