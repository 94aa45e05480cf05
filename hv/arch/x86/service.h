/* SPDX-License-Identifier: BSD-3-Clause */
/* Joins this port with hv/core: its configuration, its run, its end. */
#ifndef HV_X86_SERVICE_H
#define HV_X86_SERVICE_H

#include <stdbool.h>

/* Core's log goes to the rings of hvlog.h from now on, where there are any. */
void service_attach_log(void);

/* Do options and modules name guests? */
bool service_is_wanted(void);

/* Is the machine the Service VM's, but for what the hypervisor keeps? */
bool service_owns_devices(void);

/* Sets core and the guests that the options name up; boot pCPU, before service_run() anywhere. */
void service_configure(void);

/* The guests are set up: from here on the option duration= counts. On any pCPU. */
void service_ready(void);

/* Each pCPU: runs guests until the option duration= is over, then says what was counted. */
_Noreturn void service_run(void);

#endif
