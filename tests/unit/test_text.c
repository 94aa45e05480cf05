// SPDX-License-Identifier: BSD-3-Clause
/* Records as text, CSV and JSON; points in time; sets of events; the output buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/event_set.h"
#include "formats/export.h"
#include "formats/output.h"
#include "formats/put.h"
#include "formats/text.h"
#include "formats/timespan.h"

#define BASE 1000ULL

static struct trace_record record_2l(uint64_t tsc, uint64_t event, uint64_t e, uint64_t f)
{
	struct trace_record record = { .tsc = tsc, .word = TRACE_WORD(event, TRACE_2L, 3) };

	record.e = e;
	record.f = f;
	return record;
}

static void assert_line(const struct line_format *format, uint64_t khz,
			const struct trace_record *record, const char *wanted)
{
	struct text text;
	char line[TEXT_MAX], *end;

	text_init(&text, BASE, khz);
	end = format->record(&text, line, 3, record);
	assert_true(end > line && end[-1] == '\n');
	end[-1] = '\0';
	assert_string_equal(line, wanted);
}

/* The fields of a record in text. */
static void assert_fields(const struct trace_record *record, const char *wanted)
{
	struct text text;
	char line[TEXT_MAX];

	text_init(&text, BASE, 0);
	*text_fields(&text, line, 3, record) = '\0';
	assert_string_equal(line, wanted);
}

