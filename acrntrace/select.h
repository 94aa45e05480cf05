/* SPDX-License-Identifier: BSD-3-Clause */
/* The records of an input that a command line asks for, in the order of time. */
#ifndef ACRNTRACE_SELECT_H
#define ACRNTRACE_SELECT_H

#include <getopt.h>

#include "acrntrace/input.h"
#include "formats/cli.h"
#include "formats/event_set.h"
#include "formats/timespan.h"

struct select_options {
	struct pcpu_set pcpus;
	bool some_pcpus;
	struct event_set events;
	bool some_events;
	struct time_point from, to; /* what counts is in [from, to) */
	uint64_t tsc_khz;	    /* 0: as the input says */
};

/* The options that set them; the short ones are SELECT_SHORT_OPTIONS. */
#define SELECT_SHORT_OPTIONS "a:e:"
enum { SELECT_FROM = 0x1000, SELECT_TO, SELECT_TSC_KHZ };
#define SELECT_LONG_OPTIONS                                                                 \
	{ "cpu", required_argument, NULL, 'a' }, { "event", required_argument, NULL, 'e' }, \
		{ "from", required_argument, NULL, SELECT_FROM },                           \
		{ "to", required_argument, NULL, SELECT_TO },                               \
	{                                                                                   \
		"tsc-khz", required_argument, NULL, SELECT_TSC_KHZ                          \
	}
#define SELECT_HELP                                                                              \
	"  -a, --cpu LIST        only these pCPUs, as in 0-3,6\n"                                \
	"  -e, --event LIST      only these events: names, patterns, ids; as in "                \
	"vm_exit,vmexit\n"                                                                       \
	"      --from TIME       records from then on: since the first record, as in 1.5s, "     \
	"200ms,\n"                                                                               \
	"                        10us, 7ns or 123c (TSC cycles), or tsc:N, a value of the TSC\n" \
	"      --to TIME         records before then\n"                                          \
	"      --tsc-khz N       frequency of the TSC, where the input does not say\n"

/* Takes one of the options above: 0; -ENOENT: it is another; -EINVAL with error. */
int select_option(struct select_options *options, int option, const char *value,
		  struct error *error);

struct selection {
	struct input *input;
	struct merge *merge;
	const struct select_options *options;
	uint64_t first_tsc; /* of the input, all pCPUs; that is time 0 */
	uint64_t tsc_khz;
	uint64_t from, to; /* TSC; used where options ask for it */
};

/* options stay the caller's and must live as long as selection. A negative errno with error. */
int select_open(struct selection *selection, const struct select_options *options,
		char *const *paths, int nr, struct error *error);
/* As merge_next(). A loss that overlaps with the time asked for is given for any event. */
int select_next(struct selection *selection, struct merge_record *record, struct error *error);
void select_close(struct selection *selection);

#endif
