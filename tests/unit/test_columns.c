// SPDX-License-Identifier: BSD-3-Clause
/* Columns give back any records, as they are and through the messages of a stream. */
#include <errno.h>

#include "formats/columns_code.h"
#include "formats/stream_layout.h"
#include "tests/unit/stream_support.h"

static struct columns_buffer *split_buffer, *decode_buffer;
static struct columns_encoder *encoder;
static uint8_t *packed;

static int set_up(void **state)
{
	(void)state;
	split_buffer = columns_buffer_new();
	decode_buffer = columns_buffer_new();
	encoder = columns_encoder_new();
	packed = malloc(STREAM_FRAME_MAX);
	return !split_buffer || !decode_buffer || !encoder || !packed;
}

static int tear_down(void **state)
{
	(void)state;
	columns_buffer_free(split_buffer);
	columns_buffer_free(decode_buffer);
	columns_encoder_free(encoder);
	free(packed);
	return 0;
}

static const uint32_t counts[] = { 1, 2, 3, 31, 257, 1023, 1024, 1025, 5000, CHUNK_RECORDS };
#define NR_COUNTS (sizeof(counts) / sizeof(counts[0]))

static void check_joined(const struct trace_columns *columns, const struct trace_record *records,
			 uint32_t count)
{
	struct trace_record *joined = calloc(count, sizeof(*joined));

	assert_non_null(joined);
	assert_int_equal(columns->count, count);
	assert_int_equal(columns_join(columns, joined), 0);
	assert_memory_equal(joined, records, count * sizeof(*records));
	free(joined);
}

static void check_split_join(const struct trace_record *records, uint32_t count)
{
	struct trace_columns columns;

	assert_int_equal(columns_split(split_buffer, 9, records, count, &columns), 0);
	assert_int_equal(columns.pcpu, 9);
	check_joined(&columns, records, count);
}

/* Through messages as they stand in a stream: packed, and unpacked again. */
static void check_code(const struct trace_record *records, uint32_t count)
{
	struct trace_columns columns, decoded;
	Acrnscope__TraceChunk trace, *trace_read;
	Acrnscope__TracePayload payload, *payload_read;
	size_t size;
	struct error error;

	assert_int_equal(columns_split(split_buffer, 9, records, count, &columns), 0);
	columns_encode_trace(encoder, &columns, &trace);
	size = acrnscope__trace_chunk__get_packed_size(&trace);
	assert_true(size < STREAM_FRAME_MAX - 32);
	acrnscope__trace_chunk__pack(&trace, packed);
	trace_read = acrnscope__trace_chunk__unpack(NULL, size, packed);
	assert_non_null(trace_read);
	assert_int_equal(columns_decode_trace(decode_buffer, trace_read, &decoded, &error), 0);
	assert_int_equal(columns_join(&decoded, (struct trace_record *)packed), -EINVAL);

	columns_encode_payload(encoder, &columns, &payload);
	size = acrnscope__trace_payload__get_packed_size(&payload);
	assert_true(size < STREAM_FRAME_MAX - 32);
	acrnscope__trace_payload__pack(&payload, packed);
	payload_read = acrnscope__trace_payload__unpack(NULL, size, packed);
	assert_non_null(payload_read);
	assert_int_equal(columns_decode_payload(decode_buffer, payload_read, &error), 0);
	check_joined(&decoded, records, count);
	acrnscope__trace_chunk__free_unpacked(trace_read, NULL);
	acrnscope__trace_payload__free_unpacked(payload_read, NULL);
}

static void for_all_records(void (*check)(const struct trace_record *, uint32_t))
{
	for (int kind = 0; kind < NR_RECORDS_KINDS; kind++)
		for (size_t i = 0; i < NR_COUNTS; i++) {
			struct trace_record *records = make_records(kind, counts[i], i + 1);

			check(records, counts[i]);
			free(records);
		}
	for (unsigned int pcpu = 0; pcpu < 2; pcpu++) {
		uint32_t count;
		struct trace_record *records = load_sample(pcpu, &count);

		check(records, count);
		free(records);
	}
}