static void test_fields(void **state)
{
	static const struct {
		uint64_t event, e, f;
		const char *wanted;
	} cases[] = {
		{ 0x1, 1500, 0, "fire=500" },
		{ 0x1, 900, 0, "fire=-100" },
		{ 0x4, 7, 7, "" },
		{ 0x10, 12, 0xabc, "reason=HLT rip=0xabc" },
		{ 0x10, 1, 0, "reason=\"External interrupt\" rip=0x0" },
		{ 0x10, 0x8000000cULL, 1, "reason=HLT+0x80000000 rip=0x1" },
		{ 0x10, 999, 1, "reason=999 rip=0x1" },
		{ 0x11, 0, 0, "" },
		{ 0x11, TRACE_ENTER(2, 1), 0, "vm=2 vcpu=1" },
		{ 0x11, 5, 0, "e=0x5" },
		{ 0x10001, 0xef, 0, "vector=0xef" },
		{ 0x10012, 0, 0x80000044, "vm=0 call=setup_sbuf" },
		{ 0x10012, 3, 0x80000fff, "vm=3 call=0x80000fff" },
		{ 0x1001c, 0, 3, "access=mov_to_cr cr=3" },
		{ 0x1001c, 1, 8, "access=mov_from_cr cr=8" },
		{ 0x1001c, 9, 0, "access=0x9 cr=0" },
		{ 0x1001f, 0x10, UINT64_MAX, "msr=0x10 value=0xffffffffffffffff" },
		{ 0x20000, 55, 0, "reason=XSETBV" },
		{ 0xfc, 1, 2, "e=0x1 f=0x2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct trace_record record =
			record_2l(2000, cases[i].event, cases[i].e, cases[i].f);

		assert_fields(&record, cases[i].wanted);
	}
}

static void test_other_forms(void **state)
{
	struct trace_record io = { .word = TRACE_WORD(0x1001e, TRACE_4I, 3),
				   .i = { 0xcf8, 1, 4, 2 } };
	struct trace_record sched = { .word = TRACE_WORD(0x20, TRACE_16STR, 3), .str = "vm1:idle" };
	struct trace_record text = { .word = TRACE_WORD(0xff, TRACE_16STR, 3),
				     .str = "a \"b\\\x01\xff" };
	struct trace_record full = { .word = TRACE_WORD(0xfd, TRACE_16STR, 3) };

	(void)state;
	assert_fields(&io, "port=0xcf8 dir=write size=4 world=2");
	io.i[1] = 7;
	assert_fields(&io, "port=0xcf8 dir=0x7 size=4 world=2");
	assert_fields(&sched, "prev=vm1: next=idle");
	assert_fields(&text, "text=\"a \\\"b\\\\\\x01\\xff\"");
	memcpy(full.str, "sixteen_letters!", 16); /* no NUL at all */
	assert_fields(&full, "name=sixteen_letters!");
	memset(full.str, 0, 16);
	assert_fields(&full, "name=\"\"");
}

/* What is not as the table says is shown whole: all 16 bytes, as they lie in memory. */
static void test_raw(void **state)
{
	struct trace_record record =
		record_2l(2000, 0x123456789abcULL, 0x0706050403020100, 0x0f0e0d0c0b0a0908);
	static const char raw[] = "n_data=2 data=000102030405060708090a0b0c0d0e0f";

	(void)state;
	assert_fields(&record, raw);
	assert_line(&text_lines, 0, &record,
		    "           1000   3 0x123456789abc              "
		    "n_data=2 data=000102030405060708090a0b0c0d0e0f");
	record.word = TRACE_WORD(0x10, TRACE_4I, 3); /* vm_exit has two u64 */
	assert_fields(&record, "n_data=4 data=000102030405060708090a0b0c0d0e0f");
	record.word = TRACE_WORD(0x4, TRACE_2L, 9);
	assert_fields(&record, "record_pcpu=9");
}

static void test_lines(void **state)
{
	struct trace_record record = record_2l(BASE + 3, 0x10, 12, 0xff);

	(void)state;
	assert_line(&text_lines, 0, &record,
		    "              3   3 vm_exit                     reason=HLT rip=0xff");
	assert_line(&text_lines, 1000000, &record,
		    "    0.000000003   3 vm_exit                     reason=HLT rip=0xff");
	record.tsc = BASE + 2000000ULL * 1000 * 12 + 1; /* 12 s and half a ns at 2 GHz */
	assert_line(&text_lines, 2000000, &record,
		    "   12.000000000   3 vm_exit                     reason=HLT rip=0xff");
	record.word = TRACE_WORD(0x4, TRACE_2L, 3);
	assert_line(&text_lines, 2000000, &record, "   12.000000000   3 timer_irq");
}

static void test_loss_lines(void **state)
{
	struct trace_loss loss = {
		.pcpu = 12, .count = 7, .from_tsc = BASE + 1, .to_tsc = BASE + 9
	};
	struct text text;
	char line[TEXT_MAX];

	(void)state;
	text_init(&text, BASE, 0);
	*text_loss(&text, line, &loss) = '\0';
	assert_string_equal(line,
			    "              9  12 LOST                        records=7 from=1 "
			    "to=9\n");
	*csv_lines.loss(&text, line, &loss) = '\0';
	assert_string_equal(line, "1009,,12,LOST,,,,,,7\n");
	*json_lines.loss(&text, line, &loss) = '\0';
	assert_string_equal(line, "{\"lost\": 7, \"pcpu\": 12, \"from_tsc\": 1001, "
				  "\"to_tsc\": 1009}\n");
	loss.unknown = true;
	*text_loss(&text, line, &loss) = '\0';
	assert_non_null(strstr(line, "LOST                        records=unknown "));
	*csv_lines.loss(&text, line, &loss) = '\0';
	assert_string_equal(line, "1009,,12,LOST,,,,,,unknown\n");
	*json_lines.loss(&text, line, &loss) = '\0';
	assert_non_null(strstr(line, "{\"lost\": null, "));
}

static void test_csv_json(void **state)
{
	struct trace_record record = record_2l(BASE + 4, 0x10, 28, UINT64_MAX);
	struct trace_record text = { .tsc = 1,
				     .word = TRACE_WORD(0xff, TRACE_16STR, 3),
				     .str = "a,\"\n" };

	(void)state;
	assert_line(&csv_lines, 0, &record,
		    "1004,,3,vm_exit,16,2,28,18446744073709551615,"
		    "\"reason=\"\"CR access\"\" rip=0xffffffffffffffff\",");
	assert_line(&csv_lines, 2000000, &text,
		    "1,-499,3,str,255,16,170011745,0,\"text=\"\"a,\\\"\"\\x0a\"\"\",");
	assert_line(&json_lines, 2000000, &record,
		    "{\"tsc\": 1004, \"time_ns\": 2, \"pcpu\": 3, \"event\": \"vm_exit\", "
		    "\"id\": 16, \"n_data\": 2, \"e\": 28, \"f\": 18446744073709551615, "
		    "\"fields\": {\"reason\": \"Control-register accesses\", \"reason_id\": 28, "
		    "\"rip\": 18446744073709551615}}");
	assert_line(&json_lines, 0, &text,
		    "{\"tsc\": 1, \"pcpu\": 3, \"event\": \"str\", \"id\": 255, \"n_data\": 16, "
		    "\"e\": 170011745, \"f\": 0, \"fields\": {\"text\": \"a,\\\"\\u000a\"}}");
	record.word = TRACE_WORD(0x777, TRACE_2L, 3);
	assert_line(&json_lines, 0, &record,
		    "{\"tsc\": 1004, \"pcpu\": 3, \"event\": null, \"id\": 1911, \"n_data\": 2, "
		    "\"e\": 28, \"f\": 18446744073709551615, \"fields\": {}}");
}

/* Each event shows its name and the names of its fields: none is too long for what text keeps. */
static void test_names(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < nr_trace_events; i++) {
		const struct trace_event_info *event = &trace_events[i];
		struct trace_record record = { .tsc = BASE, .e = TRACE_ENTER(1, 2) };
		struct text text;
		char line[TEXT_MAX], wanted[64];

		text_init(&text, BASE, 0);
		record.word = TRACE_WORD(event->id, event->n_data, 3);
		*text_record(&text, line, 3, &record) = '\0';
		snprintf(wanted, sizeof(wanted), "   3 %s%s", event->name,
			 event->fields[0].name ? " " : "\n");
		assert_non_null(strstr(line, wanted));
		for (int f = 0; f < TRACE_EVENT_FIELDS && event->fields[f].name; f++) {
			snprintf(wanted, sizeof(wanted), " %s=", event->fields[f].name);
			assert_non_null(strstr(line, wanted));
		}
	}
}

