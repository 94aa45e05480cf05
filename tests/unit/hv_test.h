/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests of the running hypervisor have in common. */
#ifndef TESTS_UNIT_HV_TEST_H
#define TESTS_UNIT_HV_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "formats/abi/hypercall.h"
#include "formats/abi/ioreq.h"
#include "formats/abi/trace.h"
#include "formats/abi/trace_events.h"
#include "hv/arch/host/host.h"
#include "hv/core/pcpu.h"
#include "hv/core/vm.h"
#include "hv/guests/boot.h"
#include "hv/guests/guest_lib.h"

#define HV_TEST_TIMEOUT_S 60

static inline int64_t hypercall(uint64_t id, uint64_t param1, uint64_t param2)
{
	struct host_call call = { .param = { id, param1, param2 } };

	assert_int_equal(host_service_call(&call), 0);
	assert_int_equal(call.fault, 0);
	return call.result;
}

/* With a structure, whose gpa becomes parameter 1 or 2. */
static inline int64_t hypercall_data(uint64_t id, uint64_t param1, unsigned int data_param,
				     void *data, uint32_t size)
{
	struct host_call call = {
		.param = { id, param1 },
		.data_param = data_param,
		.data = data,
		.size = size,
	};

	assert_int_equal(host_service_call(&call), 0);
	assert_int_equal(call.fault, 0);
	return call.result;
}

/* Memory of the Service VM, where gpa = hpa, that the Service VM's payload does not use. */
static inline uint64_t service_gpa(uint64_t offset)
{
	const uint64_t ram = 64ULL << 20, unused = 32ULL << 20;

	return ram + unused + offset;
}

static inline void *service_memory(uint64_t offset)
{
	return arch_hpa_to_hva(service_gpa(offset));
}

/* Waits for a condition, not for a time. */
#define WAIT_UNTIL(condition)                                              \
	do {                                                               \
		const struct timespec hv_test_nap = { .tv_nsec = 500000 }; \
		time_t end = time(NULL) + HV_TEST_TIMEOUT_S;               \
		while (!(condition)) {                                     \
			if (time(NULL) > end)                              \
				fail_msg("never true: %s", #condition);    \
			nanosleep(&hv_test_nap, NULL);                     \
		}                                                          \
	} while (0)

static inline void start_hv(const struct host_options *options)
{
	assert_int_equal(host_start(options), 0);
	assert_int_equal(host_wait_ready(HV_TEST_TIMEOUT_S * 1000), 0);
}

static inline void end_hv(void)
{
	host_stop();
	host_free();
}

/* After a test that has failed in the middle. */
static inline int end_hv_if_runs(void **state)
{
	(void)state;
	end_hv();
	return 0;
}

#define hv_unit_test(test) cmocka_unit_test_teardown(test, end_hv_if_runs)

#endif
