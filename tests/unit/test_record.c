// SPDX-License-Identifier: BSD-3-Clause
/*
 * acrntrace record as a process of its own against a producer in this one, and the file read back
 * through formats: every record put is there or counted as lost where it is missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "formats/events.h"
#include "formats/source.h"
#include "formats/stream.h"
#include "hv/core/sbuf.h"

#define MAX_PCPUS 4U
/* What the command that record runs has of us. */
#define STARTED_FD 8
#define FINISH_FD 9

static char dir[64];
static unsigned int nr_pcpus;

/* One pCPU's producer: records have their number in e, lost ones counted, and the time in f. */
static struct pcpu {
	struct sbuf_producer ring;
	struct shared_buf *shared;
	size_t length;
	uint64_t number;
	pthread_t thread;
	/* As read back from the file. */
	uint64_t last, recorded, lost, last_ns;
	bool gap, unknown;
} pcpus[MAX_PCPUS];
static uint64_t put_count;
static bool put_paced;
static atomic_bool put_stop;

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_record.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	for (unsigned int i = 0; i < nr_pcpus; i++)
		munmap(pcpus[i].shared, pcpus[i].length);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void make_rings(unsigned int nr, uint32_t elements, bool cookie)
{
	memset(pcpus, 0, sizeof(pcpus));
	nr_pcpus = nr;
	put_stop = false;
	for (unsigned int i = 0; i < nr; i++) {
		struct pcpu *pcpu = &pcpus[i];
		char path[128];
		int fd;

		pcpu->length = SBUF_HEADER_SIZE + elements * sizeof(struct trace_record);
		snprintf(path, sizeof(path), "%s/acrn_trace_%u", dir, i);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		assert_int_equal(ftruncate(fd, (off_t)pcpu->length), 0);
		pcpu->shared = mmap(NULL, pcpu->length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		assert_true(pcpu->shared != MAP_FAILED);
		close(fd);
		*pcpu->shared = (struct shared_buf){ .magic = SBUF_MAGIC,
						     .ele_num = elements,
						     .ele_size = sizeof(struct trace_record),
						     .size = elements * 32 };
		assert_int_equal(sbuf_producer_init(&pcpu->ring, pcpu->shared, pcpu->length, 32),
				 0);
		if (!cookie)
			sbuf_loss_of(pcpu->shared)->cookie = 0;
	}
}

static void put_one(struct pcpu *pcpu)
{
	uint16_t events[] = { TRACE_VM_EXIT, TRACE_TIMER_IRQ, TRACE_TIMER_ADDED, TRACE_VM_ENTER };
	uint64_t number = ++pcpu->number;
	struct trace_record record = { .tsc = number * 10,
				       .word = TRACE_WORD(events[number % 4], TRACE_2L,
							  pcpu - pcpus),
				       .e = number,
				       .f = put_paced ? now_ns() : ~number };

	sbuf_put(&pcpu->ring, &record, record.tsc);
}

static void *put_all(void *context)
{
	struct pcpu *pcpu = context;

	for (uint64_t i = 0; i < put_count && !put_stop; i++) {
		put_one(pcpu);
		/* Some 50,000 a second. */
		if (put_paced && i % 50 == 0)
			nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return NULL;
}

static void start_putting(void)
{
	for (unsigned int i = 0; i < nr_pcpus; i++)
		assert_int_equal(pthread_create(&pcpus[i].thread, NULL, put_all, &pcpus[i]), 0);
}

static void end_putting(void)
{
	for (unsigned int i = 0; i < nr_pcpus; i++)
		pthread_join(pcpus[i].thread, NULL);
}

/* --- record, which runs a command that tells us when it runs, and ends when we say so --- */

struct recording {
	pid_t pid;
	int finish_fd;
};

static void run_record(const char *const *options, int started_fd, int finish_fd)
{
	char path[128], file[128];
	const char *argv[32] = { "acrntrace", "record", "-o", file };
	int n = 4, fd;

	snprintf(file, sizeof(file), "%s/f.atrc", dir);
	snprintf(path, sizeof(path), "%s/stderr", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, STDERR_FILENO);
	while (*options)
		argv[n++] = *options++;
	argv[n++] = "--";
	argv[n++] = "sh";
	argv[n++] = "-c";
	argv[n++] = "echo started >&8; read line <&9";
	dup2(started_fd, STARTED_FD);
	dup2(finish_fd, FINISH_FD);
	alarm(100);
	execvp("acrntrace", (char *const *)argv);
	_exit(99);
}

static struct recording start_record(const char *const *options)
{
	struct recording recording;
	int started[2], finish[2];
	char byte;

	assert_int_equal(pipe2(started, O_CLOEXEC), 0);
	assert_int_equal(pipe2(finish, O_CLOEXEC), 0);
	recording.pid = fork();
	if (recording.pid == 0) {
		setenv("ACRN_DEV_DIR", dir, 1);
		run_record(options, started[1], finish[0]);
	}
	close(started[1]);
	close(finish[0]);
	assert_int_equal(read(started[0], &byte, 1), 1);
	close(started[0]);
	recording.finish_fd = finish[1];
	return recording;
}

/* The exit status, or -signal. */
static int end_record(struct recording *recording)
{
	int status;

	close(recording->finish_fd);
	assert_int_equal(waitpid(recording->pid, &status, 0), recording->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* --- reading back --- */

static void check_trace(const struct trace_columns *columns)
{
	struct trace_record *records = calloc(columns->count, sizeof(*records));
	struct pcpu *pcpu;

	assert_non_null(records);
	assert_true(columns->pcpu < nr_pcpus);
	pcpu = &pcpus[columns->pcpu];
	assert_int_equal(columns_join(columns, records), 0);
	for (uint32_t i = 0; i < columns->count; i++) {
		uint64_t number = records[i].e;

		assert_int_equal(records[i].tsc, number * 10);
		assert_int_equal(TRACE_WORD_PCPU(records[i].word), columns->pcpu);
		assert_true(number > pcpu->last);
		/* Numbers are missing only where a gap is told. */
		if (number != pcpu->last + 1)
			assert_true(pcpu->gap);
		pcpu->gap = false;
		pcpu->last = number;
		pcpu->last_ns = records[i].f;
	}
	pcpu->recorded += columns->count;
	free(records);
}

static void check_loss(const struct trace_loss *loss)
{
	struct pcpu *pcpu = &pcpus[loss->pcpu];

	assert_true(loss->pcpu < nr_pcpus);
	assert_int_equal(loss->from_tsc, pcpu->last * 10);
	assert_true(loss->to_tsc == 0 || loss->to_tsc > loss->from_tsc);
	pcpu->gap = true;
	pcpu->unknown |= loss->unknown;
	pcpu->lost += loss->count;
}

/* Reads FILE in dir; returns how it ends, 0 or a negative errno. */
static int read_back(const char *file, bool *loss_counted)
{
	static const struct source_filter everything = { .payload = true };
	struct trace_item item;
	struct source *source;
	struct error error;
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(source_open_stream(&source, fd, file, &everything, &error), 0);
	while ((ret = source_next(source, &item, &error)) == 0 && item.kind != ITEM_END) {
		if (item.kind == ITEM_TRACE)
			check_trace(&item.columns);
		else
			check_loss(&item.loss);
	}
	if (loss_counted)
		*loss_counted = source->loss_counted;
	source_close(source);
	return ret;
}

/* --- the tests --- */

static void conserve(unsigned int nr, uint32_t elements, uint64_t count)
{
	static const char *const options[] = { NULL };
	struct recording recording;
	bool loss_counted = false;

	make_rings(nr, elements, true);
	put_count = count;
	put_paced = false;
	recording = start_record(options);
	start_putting();
	end_putting();
	assert_int_equal(end_record(&recording), 0);
	assert_int_equal(read_back("f.atrc", &loss_counted), 0);
	assert_true(loss_counted);
	for (unsigned int i = 0; i < nr; i++) {
		assert_int_equal(pcpus[i].recorded, pcpus[i].ring.put);
		assert_int_equal(pcpus[i].lost, pcpus[i].ring.lost);
		assert_int_equal(pcpus[i].recorded + pcpus[i].lost, count);
		assert_false(pcpus[i].unknown);
		assert_true(pcpus[i].gap || pcpus[i].last == count);
	}
}

static void test_conservation_small(void **state)
{
	(void)state;
	conserve(2, 64, 2000000);
	assert_true(pcpus[0].lost > 0);
	assert_true(pcpus[0].recorded > 63);
}

static void test_conservation_usual(void **state)
{
	(void)state;
	conserve(2, 131070, 3000000);
}

static void test_moderate_rate(void **state)
{
	static const char *const options[] = { NULL };
	struct recording recording;

	(void)state;
	make_rings(3, 131070, true);
	put_count = 50000;
	put_paced = true;
	recording = start_record(options);
	start_putting();
	end_putting();
	assert_int_equal(end_record(&recording), 0);
	assert_int_equal(read_back("f.atrc", NULL), 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(pcpus[i].recorded, 50000);
		assert_int_equal(pcpus[i].lost, 0);
	}
}

static void test_filter_keeps_gaps_true(void **state)
{
	static const char *const options[] = { "-e", "-timer", NULL };
	struct recording recording;
	uint64_t missing = 0;

	(void)state;
	make_rings(1, 64, true);
	put_count = 500000;
	put_paced = false;
	recording = start_record(options);
	/* Gaps everywhere are not looked for: what the filter takes away looks the same. */
	start_putting();
	end_putting();
	assert_int_equal(end_record(&recording), 0);
	{
		static const struct source_filter everything = { .payload = true };
		struct trace_item item;
		struct source *source;
		struct error error;
		char path[128];
		uint64_t kept = 0;

		snprintf(path, sizeof(path), "%s/f.atrc", dir);
		assert_int_equal(
			source_open_stream(&source, open(path, O_RDONLY), "f", &everything, &error),
			0);
		while (source_next(source, &item, &error) == 0 && item.kind != ITEM_END) {
			if (item.kind == ITEM_LOSS) {
				missing += item.loss.count;
				continue;
			}
			for (uint32_t i = 0; i < item.columns.words; i++) {
				uint64_t event = TRACE_WORD_EVENT(item.columns.word[i]);

				assert_true(event == TRACE_VM_EXIT || event == TRACE_VM_ENTER);
			}
			kept += item.columns.count;
		}
		source_close(source);
		assert_true(kept > 0 && kept < pcpus[0].ring.put);
	}
	assert_int_equal(missing, pcpus[0].ring.lost);
}

static void test_uncounted(void **state)
{
	static const char *const options[] = { NULL };
	struct recording recording;
	bool loss_counted = true;

	(void)state;
	make_rings(1, 64, false);
	put_count = 500000;
	put_paced = false;
	recording = start_record(options);
	start_putting();
	end_putting();
	assert_int_equal(end_record(&recording), 0);
	/* check_trace() sees that every place where something is missing has its gap. */
	assert_int_equal(read_back("f.atrc", &loss_counted), 0);
	assert_false(loss_counted);
	assert_int_equal(pcpus[0].recorded, pcpus[0].ring.put);
	assert_int_equal(pcpus[0].lost, 0);
	assert_true(pcpus[0].unknown);
}

/* Killed in the middle: what is in the file is good, and is missing a second's records at most. */
static void test_kill(void **state)
{
	static const char *const options[] = { NULL };

	(void)state;
	/* A machine that is busy elsewhere for long must not make this fail. */
	for (int attempt = 0; attempt < 3; attempt++) {
		struct recording recording;
		uint64_t killed_ns;

		make_rings(2, 131070, true);
		put_count = UINT64_MAX;
		put_paced = true;
		recording = start_record(options);
		start_putting();
		/* Whoever writes once a second only has nothing in the file yet. */
		nanosleep(&(struct timespec){ .tv_nsec = 980000000 }, NULL);
		killed_ns = now_ns();
		kill(recording.pid, SIGKILL);
		put_stop = true;
		end_putting();
		assert_int_equal(end_record(&recording), -SIGKILL);
		assert_int_equal(read_back("f.atrc", NULL), -ENODATA);
		for (unsigned int i = 0; i < 2; i++)
			assert_true(pcpus[i].recorded <= pcpus[i].ring.put);
		if (pcpus[0].last_ns + 1000000000U > killed_ns &&
		    pcpus[1].last_ns + 1000000000U > killed_ns)
			return;
	}
	fail_msg("more than the last second is missing");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_conservation_small, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_conservation_usual, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_moderate_rate, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_filter_keeps_gaps_true, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_uncounted, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_kill, make_dir, remove_dir),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
