// SPDX-License-Identifier: BSD-3-Clause
/* Numbers, durations and lists on command lines, and the look-ups of names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/cli.h"
#include "formats/events.h"

static void test_pcpus(void **state)
{
	static const char *const bad[] = { "",	  "a",	   "-1", "1-",
					   "3-1", "0,",	   ",0", "0;1",
					   "256", "0-256", "1 ", "99999999999999999999" };
	struct pcpu_set set;
	struct error error;

	(void)state;
	assert_int_equal(cli_parse_pcpus("0-2,6,255", &set, &error), 0);
	for (unsigned int pcpu = 0; pcpu < 300; pcpu++)
		assert_int_equal(pcpu_set_has(&set, pcpu), pcpu <= 2 || pcpu == 6 || pcpu == 255);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(cli_parse_pcpus(bad[i], &set, &error), -EINVAL);
		assert_memory_equal(error.text, bad[i], strlen(bad[i]));
	}
}

static void test_numbers(void **state)
{
	static const char *const bad[] = { "",	 "x",  "-1",  "0",  "1000",
					   "7 ", "0x", "1e3", "+5", "18446744073709551616" };
	struct error error;
	uint64_t value;

	(void)state;
	assert_int_equal(cli_parse_number("999", "period", 1, 999, &value, &error), 0);
	assert_int_equal(value, 999);
	assert_int_equal(cli_parse_number("0x10", "period", 1, 999, &value, &error), 0);
	assert_int_equal(value, 16);
	assert_int_equal(cli_parse_number("010", "period", 1, 999, &value, &error), 0);
	assert_int_equal(value, 10);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(cli_parse_number(bad[i], "period", 1, 999, &value, &error),
				 -EINVAL);
		assert_non_null(strstr(error.text, "period must be a number from 1 to 999"));
	}
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = { { "5", 5000000000 },    { "1.5", 1500000000 },  { "0.5s", 500000000 },
		     { "200ms", 200000000 }, { "10us", 10000 },	     { "7ns", 7 },
		     { "2m", 120000000000 }, { "1h", 3600000000000 } };
	static const char *const bad[] = { "",	  "0",	 "-1",	"s",	"1d",
					   "1 s", "nan", "inf", "1e30", "0.1ns" };
	struct error error;
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(cli_parse_duration(good[i].text, &ns, &error), 0);
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cli_parse_duration(bad[i], &ns, &error), -EINVAL);
}

static void test_color(void **state)
{
	enum cli_color color;
	struct error error;

	(void)state;
	assert_int_equal(cli_parse_color("always", &color, &error), 0);
	assert_true(cli_use_color(color, -1));
	assert_int_equal(cli_parse_color("never", &color, &error), 0);
	assert_false(cli_use_color(color, -1));
	assert_int_equal(cli_parse_color("auto", &color, &error), 0);
	assert_false(cli_use_color(color, -1));
	assert_int_equal(cli_parse_color("red", &color, &error), -EINVAL);
}

static void test_status(void **state)
{
	(void)state;
	cli_init("test");
	assert_int_equal(cli_error("%s: gone", "x"), CLI_FAILED);
	assert_int_equal(cli_usage("%s: what", "x"), CLI_USAGE);
}

static void test_threads(void **state)
{
	(void)state;
	assert_int_equal(thread_vm("vm0:"), 0);
	assert_int_equal(thread_vm("vm9:"), 9);
	assert_int_equal(thread_vm("vm12"), 12);
	assert_int_equal(thread_vm("vm3\0"), 3);
	assert_int_equal(thread_vm("idle"), THREAD_IDLE);
	assert_int_equal(thread_vm("vm::"), THREAD_UNKNOWN);
	assert_int_equal(thread_vm("vm1x"), THREAD_UNKNOWN);
	assert_int_equal(thread_vm("xm1:"), THREAD_UNKNOWN);
	assert_int_equal(thread_vm("\0\0\0\0"), THREAD_UNKNOWN);
}

static void test_tables(void **state)
{
	(void)state;
	assert_string_equal(trace_event_by_id(0x1001E)->name, "vmexit_io_instruction");
	assert_int_equal(trace_event_by_name("sched_next")->id, 0x20);
	assert_null(trace_event_by_id(0x21));
	assert_null(trace_event_by_name("nothing"));
	assert_string_equal(exit_reason_name(12), "HLT");
	assert_string_equal(exit_reason_name(0), "Exception or non-maskable interrupt (NMI)");
	assert_null(exit_reason_name(35));
	assert_null(exit_reason_name(65535));
	for (uint16_t reason = 0; reason < nr_exit_reasons; reason++)
		if (exit_reason_short_name(reason))
			assert_in_range(strlen(exit_reason_short_name(reason)), 1, 18);
	assert_string_equal(hypercall_name(0x80000044), "setup_sbuf");
	assert_null(hypercall_name(0x44));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcpus),	  cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_durations), cmocka_unit_test(test_color),
		cmocka_unit_test(test_status),	  cmocka_unit_test(test_threads),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
