// SPDX-License-Identifier: BSD-3-Clause
/*
 * Stands in for a hosted hypervisor: makes a run directory with trace rings, and puts records into
 * them as it is told on stdin, one thread a pCPU.
 *
 *   ring_producer DIR [--pcpus N] [--elements N] [--no-cookie] [--sample FILE] [--log DIR] [--hsm
 * KHZ]
 *
 * It prints "ready" when the rings are there. Then "go COUNT RATE" puts COUNT records on each pCPU,
 * RATE a second (0: as fast as it can), and prints "pcpu N put P lost L" (since the start) for each
 * when that is done. The end of stdin ends it.
 *
 * A record's first value is its number on that pCPU, lost ones counted, from 1. --sample takes the
 * records of a raw file instead, with new TSCs. --log writes what was put to DIR/put.<pcpu>. --hsm
 * answers CPUID on an acrn_hsm socket, with that TSC frequency.
 * --patient waits where a ring is full, and loses nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "formats/abi/cpuid.h"
#include "formats/abi/trace.h"
#include "formats/abi/trace_events.h"
#include "hv/client/hsm_wire.h"
#include "hv/core/sbuf.h"

#define MAX_PCPUS 16U
#define BATCH 100U	     /* records between two looks at the clock */
#define CATCH_UP_NS 5000000U /* when held up for longer, the rest of that time is left out */

struct producer {
	struct sbuf_producer ring;
	unsigned int pcpu;
	uint64_t number; /* of the last record */
	FILE *log;
	pthread_t thread;
};

static struct producer producers[MAX_PCPUS];
static unsigned int nr_pcpus = 1;
static uint32_t elements = (SBUF_TRACE_SIZE - SBUF_HEADER_SIZE) / SBUF_TRACE_ELE_SIZE;
static bool patient;
static bool no_cookie;
static struct trace_record *sample;
static uint64_t sample_records;
static uint64_t go_count, go_rate;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "ring_producer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void make_ring(struct producer *producer, const char *dir)
{
	size_t length = SBUF_HEADER_SIZE + (size_t)elements * SBUF_TRACE_ELE_SIZE;
	struct shared_buf *shared;
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/acrn_trace_%u", dir, producer->pcpu);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0 || ftruncate(fd, (off_t)length) < 0)
		die(path);
	shared = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		die(path);
	close(fd);
	*shared = (struct shared_buf){
		.magic = SBUF_MAGIC,
		.ele_num = elements,
		.ele_size = SBUF_TRACE_ELE_SIZE,
		.size = elements * SBUF_TRACE_ELE_SIZE,
	};
	if (sbuf_producer_init(&producer->ring, shared, length, SBUF_TRACE_ELE_SIZE) < 0)
		die("sbuf_producer_init");
	if (no_cookie)
		sbuf_loss_of(shared)->cookie = 0;
}

static void open_log(struct producer *producer, const char *dir)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/put.%u", dir, producer->pcpu);
	producer->log = fopen(path, "we");
	if (!producer->log)
		die(path);
}

static void read_sample(const char *path)
{
	FILE *file = fopen(path, "re");
	struct stat status;

	if (!file || fstat(fileno(file), &status) < 0)
		die(path);
	sample_records = (uint64_t)status.st_size / sizeof(*sample);
	sample = calloc(sample_records, sizeof(*sample));
	if (!sample || fread(sample, sizeof(*sample), sample_records, file) != sample_records)
		die(path);
	fclose(file);
}

static void put_one(struct producer *producer)
{
	static const uint64_t words[] = { TRACE_WORD(TRACE_VM_EXIT, TRACE_2L, 0),
					  TRACE_WORD(TRACE_TIMER_IRQ, TRACE_2L, 0),
					  TRACE_WORD(TRACE_VMEXIT_CPUID, TRACE_2L, 0),
					  TRACE_WORD(TRACE_VM_ENTER, TRACE_2L, 0) };
	uint64_t number = ++producer->number;
	struct trace_record record;

	if (sample)
		record = sample[number % sample_records];
	else
		record = (struct trace_record){
			.word = words[number % 4] | (uint64_t)producer->pcpu << 56,
			.e = number,
			.f = ~number,
		};
	while (patient && !sbuf_reserve(&producer->ring))
		nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	record.tsc = __rdtsc();
	if (sbuf_put(&producer->ring, &record, record.tsc) && producer->log)
		fwrite(&record, sizeof(record), 1, producer->log);
}

