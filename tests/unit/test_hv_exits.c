// SPDX-License-Identifier: BSD-3-Clause
/* Exits that are none of a well-behaved guest's: each has an answer, and none harms the others. */
#include "tests/unit/hv_test.h"

#define UD 6
#define GP 13

static unsigned int faults[EXIT_REASONS];
static bool done;

/* Those that need more than an instruction to mean anything. */
static bool is_special(uint32_t reason)
{
	switch (reason) {
	case EXIT_EXCEPTION_OR_NMI:
	case EXIT_EXTERNAL_INTERRUPT:
	case EXIT_TRIPLE_FAULT:
	case EXIT_HLT:
	case EXIT_IO_INSTRUCTION:
	case EXIT_EPT_VIOLATION:
	case EXIT_EPT_MISCONFIGURATION:
		return true;
	default:
		return false;
	}
}

static void odd_entry(uint64_t boot_gpa)
{
	(void)boot_gpa;
	for (uint32_t reason = 0; reason < EXIT_REASONS; reason++)
		if (!is_special(reason))
			faults[reason] = guest_raw_exit(reason);
	/* Reasons that no hardware has. */
	guest_raw_exit(0xffff);
	guest_raw_exit(0x1000);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	/* What the hardware says of an entry that failed. */
	guest_raw_exit(1U << 31 | EXIT_ENTRY_INVALID_STATE);
	__atomic_store_n(&done, false, __ATOMIC_RELEASE);
}

static const struct guest_payload payloads[] = { { "odd", "", odd_entry } };

static void test_odd_exits(void **state)
{
	static const struct {
		uint32_t reason;
		unsigned int fault;
	} expected[] = {
		{ EXIT_CPUID, 0 },	  { EXIT_RDTSC, 0 },	{ EXIT_RDTSCP, 0 },
		{ EXIT_INVD, 0 },	  { EXIT_WBINVD, 0 },	{ EXIT_PAUSE, 0 },
		{ EXIT_RDPMC, GP },	  { EXIT_XSETBV, GP },	{ EXIT_VMCALL, UD },
		{ EXIT_VMXON, UD },	  { EXIT_VMXOFF, UD },	{ EXIT_VMLAUNCH, UD },
		{ EXIT_VMREAD, UD },	  { EXIT_INVEPT, UD },	{ EXIT_GETSEC, UD },
		{ EXIT_MWAIT, UD },	  { EXIT_MONITOR, UD }, { EXIT_ENCLS, UD },
		{ EXIT_TASK_SWITCH, UD },
	};
	const struct host_options options = {
		.nr_pcpus = 2,
		.guests = { { .name = "odd", .affinity = 2 } },
		.nr_guests = 1,
		.payloads = payloads,
		.nr_payloads = 1,
	};
	struct acrn_hw_info info;

	(void)state;
	start_hv(&options);
	WAIT_UNTIL(__atomic_load_n(&done, __ATOMIC_ACQUIRE));
	for (unsigned int i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(faults[expected[i].reason], expected[i].fault);
	/* The failed entry was the end of that guest, and of nobody else. */
	assert_int_equal(hypercall_data(HC_GET_HW_INFO, 0, 1, &info, sizeof(info)), 0);
	assert_int_equal(hypercall(HC_PAUSE_VM, 1, 0), 0);
	assert_true(done);
	end_hv();
}

int main(void)
{
	const struct CMUnitTest tests[] = { hv_unit_test(test_odd_exits) };

	return cmocka_run_group_tests_name("exits", tests, NULL, NULL);
}