/* Any bytes fit into TEXT_MAX in each format. */
static void test_room(void **state)
{
	static const struct line_format *const formats[] = { &text_lines, &csv_lines, &json_lines };
	struct trace_record record;
	struct text text;
	char line[2 * TEXT_MAX];

	(void)state;
	text_init(&text, UINT64_MAX, 1);
	for (unsigned int i = 0; i < nr_trace_events * 4 * 2; i++) {
		const struct trace_event_info *event = &trace_events[i % nr_trace_events];
		uint8_t n_data = (uint8_t[]){ 2, 4, 8, 16 }[i / nr_trace_events % 4];

		memset(&record, i & 1 ? 0xff : '"', sizeof(record));
		record.word = TRACE_WORD(event->id, n_data, 255);
		for (int f = 0; f < 3; f++) {
			char *end = formats[f]->record(&text, line, 7, &record);

			assert_true(end > line && end <= line + TEXT_MAX);
			assert_ptr_equal(memchr(line, '\n', (size_t)(end - line)), end - 1);
		}
	}
}

static void test_numbers(void **state)
{
	char got[64], wanted[64];

	(void)state;
	srand(1);
	for (int i = 0; i < 200000; i++) {
		uint64_t value =
			((uint64_t)rand() << 42 ^ (uint64_t)rand() << 21 ^ (uint64_t)rand()) >>
			i % 64;

		*put_decimal(got, value) = '\0';
		snprintf(wanted, sizeof(wanted), "%" PRIu64, value);
		assert_string_equal(got, wanted);
		*put_hex(got, value) = '\0';
		snprintf(wanted, sizeof(wanted), "0x%" PRIx64, value);
		assert_string_equal(got, wanted);
		*put_nine_digits(got, (uint32_t)(value % 1000000000)) = '\0';
		snprintf(wanted, sizeof(wanted), "%09" PRIu64, value % 1000000000);
		assert_string_equal(got, wanted);
	}
	*put_decimal(got, UINT64_MAX) = '\0';
	assert_string_equal(got, "18446744073709551615");
	*put_decimal(got, 0) = '\0';
	assert_string_equal(got, "0");
	*put_hex(got, 0) = '\0';
	assert_string_equal(got, "0x0");
}