static void *produce(void *context)
{
	struct producer *producer = context;
	uint64_t start = now_ns();

	for (uint64_t done = 0; done < go_count; done++) {
		if (go_rate && done % BATCH == 0) {
			uint64_t due = start + done * 1000000000U / go_rate;
			uint64_t now = now_ns();

			if (now > due + CATCH_UP_NS) {
				start += now - due - CATCH_UP_NS;
				due = now - CATCH_UP_NS;
			}
			while (now_ns() < due) {
				struct timespec until = { (time_t)(due / 1000000000U),
							  (long)(due % 1000000000U) };

				clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
			}
		}
		put_one(producer);
	}
	if (producer->log)
		fflush(producer->log);
	return NULL;
}

static void go(void)
{
	for (unsigned int i = 0; i < nr_pcpus; i++)
		if (pthread_create(&producers[i].thread, NULL, produce, &producers[i]))
			die("pthread_create");
	for (unsigned int i = 0; i < nr_pcpus; i++)
		pthread_join(producers[i].thread, NULL);
	for (unsigned int i = 0; i < nr_pcpus; i++)
		printf("pcpu %u put %" PRIu64 " lost %" PRIu64 "\n", i, producers[i].ring.put,
		       producers[i].ring.lost);
	fflush(stdout);
}

/* --- the acrn_hsm socket --- */

static uint32_t hsm_khz;
static int hsm_listener;

static void answer_cpuid(const struct hsm_request *request, struct hsm_reply *reply)
{
	struct hsm_cpuid leaf = { 0 };

	if (request->param[0] == CPUID_HV_SIGNATURE)
		leaf = (struct hsm_cpuid){ CPUID_HV_MAX_LEAF, CPUID_HV_NAME, CPUID_HV_NAME,
					   CPUID_HV_NAME };
	else if (request->param[0] == CPUID_HV_TSC_KHZ)
		leaf.eax = hsm_khz;
	memcpy(reply->data, &leaf, sizeof(leaf));
	reply->size = sizeof(leaf);
	reply->result = 0;
}

static void *serve_one(void *context)
{
	int fd = *(int *)context;
	static __thread struct hsm_request request;
	static __thread struct hsm_reply reply;

	free(context);
	while (recv(fd, &request, sizeof(request), 0) >= (ssize_t)HSM_REQUEST_SIZE(0)) {
		reply = (struct hsm_reply){ .magic = HSM_MAGIC, .result = -ENOTTY };
		reply.size = request.size;
		if (request.op == HSM_CPUID)
			answer_cpuid(&request, &reply);
		if (send(fd, &reply, HSM_REPLY_SIZE(reply.size), MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
	return NULL;
}

static void *serve(void *context)
{
	pthread_t thread;
	int *fd;

	(void)context;
	while ((fd = calloc(1, sizeof(*fd))) != NULL) {
		*fd = accept(hsm_listener, NULL, NULL);
		if (*fd < 0 || pthread_create(&thread, NULL, serve_one, fd) ||
		    pthread_detach(thread))
			die("accept");
	}
	return NULL;
}

static void start_hsm(const char *dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	pthread_t thread;

	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/" HSM_SOCKET_NAME, dir);
	unlink(address.sun_path);
	hsm_listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (hsm_listener < 0 ||
	    bind(hsm_listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(hsm_listener, 8) < 0 || pthread_create(&thread, NULL, serve, NULL))
		die(address.sun_path);
	pthread_detach(thread);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "pcpus", required_argument, NULL, 'p' },
						 { "elements", required_argument, NULL, 'e' },
						 { "no-cookie", no_argument, NULL, 'n' },
						 { "sample", required_argument, NULL, 's' },
						 { "log", required_argument, NULL, 'l' },
						 { "hsm", required_argument, NULL, 'h' },
						 { "patient", no_argument, NULL, 'w' },
						 { 0 } };
	const char *log = NULL, *dir;
	char line[256];
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'p')
			nr_pcpus = (unsigned int)strtoul(optarg, NULL, 10);
		else if (opt == 'e')
			elements = (uint32_t)strtoul(optarg, NULL, 10);
		else if (opt == 'n')
			no_cookie = true;
		else if (opt == 's')
			read_sample(optarg);
		else if (opt == 'l')
			log = optarg;
		else if (opt == 'w')
			patient = true;
		else if (opt == 'h')
			hsm_khz = (uint32_t)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (optind + 1 != argc || nr_pcpus < 1 || nr_pcpus > MAX_PCPUS || elements < 2)
		return 2;
	dir = argv[optind];
	mkdir(dir, 0777);
	for (unsigned int i = 0; i < nr_pcpus; i++) {
		producers[i].pcpu = i;
		make_ring(&producers[i], dir);
		if (log)
			open_log(&producers[i], log);
	}
	if (hsm_khz)
		start_hsm(dir);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		char *end;

		if (strncmp(line, "go ", 3) != 0)
			return 2;
		go_count = strtoull(line + 3, &end, 10);
		go_rate = strtoull(end, NULL, 10);
		go();
	}
	return 0;
}
