// SPDX-License-Identifier: BSD-3-Clause
/* What is written to a stream is read from it again, by whichever way. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "tests/unit/stream_truth.h"

static const struct source_filter everything = { .payload = true }, core = { 0 };

static void test_round_trip(void **state)
{
	struct truth *truths[] = { small_truth(), long_truth(true), truth_new(), truth_new() };
	struct error error;
	unsigned int given;

	(void)state;
	for (int kind = 0; kind < NR_RECORDS_KINDS; kind++)
		plan_chunk(truths[3], 3, kind, CHUNK_RECORDS);
	for (int i = 0; i < 4; i++) {
		int fd = memfd_create("round", 0);

		write_truth(truths[i], fd, true);
		for (int payload = 0; payload < 2; payload++) {
			lseek(fd, 0, SEEK_SET);
			assert_int_equal(read_truth(truths[i], dup(fd),
						    payload ? &everything : &core, &given, &error),
					 0);
			assert_int_equal(given, truths[i]->nr_items);
		}
		truth_free(truths[i]);
		close(fd);
	}
}

static void test_sample(void **state)
{
	struct truth *truth = truth_new();
	struct error error;
	unsigned int given;
	int fd = memfd_create("sample", 0);

	(void)state;
	for (uint16_t pcpu = 0; pcpu < 2; pcpu++) {
		struct truth_item *item = &truth->items[truth->nr_items++];

		item->records = load_sample(pcpu, &item->count);
		item->pcpu = pcpu;
	}
	write_truth(truth, fd, true);
	/* what the project has promised: 3.2 bytes an event */
	assert_true(lseek(fd, 0, SEEK_END) * 10 <
		    32L * (truth->items[0].count + truth->items[1].count));
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(read_truth(truth, fd, &everything, &given, &error), 0);
	assert_int_equal(given, 2);
	truth_free(truth);
}

/* Every level gives the same records; a level that does not exist is refused. */
static void test_levels(void **state)
{
	static const int levels[] = { 1, 2, 3, 19 };
	struct truth *truth = small_truth();
	struct stream_writer *writer;
	struct error error;
	unsigned int given;

	(void)state;
	for (int i = 0; i < 4; i++) {
		int fd = memfd_create("level", 0);

		assert_int_equal(stream_writer_open(&writer, fd, levels[i], &truth->header, &error),
				 0);
		for (unsigned int k = 0; k < truth->nr_items; k++)
			assert_int_equal(write_item(writer, &truth->items[k], &error), 0);
		assert_int_equal(stream_writer_close(writer, "", &error), 0);
		lseek(fd, 0, SEEK_SET);
		assert_int_equal(read_truth(truth, fd, &everything, &given, &error), 0);
		assert_int_equal(given, truth->nr_items);
	}
	assert_int_equal(stream_writer_open(&writer, 1, 0, &truth->header, &error), -EINVAL);
	assert_int_equal(stream_writer_open(&writer, 1, 20, &truth->header, &error), -EINVAL);
	truth_free(truth);
}

/* Two readers over one open file, whose offset they share, from a place that is not its start. */
static void test_shared_offset(void **state)
{
	struct truth *truth = long_truth(true);
	struct source *sources[2];
	struct trace_item item;
	struct error error;
	unsigned int items[2] = { 0 }, at[2] = { 0 };
	int fd = memfd_create("shared", 0);

	(void)state;
	assert_int_equal(write(fd, "something before", 16), 16);
	write_truth(truth, fd, true);
	lseek(fd, 16, SEEK_SET);
	for (int i = 0; i < 2; i++) {
		struct source_filter filter = { .one_pcpu = true, .pcpu = i ? 700 : 3 };

		assert_int_equal(source_open_stream(&sources[i], dup(fd), "FILE", &filter, &error),
				 0);
	}
	for (int done = 0, i = 0; done != 3; i ^= 1) {
		if (done & 1 << i)
			continue;
		assert_int_equal(source_next(sources[i], &item, &error), 0);
		if (item.kind == ITEM_END) {
			done |= 1 << i;
			continue;
		}
		while (truth->items[at[i]].pcpu != (i ? 700 : 3))
			at[i]++;
		check_item(&item, &truth->items[at[i]++], false);
		items[i]++;
	}
	assert_int_equal(items[0] + items[1], truth->nr_items);
	source_close(sources[0]);
	source_close(sources[1]);
	close(fd);
	truth_free(truth);
}

