/* SPDX-License-Identifier: BSD-3-Clause */
/* A capture's sink that writes a stream: filter, gaps, compression, and fdatasync. */
#ifndef RECORD_STREAM_H
#define RECORD_STREAM_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "acrntrace/record_capture.h"
#include "formats/event_set.h"
#include "formats/source.h"
#include "formats/stream.h"

/* What each ring has given. The writer thread writes, and any thread reads. */
struct record_counts {
	_Atomic uint64_t drained; /* records */
	_Atomic uint64_t kept;	  /* of them, after the filter */
	_Atomic uint64_t lost;	  /* where the ring counts */
	_Atomic bool gaps;	  /* something was, or may have been, lost */
	_Atomic bool unknown;	  /* how many were lost */
};

struct record_stream {
	struct stream_writer *writer;
	int fd;
	off_t start;			/* of the stream in the file; -1: a pipe */
	const char *name;		/* of the file, for messages */
	const struct event_set *filter; /* NULL: keep all */
	const struct capture *capture;
	struct record_stream_ring {
		struct record_counts counts;
		uint64_t last_tsc;
		bool gap_open; /* loss waits for the first record behind it */
		struct trace_loss loss;
	} * rings;
	_Atomic uint64_t bytes;
};

/* Starts the stream; what name, fd and capture are is the caller's until record_stream_close(). */
int record_stream_open(struct record_stream *stream, const struct stream_header *header, int level,
		       struct error *error);
void record_stream_sink(struct record_stream *stream, struct capture_sink *sink);

/*
 * After capture_stop(): reason ends the stream, NULL leaves it without an end, after a failed
 * write. Counts stay readable until record_stream_free().
 */
int record_stream_close(struct record_stream *stream, const char *reason, struct error *error);
void record_stream_free(struct record_stream *stream);

#endif