static void test_time_parse(void **state)
{
	static const struct {
		const char *text;
		enum time_kind kind;
		uint64_t value;
	} good[] = {
		{ "1.5s", TIME_NS, 1500000000 },
		{ "2", TIME_NS, 2000000000 },
		{ "0", TIME_NS, 0 },
		{ "0.000000001", TIME_NS, 1 },
		{ "200ms", TIME_NS, 200000000 },
		{ "1.25us", TIME_NS, 1250 },
		{ "7ns", TIME_NS, 7 },
		{ "2m", TIME_NS, 120000000000 },
		{ "1.000000001s", TIME_NS, 1000000001 },
		{ "18446744073709551615ns", TIME_NS, UINT64_MAX },
		{ "123c", TIME_CYCLES, 123 },
		{ "tsc:5", TIME_TSC, 5 },
		{ "tsc:0xff", TIME_TSC, 255 },
	};
	static const char *const bad[] = { "",
					   "s",
					   "-1",
					   "1.2.3",
					   "1 s",
					   "1h30",
					   "tsc:",
					   "tsc:-1",
					   "tsc:1x",
					   "c",
					   "99999999999999999999c",
					   "1.5c",
					   "18446744073709551616ns",
					   "18446744074s",
					   ".5",
					   "1e3",
					   "0x10c" /* c is a digit there */ };
	struct time_point point;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(time_parse(good[i].text, &point, &error), 0);
		assert_int_equal(point.kind, good[i].kind);
		assert_int_equal(point.value, good[i].value);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(time_parse(bad[i], &point, &error), -EINVAL);
		assert_memory_equal(error.text, bad[i], strlen(bad[i]));
	}
}

static void test_time_resolve(void **state)
{
	struct time_point point = { TIME_NS, 1 };
	struct error error;
	uint64_t tsc;

	(void)state;
	assert_int_equal(time_resolve(&point, 100, 0, &tsc, &error), -EINVAL);
	assert_non_null(strstr(error.text, "--tsc-khz"));
	assert_int_equal(time_resolve(&point, 100, 2500000, &tsc, &error), 0);
	assert_int_equal(tsc, 103); /* 2.5 cycles: the first one not before */
	point.value = UINT64_MAX;
	assert_int_equal(time_resolve(&point, 100, 2500000, &tsc, &error), 0);
	assert_int_equal(tsc, UINT64_MAX);
	point = (struct time_point){ TIME_CYCLES, 7 };
	assert_int_equal(time_resolve(&point, 100, 0, &tsc, &error), 0);
	assert_int_equal(tsc, 107);
	point.kind = TIME_TSC;
	assert_int_equal(time_resolve(&point, 100, 0, &tsc, &error), 0);
	assert_int_equal(tsc, 7);
}

/* Against long arithmetic. */
static void test_tsc_to_ns(void **state)
{
	static const uint64_t khz[] = {
		1, 19200, 1881600, 2500000, 3999999, 20000000, TSC_KHZ_MAX
	};
	uint64_t cycles = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		cycles = cycles * 6364136223846793005ULL + 1442695040888963407ULL;
		for (size_t k = 0; k < sizeof(khz) / sizeof(khz[0]); k++) {
			uint64_t value = cycles >> i % 64;
			unsigned __int128 ns = (unsigned __int128)value * 1000000 / khz[k];

			if (ns < UINT64_MAX - 2000000000)
				assert_true(tsc_to_ns(value, khz[k]) == (uint64_t)ns);
			else
				assert_true(tsc_to_ns(value, khz[k]) >= UINT64_MAX - 2000000000);
		}
	}
}

