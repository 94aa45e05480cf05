/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the rings to whoever keeps the records: one thread drains all rings every poll period into
 * buffers of a bounded pool, another hands the buffers to a sink. When the sink is too slow and the
 * pool is empty the drain waits, the rings fill, and the hypervisor counts what it loses.
 */
#ifndef RECORD_CAPTURE_H
#define RECORD_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/abi/trace.h"
#include "formats/cli.h"
#include "formats/error.h"

struct capture;

struct capture_options {
	const char *dev_dir;
	const struct pcpu_set *pcpus; /* NULL: all there are */
	bool keep;		      /* also what is in the rings already */
	/* The longest time between two drains; a ring that fills faster is drained sooner. */
	uint64_t poll_ns;
	/* A record gets to the sink this long after it was drained, at most. 0: at once */
	uint64_t hold_ns;
};

/* Records are missing behind the first `at` ones of a chunk. */
struct capture_gap {
	uint32_t at;
	bool unknown;  /* how many, if any, cannot be known */
	uint64_t lost; /* 0: the number comes, or came, with another gap of the ring */
};

#define CAPTURE_MAX_GAPS 64U

struct capture_chunk {
	struct capture_chunk *next;
	unsigned int ring;
	uint32_t count; /* may be 0, and may be more than CHUNK_RECORDS */
	uint32_t nr_gaps;
	struct capture_gap gaps[CAPTURE_MAX_GAPS]; /* in rising order */
	struct trace_record *records;
};

/*
 * Who keeps the records; called by one thread. After a negative errno neither is called again.
 * write may change the chunk's records. sync (may be NULL) follows every hold_ns, when all records
 * drained up to then were written.
 */
struct capture_sink {
	void *context;
	int (*write)(void *context, struct capture_chunk *chunk, struct error *error);
	int (*sync)(void *context, struct error *error);
};

/* Maps and attaches the rings; nothing is drained yet. The message names what is wrong. */
int capture_open(struct capture **capture, const struct capture_options *options,
		 struct error *error);

/* Rings are numbered 0..capture_rings() - 1, by rising pCPU. */
unsigned int capture_rings(const struct capture *capture);
uint16_t capture_pcpu(const struct capture *capture, unsigned int ring);
bool capture_counts_loss(const struct capture *capture, unsigned int ring);

/* Starts the threads, which have the caller's signal mask. */
int capture_start(struct capture *capture, const struct capture_sink *sink, struct error *error);

/* Readable when one of the next two has something new to say. */
int capture_event_fd(const struct capture *capture);

/*
 * true: error says why a ring was given up, each one once. Its chunks end in a gap of unknown size.
 */
bool capture_next_dropped(struct capture *capture, struct error *error);
/* The negative errno of the sink, with its error; -ENODEV: no ring is left; 0: all is well. */
int capture_failed(const struct capture *capture, struct error *error);

/* Drains what is left, a ring's worth at most, and waits until the sink has it. */
void capture_stop(struct capture *capture);
void capture_close(struct capture *capture);

#endif