/* A reader for some of it gives that all, by the index and by walking over a stream without one. */
static void test_one_pcpu(void **state)
{
	struct truth *truth = long_truth(true);
	struct error error;

	(void)state;
	for (int end = 0; end < 2; end++) {
		int fd = memfd_create("filter", 0);

		write_truth(truth, fd, end);
		for (uint16_t pcpu = 0; pcpu < 800; pcpu += 1 + 349 * (pcpu > 0)) {
			for (int payload = 0; payload < 2; payload++) {
				struct source_filter filter = { payload, true, pcpu, 0, 0 };
				unsigned int given, expected = 0;

				for (unsigned int i = 0; i < truth->nr_items; i++)
					expected += truth->items[i].pcpu == pcpu;
				lseek(fd, 0, SEEK_SET);
				assert_int_equal(
					read_truth(truth, dup(fd), &filter, &given, &error),
					end ? 0 : -ENODATA);
				assert_int_equal(given, expected);
			}
		}
		close(fd);
	}
	truth_free(truth);
}

static bool in_span(const struct truth_item *item, uint64_t from, uint64_t to)
{
	uint64_t min = UINT64_MAX, max = 0;

	for (uint32_t i = 0; i < item->count; i++) {
		uint64_t tsc = item->records[i].tsc;

		min = tsc < min ? tsc : min;
		max = tsc > max ? tsc : max;
	}
	return !item->count || (max >= from && (!to || min <= to));
}

static void test_time_span(void **state)
{
	struct truth *truth = long_truth(true);
	uint64_t middle = truth->items[600].records[0].tsc;
	const struct source_filter filters[] = {
		{ .from_tsc = middle },
		{ .to_tsc = middle, .payload = true },
		{ .from_tsc = middle, .to_tsc = middle },
		{ .from_tsc = 1, .to_tsc = 2 },
	};
	int fd = memfd_create("span", 0);

	(void)state;
	write_truth(truth, fd, true);
	for (int i = 0; i < 4; i++) {
		struct source *source;
		struct trace_item item;
		struct error error;
		unsigned int at = 0;

		lseek(fd, 0, SEEK_SET);
		assert_int_equal(source_open_stream(&source, dup(fd), "FILE", &filters[i], &error),
				 0);
		for (;;) {
			while (at < truth->nr_items &&
			       !in_span(&truth->items[at], filters[i].from_tsc, filters[i].to_tsc))
				at++;
			assert_int_equal(source_next(source, &item, &error), 0);
			if (item.kind == ITEM_END)
				break;
			assert_true(at < truth->nr_items);
			check_item(&item, &truth->items[at++], filters[i].payload);
		}
		assert_int_equal(at, truth->nr_items);
		source_close(source);
	}
	close(fd);
	truth_free(truth);
}

static void check_info(const struct truth *truth, const struct stream_info *info)
{
	struct stream_pcpu_info sums[2] = { { .pcpu = 3, .first_tsc = UINT64_MAX },
					    { .pcpu = 700, .first_tsc = UINT64_MAX } };

	for (unsigned int i = 0; i < truth->nr_items; i++) {
		const struct truth_item *item = &truth->items[i];
		struct stream_pcpu_info *sum = &sums[item->pcpu == 700];

		sum->records += item->count;
		sum->gaps += item->count == 0;
		sum->lost += item->loss.count;
		sum->lost_unknown |= item->loss.unknown;
		for (uint32_t k = 0; k < item->count; k++) {
			uint64_t tsc = item->records[k].tsc;

			sum->first_tsc = tsc < sum->first_tsc ? tsc : sum->first_tsc;
			sum->last_tsc = tsc > sum->last_tsc ? tsc : sum->last_tsc;
		}
	}
	assert_int_equal(info->nr_pcpus, 2);
	for (unsigned int i = 0; i < 2; i++) {
		const struct stream_pcpu_info *sum = &sums[info->pcpu[i].pcpu == 700];

		assert_int_equal(info->pcpu[i].pcpu, sum->pcpu);
		assert_int_equal(info->pcpu[i].records, sum->records);
		assert_int_equal(info->pcpu[i].first_tsc, sum->first_tsc);
		assert_int_equal(info->pcpu[i].last_tsc, sum->last_tsc);
		assert_int_equal(info->pcpu[i].lost, sum->lost);
		assert_int_equal(info->pcpu[i].lost_unknown, sum->lost_unknown);
		assert_int_equal(info->pcpu[i].gaps, sum->gaps);
	}
}

