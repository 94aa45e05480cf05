// SPDX-License-Identifier: BSD-3-Clause
/* Every field and structure of formats/abi lies where tests/data/layout.tsv and sizes.tsv say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/abi/cpuid.h"
#include "formats/abi/device.h"
#include "formats/abi/hypercall.h"
#include "formats/abi/ioreq.h"
#include "formats/abi/log.h"
#include "formats/abi/profiling.h"
#include "formats/abi/sbuf.h"
#include "formats/abi/trace.h"
#include "formats/abi/vm.h"

static unsigned int fields, structs;

#define CHECK_STRUCT(s, bytes)                             \
	do {                                               \
		assert_int_equal(sizeof(struct s), bytes); \
		structs++;                                 \
	} while (0);
#define CHECK_FIELD(s, field, offset, bytes)                             \
	do {                                                             \
		assert_int_equal(offsetof(struct s, field), offset);     \
		assert_int_equal(sizeof(((struct s *)0)->field), bytes); \
		fields++;                                                \
	} while (0);
#define CHECK_TYPE(s, field, type) \
	_Static_assert(_Generic(((struct s *)0)->field, type : 1, default : 0), #s "." #field);
/* A bit-field of 56 bits from bit 8 of the first u64. */
#define CHECK_BITS(s, field, bits, first)                                  \
	do {                                                               \
		struct s object;                                           \
		uint64_t word;                                             \
		memset(&object, 0, sizeof(object));                        \
		object.field = (1ULL << (bits)) - 1;                       \
		memcpy(&word, &object, sizeof(word));                      \
		assert_int_equal(word, ((1ULL << (bits)) - 1) << (first)); \
		fields++;                                                  \
	} while (0);

static void test_layout(void **state)
{
	(void)state;
#include "tests/layout_checks.h"
	assert_int_equal(fields, 300);
	assert_int_equal(structs, 58);
}

static void test_trace_word(void **state)
{
	uint64_t word = TRACE_WORD(0x1001e, TRACE_4I, 3);

	(void)state;
	assert_int_equal(sizeof(struct trace_record), 32);
	assert_int_equal(word, 0x030400000001001eULL);
	assert_int_equal(TRACE_WORD_EVENT(word), 0x1001e);
	assert_int_equal(TRACE_WORD_N_DATA(word), 4);
	assert_int_equal(TRACE_WORD_PCPU(word), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_trace_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
