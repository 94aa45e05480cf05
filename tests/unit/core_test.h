/* SPDX-License-Identifier: BSD-3-Clause */
/* Core without running pCPUs: the test's thread is pCPU 0 and calls what it wants to. */
#ifndef TESTS_UNIT_CORE_TEST_H
#define TESTS_UNIT_CORE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hv/arch/host/port.h"
#include "hv/core/pcpu.h"
#include "hv/core/vm.h"

static inline int core_setup(void **state)
{
	static const struct hv_config config = {
		.vms[0] = { .used = true,
			    .load_order = SERVICE_VM,
			    .name = "service_vm",
			    .severity = SEVERITY_SERVICE_VM,
			    .affinity = 1 },
		.service_memory = { { 64U << 20, 64U << 20, EPT_RWX | EPT_TYPE_WB } },
	};

	(void)state;
	assert_int_equal(host_calibrate(), 0);
	assert_int_equal(host_pcpus_init(1), 0);
	assert_int_equal(host_memory_init(-1, 1, SBUF_TRACE_SIZE), 0);
	assert_int_equal(hv_init(&config), 0);
	return 0;
}

static inline int core_teardown(void **state)
{
	(void)state;
	host_memory_free(-1);
	return 0;
}

#endif
