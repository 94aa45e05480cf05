// SPDX-License-Identifier: BSD-3-Clause
/* Raw files as a source: every record comes, in order; files that are cut off; bounded chunks. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/columns.h"
#include "formats/source.h"
#include "formats/stream.h"

/* The i-th record of the file of pCPU: all its bytes follow from both. */
static struct trace_record made_record(uint16_t pcpu, uint64_t i)
{
	struct trace_record record = { .tsc = 1000 + i * 7 };

	record.word = TRACE_WORD(0x10 + i % 2, TRACE_2L, pcpu);
	record.e = i * 0x9e3779b97f4a7c15ULL;
	record.f = ~i;
	return record;
}

/* An unlinked file with that many records and some bytes more, at its start. */
static int make_file(uint16_t pcpu, uint64_t records, size_t bytes_more)
{
	char path[] = "/tmp/test_source_raw-XXXXXX";
	int fd = mkstemp(path);
	FILE *file;

	assert_true(fd >= 0);
	unlink(path);
	file = fdopen(dup(fd), "w");
	assert_non_null(file);
	for (uint64_t i = 0; i < records; i++) {
		struct trace_record record = made_record(pcpu, i);

		assert_int_equal(fwrite(&record, sizeof(record), 1, file), 1);
	}
	for (size_t i = 0; i < bytes_more; i++)
		fputc('x', file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Reads the source to its end and checks each record; returns what ended it. */
static int read_all(struct source *source, uint64_t seen[2], struct error *error)
{
	struct trace_item item;
	int rc;

	seen[0] = seen[1] = 0;
	while ((rc = source_next(source, &item, error)) == 0 && item.kind != ITEM_END) {
		const struct trace_columns *c = &item.columns;
		uint32_t used[16] = { 0 };

		assert_int_equal(item.kind, ITEM_TRACE);
		assert_true(c->count >= 1 && c->count <= CHUNK_RECORDS && c->words <= 16);
		for (uint32_t i = 0; i < c->count; i++) {
			uint16_t w = c->word_of[i];
			uint32_t n = used[w]++;
			struct trace_record wanted = made_record(c->pcpu, seen[c->pcpu]++);

			assert_true(c->tsc[i] == wanted.tsc && c->word[w] == wanted.word &&
				    c->payload[w].e[n] == wanted.e &&
				    c->payload[w].f[n] == wanted.f);
		}
	}
	return rc;
}

static struct source *open_two(uint64_t first, size_t more, uint64_t second,
			       const struct source_filter *filter)
{
	const struct raw_file files[] = {
		{ make_file(0, first, more), 0, "zero" },
		{ make_file(1, second, 0), 1, "one" },
	};
	struct stream_header header = { .nr_pcpus = 2, .pcpus = { 0, 1 }, .tsc_khz = 123 };
	struct source *source;
	struct error error;

	assert_int_equal(source_open_raw(&source, files, 2, &header, filter, &error), 0);
	assert_int_equal(source->header->tsc_khz, 123);
	assert_false(source->loss_counted);
	return source;
}

static void test_all_records(void **state)
{
	static const uint64_t counts[] = {
		0, 1, CHUNK_RECORDS - 1, CHUNK_RECORDS, CHUNK_RECORDS + 1, 3 * CHUNK_RECORDS + 5
	};
	const struct source_filter all = { .payload = true };
	struct trace_item item;
	struct error error;
	uint64_t seen[2];

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct source *source = open_two(counts[i], 0, 10, &all);

		assert_int_equal(read_all(source, seen, &error), 0);
		assert_int_equal(seen[0], counts[i]);
		assert_int_equal(seen[1], 10);
		/* The end stays the end. */
		assert_int_equal(source_next(source, &item, &error), 0);
		assert_int_equal(item.kind, ITEM_END);
		source_close(source);
	}
}

static void test_one_pcpu(void **state)
{
	const struct source_filter filter = { .one_pcpu = true, .pcpu = 1 };
	struct source *source = open_two(100, 5, 10, &filter);
	struct error error;
	uint64_t seen[2];

	(void)state;
	assert_int_equal(read_all(source, seen, &error), 0);
	assert_int_equal(seen[0], 0);
	assert_int_equal(seen[1], 10);
	source_close(source);
}

static void test_cut_off(void **state)
{
	static const uint64_t counts[] = { 0, 7, CHUNK_RECORDS };
	const struct source_filter all = { .payload = true };
	struct trace_item item;

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		for (size_t more = 1; more < sizeof(struct trace_record); more += 10) {
			struct source *source = open_two(counts[i], more, 10, &all);
			struct error error = { "" };
			uint64_t seen[2];
			char bytes[16];

			assert_int_equal(read_all(source, seen, &error), -EINVAL);
			assert_int_equal(seen[0], counts[i]);
			snprintf(bytes, sizeof(bytes), " %zu bytes", more);
			assert_non_null(strstr(error.text, "zero: ends inside a record"));
			assert_non_null(strstr(error.text, bytes));
			/* After an error there is nothing more. */
			assert_int_equal(source_next(source, &item, &error), 0);
			assert_int_equal(item.kind, ITEM_END);
			source_close(source);
		}
	}
}

/* A pipe gives what it has in pieces of any size. */
static void test_pipe_in_pieces(void **state)
{
	const struct source_filter all = { .payload = true };
	const struct stream_header header = { .nr_pcpus = 1 };
	struct source *source;
	struct error error;
	uint64_t seen[2];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	for (uint64_t i = 0; i < 1000; i++) {
		struct trace_record record = made_record(0, i);
		size_t half = i % sizeof(record);

		assert_int_equal(write(fds[1], &record, half), half);
		assert_int_equal(write(fds[1], (char *)&record + half, sizeof(record) - half),
				 sizeof(record) - half);
	}
	close(fds[1]);
	assert_int_equal(source_open_raw(&source, &(struct raw_file){ fds[0], 0, "pipe" }, 1,
					 &header, &all, &error),
			 0);
	assert_int_equal(read_all(source, seen, &error), 0);
	assert_int_equal(seen[0], 1000);
	source_close(source);
}

static void test_unreadable(void **state)
{
	const struct source_filter all = { .payload = true };
	const struct stream_header header = { .nr_pcpus = 1 };
	const struct raw_file file = { open("/", O_RDONLY), 0, "root" };
	struct trace_item item;
	struct source *source;
	struct error error;

	(void)state;
	assert_int_equal(source_open_raw(&source, &file, 1, &header, &all, &error), 0);
	assert_int_equal(source_next(source, &item, &error), -EISDIR);
	assert_string_equal(error.text, "root: cannot be read: Is a directory");
	source_close(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_records), cmocka_unit_test(test_one_pcpu),
		cmocka_unit_test(test_cut_off),	    cmocka_unit_test(test_pipe_in_pieces),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