static void test_event_set(void **state)
{
	static const char *const bad[] = { "",	    "-",	  "vm_exit,", "nothing",
					   "vm_ex", "vm_exit,x*", "0x",	      "0x1000000000000",
					   "12z",   "--timer",	  "vmexit_" };
	struct event_set set;
	struct error error;

	(void)state;
	assert_int_equal(event_set_parse("vm_exit,0x20,77,0x123456789abc", &set, &error), 0);
	assert_true(event_set_has(&set, 0x10) && event_set_has(&set, 0x20) &&
		    event_set_has(&set, 77) && event_set_has(&set, 0x123456789abc));
	assert_false(event_set_has(&set, 0x11));
	assert_int_equal(set.nr, 4);
	for (unsigned int k = 0; k < 2; k++) {
		assert_int_equal(
			event_set_parse(k ? "vmexit" : "vmexit_*,vmexit_cpuid", &set, &error), 0);
		for (unsigned int i = 0; i < nr_trace_events; i++)
			assert_int_equal(event_set_has(&set, trace_events[i].id),
					 strncmp(trace_events[i].name, "vmexit_", 7) == 0);
	}
	/* Starts from all; what comes later holds. */
	assert_int_equal(event_set_parse("-timer,-0x777,timer_irq", &set, &error), 0);
	assert_false(event_set_has(&set, TRACE_TIMER_ADDED) || event_set_has(&set, 0x777));
	assert_true(event_set_has(&set, TRACE_TIMER_IRQ) && event_set_has(&set, 0x778));
	assert_int_equal(event_set_parse("vm_exit,-all,timer", &set, &error), 0);
	assert_int_equal(set.nr, 4);
	assert_false(event_set_has(&set, TRACE_VM_EXIT) || set.others);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(event_set_parse(bad[i], &set, &error), -EINVAL);
	assert_int_equal(event_set_parse("no_such", &set, &error), -EINVAL);
	assert_memory_equal(error.text, "no_such: ", 9);
}

/* A full table says so, and still knows what is in it. */
static void test_event_set_full(void **state)
{
	struct event_set set = { 0 };
	struct error error;

	(void)state;
	for (uint64_t id = 0; id < EVENT_SET_SLOTS / 2; id++)
		assert_int_equal(event_set_add(&set, id * EVENT_SET_SLOTS, &error), 0);
	assert_int_equal(event_set_add(&set, 1, &error), -EINVAL);
	assert_int_equal(event_set_add(&set, 0, &error), 0);
	for (uint64_t id = 0; id < EVENT_SET_SLOTS / 2; id++)
		assert_true(event_set_has(&set, id * EVENT_SET_SLOTS));
	assert_false(event_set_has(&set, 1));
}

static void test_output(void **state)
{
	struct output output;
	struct error error;
	char *room, *got = malloc(3UL * OUTPUT_SIZE);
	FILE *file = tmpfile();
	size_t size = 0;

	(void)state;
	assert_non_null(file);
	assert_non_null(got);
	assert_int_equal(output_open(&output, fileno(file), "file"), 0);
	for (uint64_t i = 0; size < 2UL * OUTPUT_SIZE; i++) {
		room = output_room(&output, PUT_DECIMAL_MAX);
		assert_non_null(room);
		size += (size_t)(put_decimal(room, i) - room);
		output_end(&output, put_decimal(room, i));
	}
	assert_int_equal(output_close(&output, &error), 0);
	assert_int_equal(pread(fileno(file), got, 3UL * OUTPUT_SIZE, 0), size);
	for (uint64_t i = 0, at = 0; at < size; i++) {
		char number[PUT_DECIMAL_MAX];
		size_t length = (size_t)(put_decimal(number, i) - number);

		assert_memory_equal(got + at, number, length);
		at += length;
	}
	free(got);
	fclose(file);
}

/* The first error stays, and nothing is written after it. */
static void test_output_fails(void **state)
{
	int fd = open("/dev/full", O_WRONLY);
	struct output output;
	struct error error;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(output_open(&output, fd, "full"), 0);
	assert_non_null(output_room(&output, OUTPUT_SIZE));
	output_end(&output, output.data + OUTPUT_SIZE);
	assert_null(output_room(&output, 1));
	assert_int_equal(output_close(&output, &error), -ENOSPC);
	assert_string_equal(error.text, "full: cannot write: No space left on device");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),	     cmocka_unit_test(test_other_forms),
		cmocka_unit_test(test_raw),	     cmocka_unit_test(test_lines),
		cmocka_unit_test(test_loss_lines),   cmocka_unit_test(test_csv_json),
		cmocka_unit_test(test_names),	     cmocka_unit_test(test_room),
		cmocka_unit_test(test_numbers),	     cmocka_unit_test(test_time_parse),
		cmocka_unit_test(test_time_resolve), cmocka_unit_test(test_tsc_to_ns),
		cmocka_unit_test(test_event_set),    cmocka_unit_test(test_event_set_full),
		cmocka_unit_test(test_output),	     cmocka_unit_test(test_output_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