static void test_info(void **state)
{
	struct truth *truths[] = { small_truth(), long_truth(true) };
	struct stream_info info;
	struct error error;

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct truth *truth = truths[i & 1];
		bool end = i & 2, check = i & 4;
		int fd = memfd_create("info", 0);

		write_truth(truth, fd, end);
		lseek(fd, 0, SEEK_SET);
		assert_int_equal(stream_read_info(fd, "FILE", check, &info, &error),
				 end ? 0 : -ENODATA);
		check_info(truth, &info);
		assert_int_equal(info.complete, end);
		assert_int_equal(info.file_bytes, lseek(fd, 0, SEEK_END));
		assert_string_equal(info.end_reason, end ? "it was time" : "");
		assert_memory_equal(&info.header, &truth->header, sizeof(info.header));
		close(fd);
	}
	truth_free(truths[0]);
	truth_free(truths[1]);
}

/* Strings of any bytes make a header that any reader of protobuf takes. */
static void test_header_text(void **state)
{
	struct truth *truth = small_truth();
	struct stream_info info;
	struct error error;
	int fd = memfd_create("text", 0);

	(void)state;
	strcpy(truth->header.command,
	       "a\xff\xc3\x28 \xc3\xa4 \xe2\x82\xac \xed\xa0\x80 \x1b[1m\xe2\x82");
	write_truth(truth, fd, true);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(stream_read_info(fd, "FILE", true, &info, &error), 0);
	assert_string_equal(info.header.command, "a?"
						 "?( \xc3\xa4 \xe2\x82\xac ?"
						 "?? ?[1m?"
						 "?");
	close(fd);
	truth_free(truth);
}

/* Rings that cannot count: what is lost is unknown, with or without an index, and never 0. */
static void test_uncounted(void **state)
{
	struct trace_record *records = make_records(RECORDS_PLAIN, 10, 1);
	struct stream_header header;
	struct error error;

	(void)state;
	truth_header(&header);
	for (int i = 0; i < 4; i++) {
		bool uncounted = i & 1, end = i & 2;
		int fd = memfd_create("uncounted", 0);
		struct stream_writer *writer;
		struct stream_totals totals;
		struct stream_info info;
		struct source *source;
		struct trace_item item;

		assert_int_equal(stream_writer_open(&writer, fd, 1, &header, &error), 0);
		if (uncounted)
			stream_writer_loss_unknown(writer, 3);
		assert_int_equal(stream_write_trace(writer, 3, records, 10, &error), 0);
		stream_writer_totals(writer, 3, &totals);
		assert_int_equal(totals.lost_unknown, uncounted);
		assert_int_equal(totals.records, 10);
		stream_writer_totals(writer, 700, &totals);
		assert_int_equal(totals.records, 0);
		if (end)
			stream_writer_close(writer, "", &error);
		else
			stream_writer_abandon(writer);
		lseek(fd, 0, SEEK_SET);
		assert_int_equal(stream_read_info(fd, "FILE", false, &info, &error),
				 end ? 0 : -ENODATA);
		assert_int_equal(info.pcpu[0].lost_unknown, uncounted);
		assert_int_equal(info.pcpu[0].gaps, 0);
		assert_int_equal(source_open_stream(&source, fd, "FILE", &core, &error), 0);
		assert_int_equal(source_next(source, &item, &error), 0);
		assert_int_equal(item.kind, ITEM_TRACE);
		assert_int_equal(source->loss_counted, !uncounted);
		source_close(source);
	}
	free(records);
}

static void on_alarm(int number)
{
	(void)number;
}

/* Through a pipe, with signals that interrupt, and one end that does not block. */
static void test_pipe(void **state)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { { 0, 0 }, { 0, 0 } };
	struct truth *truth = long_truth(true);

	(void)state;
	for (int kind = 0; kind < NR_RECORDS_KINDS; kind++)
		plan_chunk(truth, 3, kind, CHUNK_RECORDS);
	for (int round = 0; round < 4; round++) {
		int ends[2], status;
		pid_t reader;

		assert_int_equal(pipe(ends), 0);
		if (round & 1)
			fcntl(ends[1], F_SETFL, O_NONBLOCK);
		reader = fork();
		if (reader == 0) {
			struct error error;
			unsigned int given;

			close(ends[1]);
			if (round & 1)
				fcntl(ends[0], F_SETFL, O_NONBLOCK);
			_exit(read_truth(truth, ends[0], round & 2 ? &everything : &core, &given,
					 &error) ||
			      given != truth->nr_items);
		}
		close(ends[0]);
		sigaction(SIGALRM, &action, NULL);
		setitimer(ITIMER_REAL, &often, NULL);
		write_truth(truth, ends[1], true);
		setitimer(ITIMER_REAL, &never, NULL);
		close(ends[1]);
		assert_int_equal(waitpid(reader, &status, 0), reader);
		assert_int_equal(status, 0);
	}
	truth_free(truth);
}