static void test_split_join(void **state)
{
	(void)state;
	for_all_records(check_split_join);
}

static void test_code(void **state)
{
	(void)state;
	for_all_records(check_code);
}

static void test_split_refuses(void **state)
{
	struct trace_record record = { 0 };
	struct trace_columns columns;

	(void)state;
	assert_int_equal(columns_split(split_buffer, 0, &record, 0, &columns), -EINVAL);
	assert_int_equal(columns_split(split_buffer, 0, &record, CHUNK_RECORDS + 1, &columns),
			 -EINVAL);
}

/* What every report needs is in the first frame, and only that. */
static void test_core_payload(void **state)
{
	uint32_t count;
	struct trace_record *records = load_sample(0, &count);
	struct trace_columns columns, decoded;
	Acrnscope__TraceChunk trace;
	struct error error;

	(void)state;
	assert_int_equal(columns_split(split_buffer, 0, records, count, &columns), 0);
	columns_encode_trace(encoder, &columns, &trace);
	assert_int_equal(columns_decode_trace(decode_buffer, &trace, &decoded, &error), 0);
	for (uint32_t w = 0; w < decoded.words; w++) {
		uint64_t event = TRACE_WORD_EVENT(decoded.word[w]);
		bool core = event == TRACE_VM_EXIT || event == TRACE_VM_ENTER ||
			    event == TRACE_SCHED_NEXT;

		assert_int_equal(decoded.payload[w].e != NULL, core);
		assert_null(decoded.payload[w].f);
		if (core)
			assert_memory_equal(decoded.payload[w].e, columns.payload[w].e,
					    8UL * columns.payload[w].count);
	}
	free(records);
}

/* Each of these changes one thing in a good message; each must be refused, with a reason. */
static void break_trace(unsigned int how, Acrnscope__TraceChunk *trace)
{
	static uint8_t zeros[2 * 300];
	static uint64_t values[1];
	Acrnscope__Planes *planes;

	switch (how) {
	case 0:
		trace->count = 0;
		break;
	case 1:
		trace->count = CHUNK_RECORDS + 1;
		break;
	case 2:
		trace->count--;
		break;
	case 3:
		trace->n_word = 0;
		break;
	case 4:
		trace->n_word--;
		break;
	case 5:
		trace->n_word = 301;
		break;
	case 6:
		trace->tsc = NULL;
		break;
	case 7:
		trace->tsc->mask |= 0x100;
		break;
	case 8:
		trace->tsc->bytes.len--;
		break;
	case 9:
		trace->word_of = NULL;
		break;
	case 10:
		trace->word_of->bytes.data[299] = 200;
		break;
	case 11: /* two planes, with a high byte */
		trace->word_of->mask = 3;
		trace->word_of->bytes.data = memset(zeros, 0, sizeof(zeros));
		trace->word_of->bytes.len = sizeof(zeros);
		zeros[599] = 1;
		break;
	case 12:
		trace->word_of->origin = UINT64_MAX;
		break;
	case 13:
		trace->column[0]->word = 99;
		break;
	case 14:
		trace->column[0]->word = trace->column[1]->word;
		break;
	case 15:
		trace->n_column--;
		break;
	case 16:
		trace->column[0]->e->bytes.len++;
		break;
	case 17:
		trace->pcpu = 65536;
		break;
	case 18:
	case 19:
	case 20: /* more numbers than values */
		planes = how == 18 ? trace->tsc : how == 19 ? trace->word_of : trace->column[0]->e;
		planes->value = values;
		planes->n_value = 1;
		break;
	default:
		trace->column[1]->e = NULL;
	}
}

