// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/host/port.h"

int host_hsm_start(const char *run_dir)
{
	(void)run_dir;
	return 0;
}

void host_hsm_stop(void)
{
}
