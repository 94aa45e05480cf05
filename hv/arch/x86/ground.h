/* SPDX-License-Identifier: BSD-3-Clause */
/* test=ground: timers, kicks and pages, without a guest. */
#ifndef HV_X86_GROUND_H
#define HV_X86_GROUND_H

/* On each pCPU: says what fails, and ends. */
void ground_test(void);

#endif
