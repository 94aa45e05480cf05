// SPDX-License-Identifier: BSD-3-Clause
/* acrn-hv(8): the hosted hypervisor. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "formats/abi/log.h"
#include "hv/arch/host/host.h"

#define READY_TIMEOUT_MS 30000U
#define DEFAULT_GUESTS "rt,mix"
#define EXIT_USAGE 2

enum {
	OPTION_RUN_DIR = 256,
	OPTION_PCPUS,
	OPTION_GUESTS,
	OPTION_DURATION,
	OPTION_SEED,
	OPTION_LOGLEVEL,
	OPTION_SLICE,
	OPTION_PERIOD
};

static const struct option long_options[] = {
	{ "run-dir", required_argument, NULL, OPTION_RUN_DIR },
	{ "pcpus", required_argument, NULL, OPTION_PCPUS },
	{ "guests", required_argument, NULL, OPTION_GUESTS },
	{ "duration", required_argument, NULL, OPTION_DURATION },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "loglevel", required_argument, NULL, OPTION_LOGLEVEL },
	{ "slice", required_argument, NULL, OPTION_SLICE },
	{ "period", required_argument, NULL, OPTION_PERIOD },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void print_help(void)
{
	printf("usage: acrn-hv [options]\n"
	       "Runs the hypervisor as a process, with guests that fill its trace rings.\n"
	       "  --run-dir DIR     where its rings and socket are (default $TMPDIR/acrn-hv if "
	       "TMPDIR\n"
	       "                    is set, else /run/acrn-hv)\n"
	       "  --pcpus N         physical CPUs, 1..%u (default 2)\n"
	       "  --guests LIST     User VMs, PAYLOAD[:PCPUS][+noop|+poll],... (default %s); \"\": "
	       "none;\n"
	       "                    PCPUS as 0-1 or 0+2\n"
	       "  --duration SEC    end after that time (default: at SIGINT or SIGTERM)\n"
	       "  --seed N          of what guests do at random (default 1)\n"
	       "  --slice US        time slice of the round-robin scheduler (default %u)\n"
	       "  --period US       period of the guests' timers (default 1000)\n"
	       "  --loglevel 0..6   of the console (default %u: warnings)\n"
	       "  -h, --help        -V, --version\n"
	       "payloads:\n",
	       MAX_PCPUS, DEFAULT_GUESTS, SCHED_SLICE_US_DEFAULT, (unsigned int)HVLOG_WARNING);
	for (unsigned int i = 0; i < nr_guest_payloads; i++)
		printf("  %-16s%s\n", guest_payloads[i].name, guest_payloads[i].help);
}

static int usage(const char *subject, const char *what)
{
	fprintf(stderr, "acrn-hv: %s: %s\n", subject, what);
	return EXIT_USAGE;
}

static bool parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno && *value >= min && *value <= max;
}

/* "0-1+3" */
static bool parse_pcpus(const char *text, unsigned int nr_pcpus, uint64_t *set)
{
	char *end;

	for (*set = 0;; text = end + 1) {
		unsigned long first, last;

		if (*text < '0' || *text > '9')
			return false;
		first = last = strtoul(text, &end, 10);
		if (*end == '-' && end[1] >= '0' && end[1] <= '9')
			last = strtoul(end + 1, &end, 10);
		if (first > last || last >= nr_pcpus)
			return false;
		for (; first <= last; first++)
			*set |= 1ULL << first;
		if (!*end)
			return true;
		if (*end != '+')
			return false;
	}
}

/* Modifiers stand behind the pCPUs: a "+" before a letter. */
static bool take_modifier(char *item, const char *modifier)
{
	char *at = strstr(item, modifier);
	size_t length = strlen(modifier);

	if (!at || (at[length] && at[length] != '+'))
		return false;
	memmove(at, at + length, strlen(at + length) + 1);
	return true;
}

static const struct guest_payload *payload_of(const char *name)
{
	const struct guest_payload *payload = host_find_payload(name);
	size_t length = payload ? strlen(payload->name) : 0;

	if (!payload || payload->entry == service_vm_entry ||
	    name[length + strspn(name + length, "0123456789")])
		return NULL;
	return payload;
}

/* A name that was there gets a number: VMs have names of their own. */
static void name_guest(struct host_options *options, struct host_guest_option *guest,
		       const char *name)
{
	unsigned int same = 0;

	for (unsigned int i = 0; i < options->nr_guests; i++)
		if (!strncmp(options->guests[i].name, name, strlen(name)))
			same++;
	if (same)
		snprintf(guest->name, sizeof(guest->name), "%.8s%u", name, same + 1);
	else
		snprintf(guest->name, sizeof(guest->name), "%.15s", name);
}