static void test_device_full(void **state)
{
	struct stream_header header;
	struct stream_writer *writer;
	struct error error;
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	truth_header(&header);
	assert_true(fd >= 0);
	assert_int_equal(stream_writer_open(&writer, fd, 1, &header, &error), -ENOSPC);
	assert_non_null(strstr(error.text, "No space left"));
	close(fd);
}

/* One limit: how much was written without an error must be what is read. */
static void check_limit(struct truth *truth, int fd, rlim_t limit)
{
	struct rlimit old, new;
	struct stream_writer *writer;
	struct error error = { "" }, again = { "" };
	unsigned int written = 0, given;
	int err;

	getrlimit(RLIMIT_FSIZE, &old);
	new = (struct rlimit){ limit, old.rlim_max };
	assert_int_equal(ftruncate(fd, 0), 0);
	lseek(fd, 0, SEEK_SET);
	setrlimit(RLIMIT_FSIZE, &new);
	err = stream_writer_open(&writer, fd, 1, &truth->header, &error);
	if (!err) {
		while (written < truth->nr_items &&
		       !(err = write_item(writer, &truth->items[written], &error)))
			written++;
		if (err)
			assert_int_equal(write_item(writer, &truth->items[0], &again), err);
		if (err)
			assert_string_equal(error.text, again.text);
		err = stream_writer_close(writer, "it was time", &error);
	}
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(err, -EFBIG);
	assert_non_null(strstr(error.text, "File too large"));
	if (written)
		assert_true(lseek(fd, 0, SEEK_END) >= truth->items[written - 1].end);
	if (written < truth->nr_items && written)
		assert_int_equal(lseek(fd, 0, SEEK_END), truth->items[written - 1].end);
	lseek(fd, 0, SEEK_SET);
	err = read_truth(truth, dup(fd), &everything, &given, &error);
	assert_true(err == -ENODATA || (err == -EINVAL && written == 0));
	assert_int_equal(given, written);
}

static void test_size_limit(void **state)
{
	struct truth *truth = small_truth();
	FILE *file = tmpfile();
	size_t size;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	free(truth_bytes(truth, true, &size));
	for (size_t limit = 0; limit < size; limit += 1 + limit % 7)
		check_limit(truth, fileno(file), limit);
	fclose(file);
	truth_free(truth);
}

static void test_refuses_arguments(void **state)
{
	struct trace_record record = { 0 };
	struct stream_header header;
	struct stream_writer *writer;
	struct error error;
	int fd = memfd_create("arguments", 0);

	(void)state;
	truth_header(&header);
	assert_int_equal(stream_writer_open(&writer, fd, 1, &header, &error), 0);
	assert_int_equal(stream_write_trace(writer, 0, &record, 0, &error), -EINVAL);
	assert_int_equal(stream_write_trace(writer, 0, &record, CHUNK_RECORDS + 1, &error),
			 -EINVAL);
	for (uint16_t pcpu = 0; pcpu < STREAM_MAX_PCPUS; pcpu++)
		assert_int_equal(stream_write_trace(writer, pcpu, &record, 1, &error), 0);
	assert_int_equal(stream_write_trace(writer, 999, &record, 1, &error), -EINVAL);
	assert_int_equal(stream_writer_close(writer, "", &error), 0);
	close(fd);
}

/* For tests/cli/test_atrc_protoc.sh: the first records of the sample, and a loss. */
static int write_sample(const char *path, uint32_t records)
{
	struct trace_loss loss = { .pcpu = 1, .count = 42 };
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644), err;
	struct stream_header header;
	struct stream_writer *writer;
	struct error error;

	truth_header(&header);
	err = stream_writer_open(&writer, fd, STREAM_LEVEL_DEFAULT, &header, &error);
	for (uint16_t pcpu = 0; pcpu < 2 && !err; pcpu++) {
		uint32_t count;
		struct trace_record *sample = load_sample(pcpu, &count);

		if (pcpu)
			err = stream_write_loss(writer, &loss, &error);
		if (!err)
			err = stream_write_trace(writer, pcpu, sample, records, &error);
		free(sample);
	}
	return err || stream_writer_close(writer, "", &error);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_shared_offset),
		cmocka_unit_test(test_one_pcpu),
		cmocka_unit_test(test_time_span),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_header_text),
		cmocka_unit_test(test_uncounted),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_device_full),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_refuses_arguments),
	};

	if (argc == 4 && strcmp(argv[1], "--write") == 0)
		return write_sample(argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
