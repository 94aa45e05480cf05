/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Format rules in upstream's layout: a line for each event, which says how its records read.
 *
 *	0x00010004 CPU%(cpu)d %(tsc)d cpuid [leaf = 0x%(1)08x, subleaf = 0x%(2)08x]
 *
 * An id, blanks, and the text to the end of the line, in which %(NAME), then maybe flags ("-0+ #")
 * and a width, and a conversion stand for a value. Names: cpu, tsc, event (the id), and the numbers
 * of the record's values: 1 and 2 are the two u64 (2L), 1..4 the four u32 (4I), 1..16 the bytes
 *(6C, 16STR). Conversions: d i u decimal, x X hexadecimal, o octal, c a character: a NUL gives
 *nothing, what cannot be printed a dot. %% is a percent sign, \t \n \" \\ are as in C. Lines that
 *are empty or begin with # mean nothing; of two rules for one event the later one counts.
 */
#ifndef FORMATS_RULES_H
#define FORMATS_RULES_H

#include <stdint.h>

#include "formats/abi/trace.h"
#include "formats/error.h"

struct rules;

/*
 * Reads rules from fd up to its end. -EINVAL: a bad rule, error is "name:line: what is wrong";
 * other errors as of read(2).
 */
int rules_read(struct rules **rules, int fd, const char *name, struct error *error);
void rules_free(struct rules *rules);

/* The most bytes that rules_record() writes. */
#define RULES_LINE_MAX 16384U

/*
 * One line for the record, at out; the place behind it. A record whose event has no rule, or whose
 * rule names a value that its form does not have, reads
 * "CPU<pcpu> 0x<id, 16 digits> <tsc> n_data=<form> data=<16 bytes in hexadecimal>".
 */
char *rules_record(const struct rules *rules, char *out, uint16_t pcpu,
		   const struct trace_record *record);

#endif
