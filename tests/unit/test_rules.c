// SPDX-License-Identifier: BSD-3-Clause
/* Upstream's rule files: what good rules print, and what is said of bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "formats/rules.h"

static int read_rules(struct rules **rules, const char *text, size_t size, struct error *error)
{
	int fd = memfd_create("rules", 0), err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	lseek(fd, 0, SEEK_SET);
	err = rules_read(rules, fd, "file", error);
	close(fd);
	return err;
}

/* The record by that text of rules. */
static void assert_prints(const char *text, const struct trace_record *record, const char *wanted)
{
	char line[RULES_LINE_MAX], *end;
	struct rules *rules;
	struct error error;

	assert_int_equal(read_rules(&rules, text, strlen(text), &error), 0);
	end = rules_record(rules, line, 5, record);
	assert_true(end > line && end[-1] == '\n');
	end[-1] = '\0';
	assert_string_equal(line, wanted);
	rules_free(rules);
}

static const struct trace_record two = {
	.tsc = 987654321, .word = TRACE_WORD(0x10004, TRACE_2L, 5), .e = 0x1a, .f = UINT64_MAX
};
static const struct trace_record four = { .tsc = 7,
					  .word = TRACE_WORD(0x1001e, TRACE_4I, 5),
					  .i = { 1, 22, 333, 4444 } };
static const struct trace_record text16 = { .tsc = 7,
					    .word = TRACE_WORD(0x20, TRACE_16STR, 5),
					    .str = "vm0:\x01vm1" };

static void test_values(void **state)
{
	(void)state;
	assert_prints("0x00010004 CPU%(cpu)d 0x%(event)016x %(tsc)d [%(1)d %(2)d]", &two,
		      "CPU5 0x0000000000010004 987654321 [26 18446744073709551615]");
	assert_prints("65540 %(1)x %(1)X %(1)o %(2)016x %(1)u %(1)i\n", &two,
		      "1a 1A 32 ffffffffffffffff 26 26");
	assert_prints("0x1001e %(1)d %(2)d %(3)d %(4)d\n", &four, "1 22 333 4444");
	assert_prints("0x20 <%(1)c%(2)c%(3)c%(4)c%(5)c%(6)c%(7)c%(8)c%(9)c%(15)c>\n", &text16,
		      "<vm0:.vm1>");
	assert_prints("0x20 %(1)d %(16)d\n", &text16, "118 0");
}

static void test_widths(void **state)
{
	(void)state;
	assert_prints("0x10004 [%(1)5d][%(1)-5d][%(1)05d][%(1)+d][%(1)+05d][%(1) d]", &two,
		      "[   26][26   ][00026][+26][+0026][ 26]");
	assert_prints("0x10004 [%(1)#x][%(1)#8x][%(1)#08x][%(1)#X][%(1)#o]", &two,
		      "[0x1a][    0x1a][0x00001a][0X1A][0o32]");
	assert_prints("0x20 [%(1)3c][%(1)-3c]", &text16, "[  v][v  ]");
	assert_prints("0x10004 %(2)2x", &two, "ffffffffffffffff");
}

static void test_text(void **state)
{
	(void)state;
	assert_prints("\n# comment %( \n  # more\n0x10004 100%% a\\tb \\\\ \\\"q\\\" \\z\r\n", &two,
		      "100% a\tb \\ \"q\" \\z");
	assert_prints("0x10004 first\n0x10004\tlast one counts", &two, "last one counts");
}

