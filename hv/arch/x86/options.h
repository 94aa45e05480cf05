/* SPDX-License-Identifier: BSD-3-Clause */
/* The hypervisor's command line. */
#ifndef HV_X86_OPTIONS_H
#define HV_X86_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum panic_action {
	PANIC_REBOOT,
	PANIC_HALT,
	PANIC_EXIT,
};

struct options {
	uint8_t console_level, memory_level; /* enum hvlog_severity */
	uint64_t pool_size;		     /* hvmem=, bytes; 0: the default */
	uint64_t hvlog_size, hvlog_base;     /* hvlog=, bytes and hpa; size 0: none */
	unsigned int max_pcpus;		     /* maxcpus= */
	enum panic_action on_panic;	     /* panic= */
	bool no_x2apic, no_tsc_deadline;     /* for tests of the other way */
	bool no_cpu_check;		     /* for tests on machines without VT-x */
	char guests[64];		     /* guests=: payloads to run; "": none */
	uint32_t duration_ms;		     /* duration=; 0: for ever */
	uint32_t trace_size;		     /* trace=: bytes of a trace ring */
	uint32_t slice_us, period_us;	     /* slice=, period= */
	uint64_t seed;			     /* seed= */
	bool dump_trace;		     /* dump=com2: the rings, at the end */
	char test[16];			     /* test=: what selftest_run() does; "": nothing */
};

extern struct options options;

/*
 * Reads the command line into options, and sets console and log levels. What it does not know or
 * cannot use is said in one line each and left at its default.
 */
void options_parse(const char *command_line);

/* The next word of a list with commas, cut to room; false: there is none. *list moves on. */
bool option_word(const char **list, char *word, size_t room);
bool option_is(const char *word, const char *name);

/* A number, decimal or 0x.., with K, M or G behind it; *end is where it stops. False: none there,
 * or it does not fit. */
bool option_size(const char *text, const char **end, uint64_t *value);

#endif