static void test_trace_refused(void **state)
{
	struct trace_record *records = make_records(RECORDS_PLAIN, 300, 1);
	struct trace_columns columns, decoded;
	Acrnscope__TraceChunk trace;

	(void)state;
	assert_int_equal(columns_split(split_buffer, 0, records, 300, &columns), 0);
	for (unsigned int how = 0; how <= 21; how++) {
		struct error error = { "" };

		columns_encode_trace(encoder, &columns, &trace);
		assert_int_equal(columns_decode_trace(decode_buffer, &trace, &decoded, &error), 0);
		break_trace(how, &trace);
		assert_int_equal(columns_decode_trace(decode_buffer, &trace, &decoded, &error),
				 -EINVAL);
		assert_true(strlen(error.text) > 10);
	}
	free(records);
}

static void break_payload(unsigned int how, Acrnscope__TracePayload *payload)
{
	switch (how) {
	case 0:
		payload->n_column--;
		break;
	case 1:
		payload->column[0]->f = NULL;
		break;
	case 2:
		payload->column[0]->f->bytes.len--;
		break;
	case 3:
		payload->column[0]->f->mask = 0x1ff;
		break;
	case 4:
		payload->column[0]->word = 5;
		break;
	case 5: /* e of a vm_exit a second time */
		payload->column[0]->e = payload->column[0]->f;
		break;
	default:
		payload->column[1]->word = 0;
	}
}

static void test_payload_refused(void **state)
{
	struct trace_record *records = make_records(RECORDS_PLAIN, 300, 1);
	struct trace_columns columns, decoded;
	Acrnscope__TraceChunk trace;
	Acrnscope__TracePayload payload;

	(void)state;
	records[0].word = TRACE_WORD(TRACE_VM_EXIT, TRACE_2L, 3);
	assert_int_equal(columns_split(split_buffer, 0, records, 300, &columns), 0);
	for (int how = -1; how <= 6; how++) {
		struct error error = { "" };

		columns_encode_trace(encoder, &columns, &trace);
		assert_int_equal(columns_decode_trace(decode_buffer, &trace, &decoded, &error), 0);
		columns_encode_payload(encoder, &columns, &payload);
		if (how >= 0)
			break_payload((unsigned int)how, &payload);
		assert_int_equal(columns_decode_payload(decode_buffer, &payload, &error),
				 how < 0 ? 0 : -EINVAL);
		assert_true(how < 0 || strlen(error.text) > 10);
	}
	free(records);
}

/* Values given in other ways than the writer's own: the format allows them. */
static void test_other_writers(void **state)
{
	struct trace_record records[4] = {
		{ .tsc = 10 }, { .tsc = 11 }, { .tsc = 12 }, { .tsc = 13 }
	};
	uint8_t low[] = { 1, 0, 255, 0 }, steps[] = { 1, 0, 0, 0 };
	uint64_t numbers[] = { 1, 0 };
	struct trace_columns columns, decoded;
	Acrnscope__TraceChunk trace;
	struct error error;

	(void)state;
	records[1].word = 1;
	assert_int_equal(columns_split(split_buffer, 0, records, 4, &columns), 0);
	columns_encode_trace(encoder, &columns, &trace);
	trace.tsc->delta = false;
	trace.tsc->mask = 2;
	trace.tsc->bytes.data = low;
	trace.tsc->bytes.len = 4;
	trace.tsc->origin = UINT64_MAX;
	trace.word_of->delta = true;
	trace.word_of->mask = 1;
	trace.word_of->bytes.data = steps;
	trace.word_of->value = numbers;
	trace.word_of->n_value = 2;
	assert_int_equal(columns_decode_trace(decode_buffer, &trace, &decoded, &error), 0);
	assert_int_equal(decoded.tsc[0], 255);
	assert_int_equal(decoded.tsc[1], UINT64_MAX);
	assert_int_equal(decoded.tsc[2], 0xfeff);
	for (int i = 0; i < 4; i++)
		assert_int_equal(decoded.word_of[i], 0);
	assert_int_equal(decoded.payload[1].count, 0);
	assert_int_equal(decoded.payload[0].count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_join),    cmocka_unit_test(test_code),
		cmocka_unit_test(test_split_refuses), cmocka_unit_test(test_core_payload),
		cmocka_unit_test(test_trace_refused), cmocka_unit_test(test_payload_refused),
		cmocka_unit_test(test_other_writers),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