/* Without a rule, or with one that asks for more than the record has. */
static void test_without(void **state)
{
	static const char raw[] = "CPU5 0x0000000000010004 987654321 n_data=2 "
				  "data=1a00000000000000ffffffffffffffff";
	struct trace_record odd = two;

	(void)state;
	assert_prints("", &two, raw);
	assert_prints("0x10005 something", &two, raw);
	assert_prints("0x10004 %(3)d", &two, raw);
	assert_prints("0x10004 %(2)x", &two, "ffffffffffffffff");
	odd.word = TRACE_WORD(0x10004, 77, 5);
	assert_prints("0x10004 no values", &odd, "no values");
	assert_prints("0x10004 %(1)d", &odd,
		      "CPU5 0x0000000000010004 987654321 n_data=77 "
		      "data=1a00000000000000ffffffffffffffff");
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "# one\n\nvm_exit x\n",
		  "file:3: a rule begins with the id of an event, as in 0x10004: vm_exit x" },
		{ "0x1000000000000 x", "file:1: a rule begins with the id of an event, as in "
				       "0x10004: 0x1000000000000 x" },
		{ "0x x", "file:1: a rule begins with the id of an event, as in 0x10004: 0x x" },
		{ "0x1", "file:1: an id without a text: 0x1" },
		{ "0x1  ", "file:1: an id without a text: 0x1" },
		{ "0x1 %d", "file:1: % must be followed by (NAME) or %: %d" },
		{ "0x1 50%", "file:1: % must be followed by (NAME) or %: %" },
		{ "0x1 %(cpu", "file:1: a value's name without its ): %(cpu" },
		{ "0x1 %(", "file:1: a value's name without its ): %(" },
		{ "0x1 %(foo)d",
		  "file:1: no such value; there are cpu, tsc, event and 1 to 16: %(foo)d" },
		{ "0x1 %(0)d",
		  "file:1: no such value; there are cpu, tsc, event and 1 to 16: %(0)d" },
		{ "0x1 %(17)d",
		  "file:1: no such value; there are cpu, tsc, event and 1 to 16: %(17)d" },
		{ "0x1 %()d",
		  "file:1: no such value; there are cpu, tsc, event and 1 to 16: %()d" },
		{ "0x1 %(1)s", "file:1: no conversion; there are d i u x X o c: %(1)s" },
		{ "0x1 %(1)", "file:1: no conversion; there are d i u x X o c: %(1)" },
		{ "0x1 %(1)65d", "file:1: a width over 64: %(1)65d" },
	};
	struct rules *rules;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_rules(&rules, cases[i].text, strlen(cases[i].text), &error),
				 -EINVAL);
		assert_string_equal(error.text, cases[i].error);
	}
	assert_int_equal(read_rules(&rules, "0x1 a\0b", 7, &error), -EINVAL);
	assert_string_equal(error.text, "file:1: no text: a NUL");
}

/* The longest line of rules that is taken prints within RULES_LINE_MAX, and a longer one is not. */
static void test_long(void **state)
{
	char *text = malloc(300000), *line = malloc(RULES_LINE_MAX);
	struct rules *rules;
	struct error error;
	size_t size = 0;

	(void)state;
	assert_non_null(text);
	assert_non_null(line);
	size += (size_t)sprintf(text, "0x10004 ");
	for (int i = 0; i < 248; i++)
		size += (size_t)sprintf(text + size, "%%(2)#64x");
	assert_int_equal(read_rules(&rules, text, size, &error), 0);
	assert_int_equal(rules_record(rules, line, 5, &two) - line, 248 * 64 + 1);
	rules_free(rules);
	size += (size_t)sprintf(text + size, "%%(2)#64x");
	assert_int_equal(read_rules(&rules, text, size, &error), -EINVAL);
	assert_non_null(strstr(error.text, "file:1: the rule is too long"));
	memset(text, '#', 300000);
	assert_int_equal(read_rules(&rules, text, 300000, &error), -EINVAL);
	assert_non_null(strstr(error.text, "file: no rule file"));
	free(text);
	free(line);
}

static void test_unreadable(void **state)
{
	struct rules *rules;
	struct error error;

	(void)state;
	assert_int_equal(rules_read(&rules, -1, "file", &error), -EBADF);
	assert_string_equal(error.text, "file: cannot read: Bad file descriptor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	   cmocka_unit_test(test_widths),
		cmocka_unit_test(test_text),	   cmocka_unit_test(test_without),
		cmocka_unit_test(test_bad),	   cmocka_unit_test(test_long),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
