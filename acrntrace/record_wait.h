/* SPDX-License-Identifier: BSD-3-Clause */
/* What the main thread does while the others record: waits for what ends it. */
#ifndef RECORD_WAIT_H
#define RECORD_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "acrntrace/record_capture.h"
#include "acrntrace/record_command.h"
#include "hv/client/client.h"

struct record_wait {
	struct capture *capture;
	uint64_t duration_ns;		/* 0: no end */
	struct client_hsm *hsm;		/* ends when it hangs up; NULL: none */
	struct record_command *command; /* ends when this does; NULL: none */
	bool keys;			/* "q" and Enter on stdin ends */
	void (*progress)(void *context, uint64_t elapsed_ns); /* NULL: none; about twice a second */
	void *context;

	int signal_fd;
	bool failure_told;
	/* Afterwards: */
	uint64_t elapsed_ns;
	char reason[64];      /* why it ended */
	bool failed;	      /* it ended early, or something was said of a ring */
	struct error failure; /* the first thing that failed, "" where nothing did */
};

/*
 * Blocks the signals that end a recording, and takes them from a file descriptor; to be called
 * before threads are started. Ignores SIGPIPE and SIGXFSZ: write(2) tells.
 */
int wait_prepare(struct record_wait *wait, struct error *error);

/* Returns when the recording is to end. Prints what goes wrong meanwhile. */
void wait_for_end(struct record_wait *wait);

/*
 * After capture_stop(): what went wrong since wait_for_end() is printed and sets failed as well.
 * true: the sink has failed, then or before.
 */
bool wait_check(struct record_wait *wait);

/* From now on a signal ends the process at once: for a second Ctrl-C while we finish. */
void wait_done(struct record_wait *wait);

#endif
