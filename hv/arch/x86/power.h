/* SPDX-License-Identifier: BSD-3-Clause */
/* Ways to end. */
#ifndef HV_X86_POWER_H
#define HV_X86_POWER_H

#include <stdbool.h>

/* Only the first pCPU in trouble goes on; the others, and those it meets, halt. */
void panic_begin(void);
bool panic_under_way(void);
/* What the option panic= says: reboots, halts, or ends the emulator. */
_Noreturn void panic_end(void);

_Noreturn void power_reboot(void);
/* Ends Bochs (and halts anything else). */
_Noreturn void power_exit(void);
/* Says so and halts; with panic=exit ends the emulator. For machines that cannot run this. */
_Noreturn void power_halt(void);

#endif
