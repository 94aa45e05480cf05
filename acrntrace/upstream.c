// SPDX-License-Identifier: BSD-3-Clause
/*
 * The command line and the files that upstream's users and scripts know: one raw file a pCPU, named
 * by its number, in acrntrace/YYYYMMDD-HHMMSS/.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "acrntrace/acrntrace.h"
#include "acrntrace/record_capture.h"
#include "acrntrace/record_wait.h"
#include "formats/cli.h"

#define DEFAULT_POLL_MS 10
#define MAX_SECONDS (100ULL * 365 * 24 * 3600)

struct raw_ring {
	int fd;
	char path[64];
	uint64_t records, lost;
	bool unknown;
};

struct upstream {
	struct capture_options options;
	struct pcpu_set pcpus;
	uint64_t seconds;
	struct capture *capture;
	struct raw_ring *rings;
	struct record_wait wait;
};

static int print_help(void)
{
	puts("Usage: acrntrace [-i ms] [-t s] [-c] [-r] [-a cpus]\n"
	     "Write raw trace records to acrntrace/YYYYMMDD-HHMMSS/<pcpu>, as upstream's acrntrace "
	     "does,\nuntil q and Enter are typed. 'acrntrace record' writes one compressed "
	     "file.\n\n"
	     "  -i ms       poll the rings every 1..999 ms (default 10)\n"
	     "  -t s        end after so many seconds\n"
	     "  -a cpus     only these pCPUs, as in 0-1,3\n"
	     "  -c          leave out what was in the rings before the start (default)\n"
	     "  -r          keep it\n"
	     "      --dev-dir DIR  where the rings are (default $ACRN_DEV_DIR, else /dev)\n"
	     "  -h          this help; 'acrntrace --help' lists the commands");
	return CLI_OK;
}

/* 0, 1: help was asked for, or -EINVAL with error filled in. */
static int parse_options(int argc, char **argv, struct upstream *up, struct error *error)
{
	static const struct option longopts[] = { { "dev-dir", required_argument, NULL, 'D' },
						  { "help", no_argument, NULL, 'h' },
						  { 0 } };
	const char *dev_dir = NULL;
	uint64_t ms = DEFAULT_POLL_MS;
	int opt, ret = 0;

	opterr = 0;
	while (ret == 0 && (opt = getopt_long(argc, argv, "+:i:t:a:crh", longopts, NULL)) != -1) {
		switch (opt) {
		case 'i':
			ret = cli_parse_number(optarg, "-i", 1, 999, &ms, error);
			break;
		case 't':
			ret = cli_parse_number(optarg, "-t", 1, MAX_SECONDS, &up->seconds, error);
			break;
		case 'a':
			ret = cli_parse_pcpus(optarg, &up->pcpus, error);
			up->options.pcpus = &up->pcpus;
			break;
		case 'c':
		case 'r':
			up->options.keep = opt == 'r';
			break;
		case 'D':
			dev_dir = optarg;
			break;
		case 'h':
			return 1;
		default:
			ret = error_set(error, EINVAL, "%s: %s; 'acrntrace -h' lists the options",
					argv[optind - 1],
					opt == ':' ? "needs a value" : "no such option");
		}
	}
	if (ret == 0 && optind < argc)
		ret = error_set(error, EINVAL, "%s: no such command; 'acrntrace --help' lists them",
				argv[optind]);
	up->options.dev_dir = client_dev_dir(dev_dir);
	up->options.poll_ns = ms * 1000000U;
	return ret;
}

static int make_directory(const char *path, struct error *error)
{
	if (mkdir(path, 0777) < 0)
		return error_set(error, errno, "%s: %s", path, strerror(errno));
	return 0;
}

/* acrntrace/YYYYMMDD-HHMMSS in local time; where it is there already, the next second's. */
static int make_capture_directory(char *path, size_t size, struct error *error)
{
	time_t now = time(NULL);
	int ret = make_directory("acrntrace", error);

	if (ret < 0 && ret != -EEXIST)
		return ret;
	do {
		struct tm local;

		localtime_r(&now, &local);
		strftime(path, size, "acrntrace/%Y%m%d-%H%M%S", &local);
		ret = make_directory(path, error);
		now++;
	} while (ret == -EEXIST);
	return ret;
}

