/* SPDX-License-Identifier: BSD-3-Clause */
/* What the option test= does once all pCPUs are on line. */
#ifndef HV_X86_SELFTEST_H
#define HV_X86_SELFTEST_H

/* On each pCPU. An unknown name is said. */
void selftest_run(const char *name);

#endif