static int parse_guest(struct host_options *options, char *item)
{
	struct host_guest_option *guest = &options->guests[options->nr_guests];
	bool noop = take_modifier(item, "+noop"), poll = take_modifier(item, "+poll");
	char *pcpu_list = strchr(item, ':');

	if (pcpu_list)
		*pcpu_list++ = '\0';
	if (options->nr_guests == HOST_MAX_GUESTS)
		return usage("--guests", "more than 8 User VMs");
	if (!payload_of(item))
		return usage(item, "no such payload; acrn-hv -h lists them");
	if (pcpu_list && !parse_pcpus(pcpu_list, options->nr_pcpus, &guest->affinity))
		return usage(pcpu_list, "not a list of pCPUs like 0-1+3 within --pcpus");
	if (poll)
		guest->flags |= GUEST_FLAG_IO_COMPLETION_POLLING;
	for (unsigned int i = 0; noop && i < options->nr_pcpus; i++) {
		if (!guest->affinity || i == 0)
			continue;
		if (guest->affinity >> i & 1U)
			options->sched[i] = SCHED_NOOP;
	}
	if (noop && (!guest->affinity || guest->affinity & 1U))
		return usage(item, "+noop needs a list of pCPUs without pCPU 0");
	name_guest(options, guest, item);
	options->nr_guests++;
	return 0;
}

static int parse_guests(struct host_options *options, const char *list)
{
	char copy[512], *save = NULL;

	if (strlen(list) >= sizeof(copy))
		return usage("--guests", "the list is too long");
	memcpy(copy, list, strlen(list) + 1);
	for (char *item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		int status = parse_guest(options, item);

		if (status)
			return status;
	}
	return 0;
}

struct arguments {
	struct host_options host;
	const char *guests;
	double duration; /* seconds; 0: no end */
};

static int parse_option(struct arguments *arguments, int option)
{
	uint64_t number = 0;
	char *end;

	switch (option) {
	case OPTION_RUN_DIR:
		arguments->host.run_dir = optarg;
		return 0;
	case OPTION_GUESTS:
		arguments->guests = optarg;
		return 0;
	case OPTION_PCPUS:
		if (!parse_number(optarg, 1, MAX_PCPUS, &number))
			return usage("--pcpus", "not a number within 1..16");
		arguments->host.nr_pcpus = (unsigned int)number;
		return 0;
	case OPTION_DURATION:
		arguments->duration = strtod(optarg, &end);
		if (*end || end == optarg || !(arguments->duration > 0) ||
		    arguments->duration > 1e9)
			return usage("--duration", "not a number of seconds above 0");
		return 0;
	case OPTION_SEED:
		if (!parse_number(optarg, 0, UINT64_MAX, &arguments->host.seed))
			return usage("--seed", "not a number");
		return 0;
	case OPTION_SLICE:
	case OPTION_PERIOD:
		if (!parse_number(optarg, 50, 1000000, &number))
			return usage(option == OPTION_SLICE ? "--slice" : "--period",
				     "not a number of microseconds within 50..1000000");
		*(option == OPTION_SLICE ? &arguments->host.slice_us : &arguments->host.period_us) =
			(uint32_t)number;
		return 0;
	case OPTION_LOGLEVEL:
		if (!parse_number(optarg, 0, HVLOG_DEBUG, &number))
			return usage("--loglevel", "not a number within 0..6");
		arguments->host.log_level = (uint8_t)number;
		return 0;
	default:
		fprintf(stderr, "acrn-hv: try acrn-hv -h\n");
		return EXIT_USAGE;
	}
}

static const char *default_run_dir(void)
{
	static char path[512];
	const char *tmpdir = getenv("TMPDIR");

	if (!tmpdir || !*tmpdir || strlen(tmpdir) > sizeof(path) - 16)
		return "/run/acrn-hv";
	snprintf(path, sizeof(path), "%s/acrn-hv", tmpdir);
	return path;
}

/* SIGINT, SIGTERM, or the duration's end. */
static void wait_for_end(const sigset_t *signals, double seconds)
{
	struct timespec timeout = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
	};

	if (seconds > 0)
		sigtimedwait(signals, NULL, &timeout);
	else
		sigwaitinfo(signals, NULL);
}

static int run(const struct arguments *arguments)
{
	sigset_t signals;
	int error;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (host_start(&arguments->host)) {
		host_stop();
		host_free();
		return EXIT_FAILURE;
	}
	error = host_wait_ready(READY_TIMEOUT_MS);
	if (error) {
		fprintf(stderr, "acrn-hv: Service VM: %s; see the log\n",
			error == -ETIMEDOUT ? "did not come up in time"
					    : "could not start its User VMs");
	} else {
		printf("ready\n");
		fflush(stdout);
		wait_for_end(&signals, arguments->duration);
	}
	host_stop();
	for (unsigned int i = 0; !error && i < arguments->host.nr_pcpus; i++) {
		uint64_t put, lost;

		host_ring_counts(i, SBUF_TRACE, &put, &lost);
		printf("pcpu %u put %" PRIu64 " lost %" PRIu64 "\n", i, put, lost);
	}
	host_free();
	return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static struct arguments arguments = {
		.host = { .nr_pcpus = 2, .seed = 1, .log_level = HVLOG_WARNING },
		.guests = DEFAULT_GUESTS,
	};
	int option, status;

	while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
		if (option == 'h') {
			print_help();
			return EXIT_SUCCESS;
		}
		if (option == 'V') {
			printf("acrn-hv %s\n", VERSION);
			return EXIT_SUCCESS;
		}
		status = parse_option(&arguments, option);
		if (status)
			return status;
	}
	if (optind < argc)
		return usage(argv[optind], "acrn-hv takes options only");
	status = parse_guests(&arguments.host, arguments.guests);
	if (status)
		return status;
	if (!arguments.host.run_dir)
		arguments.host.run_dir = default_run_dir();
	return run(&arguments);
}