static int make_files(struct upstream *up, const char *dir, struct error *error)
{
	for (unsigned int i = 0; i < capture_rings(up->capture); i++) {
		struct raw_ring *ring = &up->rings[i];

		snprintf(ring->path, sizeof(ring->path), "%s/%u", dir,
			 capture_pcpu(up->capture, i));
		ring->fd = open(ring->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (ring->fd < 0)
			return error_set(error, errno, "%s: %s", ring->path, strerror(errno));
	}
	return 0;
}

/* One write for the whole window, more only where the kernel takes less. */
static int write_window(void *context, struct capture_chunk *chunk, struct error *error)
{
	struct upstream *up = context;
	struct raw_ring *ring = &up->rings[chunk->ring];
	const uint8_t *at = (const uint8_t *)chunk->records;
	size_t left = chunk->count * sizeof(*chunk->records);

	for (uint32_t i = 0; i < chunk->nr_gaps; i++) {
		ring->lost += chunk->gaps[i].lost;
		ring->unknown |= chunk->gaps[i].unknown;
	}
	while (left > 0) {
		ssize_t written = write(ring->fd, at, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set(error, errno, "%s: %s", ring->path, strerror(errno));
		at += written;
		left -= (size_t)written;
	}
	ring->records += chunk->count;
	return 0;
}

static void report_loss(const struct upstream *up)
{
	for (unsigned int i = 0; i < capture_rings(up->capture); i++) {
		const struct raw_ring *ring = &up->rings[i];
		unsigned int pcpu = capture_pcpu(up->capture, i);

		fprintf(stderr, "acrntrace: pCPU %u: %" PRIu64 " records", pcpu, ring->records);
		if (ring->unknown)
			fprintf(stderr, ", lost: unknown\n");
		else if (!capture_counts_loss(up->capture, i))
			fprintf(stderr, ", lost: unknown (it was not seen full)\n");
		else
			fprintf(stderr, ", %" PRIu64 " lost\n", ring->lost);
	}
}

static int run(struct upstream *up, struct error *error)
{
	struct capture_sink sink = { .context = up, .write = write_window };
	char dir[48];
	int ret = wait_prepare(&up->wait, error);

	if (ret == 0)
		ret = capture_open(&up->capture, &up->options, error);
	if (ret < 0)
		return ret;
	up->rings = calloc(capture_rings(up->capture), sizeof(*up->rings));
	if (!up->rings)
		return error_set(error, ENOMEM, "no memory");
	for (unsigned int i = 0; i < capture_rings(up->capture); i++)
		up->rings[i].fd = -1;
	ret = make_capture_directory(dir, sizeof(dir), error);
	if (ret == 0)
		ret = make_files(up, dir, error);
	if (ret == 0)
		ret = capture_start(up->capture, &sink, error);
	if (ret < 0)
		return ret;
	fprintf(stderr, "acrntrace: writing to %s; q and Enter end it\n", dir);
	up->wait.capture = up->capture;
	wait_for_end(&up->wait);
	wait_done(&up->wait);
	capture_stop(up->capture);
	wait_check(&up->wait);
	report_loss(up);
	return 0;
}

static void clean_up(struct upstream *up)
{
	for (unsigned int i = 0; up->rings && i < capture_rings(up->capture); i++)
		if (up->rings[i].fd >= 0)
			close(up->rings[i].fd);
	free(up->rings);
	capture_close(up->capture);
}

int cmd_upstream(int argc, char **argv)
{
	struct upstream up = { .wait = { .keys = true, .signal_fd = -1 } };
	struct error error;
	int ret = parse_options(argc, argv, &up, &error);

	if (ret < 0)
		return cli_usage("%s", error.text);
	if (ret > 0)
		return print_help();
	up.wait.duration_ns = up.seconds * 1000000000U;
	ret = run(&up, &error);
	clean_up(&up);
	if (ret < 0)
		return cli_error("%s", error.text);
	return up.wait.failed ? CLI_FAILED : CLI_OK;
}
