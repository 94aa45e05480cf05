/* SPDX-License-Identifier: BSD-3-Clause */
/* Points in time as a user names them (--from, --to), and TSC cycles as nanoseconds. */
#ifndef FORMATS_TIMESPAN_H
#define FORMATS_TIMESPAN_H

#include <stdint.h>

#include "formats/error.h"

/* The highest TSC frequency that is believed: 1 THz. Up to it the conversions below are exact. */
#define TSC_KHZ_MAX 1000000000ULL

enum time_kind {
	TIME_NONE,   /* not given */
	TIME_NS,     /* since the first record, in nanoseconds */
	TIME_CYCLES, /* since the first record, in TSC cycles */
	TIME_TSC,    /* a value of the TSC */
};

struct time_point {
	enum time_kind kind;
	uint64_t value;
};

/*
 * "1.5s", "200ms", "10us", "3ns" or plain seconds since the first record, "123c" in cycles since
 * then, "tsc:N" a value of the TSC. -EINVAL.
 */
int time_parse(const char *text, struct time_point *point, struct error *error);

/*
 * The TSC value of point, not TIME_NONE; first_tsc is the first record's. -EINVAL where point is in
 * nanoseconds and tsc_khz is 0. What lies past the end of the TSC is its end.
 */
int time_resolve(const struct time_point *point, uint64_t first_tsc, uint64_t tsc_khz,
		 uint64_t *tsc, struct error *error);

/* Cycles as nanoseconds, rounded down; tsc_khz 1..TSC_KHZ_MAX. Past 584 years it is UINT64_MAX. */
uint64_t tsc_to_ns(uint64_t cycles, uint64_t tsc_khz);

#endif
