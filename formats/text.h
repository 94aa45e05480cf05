/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A record as one line of text: time, pCPU, event, and the fields that events.tsv gives the event.
 *
 *	    0.001020304   0 vm_exit                      reason=HLT rip=0xffffffff81a2c3d4
 */
#ifndef FORMATS_TEXT_H
#define FORMATS_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/events.h"
#include "formats/source.h"

#define TEXT_CACHE 128U
#define TEXT_REASONS 80U

/* A short text, to be copied whole, which is faster than by length; 0: not kept. */
struct text_word {
	char text[31];
	uint8_t length;
};

/* What an event's lines have in common. */
struct text_event {
	uint64_t id;
	const struct trace_event_info *info;
	struct text_word name;			     /* filled up with blanks */
	struct text_word fields[TRACE_EVENT_FIELDS]; /* " name=" */
};

struct text {
	uint64_t base_tsc; /* time 0 */
	uint64_t tsc_khz;  /* 0: not known, times are cycles; up to TSC_KHZ_MAX */
	bool raw_tsc;	   /* times are values of the TSC */
	struct text_event cache[TEXT_CACHE];
	struct text_word reasons[TEXT_REASONS];
};

void text_init(struct text *text, uint64_t base_tsc, uint64_t tsc_khz);

/* As trace_event_by_id(). */
const struct trace_event_info *text_event(struct text *text, uint64_t id);

/* What the table says of the record's fields holds: its form is the event's. */
bool text_has_fields(const struct trace_event_info *info, const struct trace_record *record);

/*
 * Each writes at out, which has TEXT_MAX bytes of room, and returns the place behind. The first two
 * write a line, text_fields() "name=value" with blanks between, or nothing.
 *
 * An event that is not known, or has not the form it should have, shows as its id and
 * "n_data=N data=" with the 16 bytes of payload in hexadecimal, in memory order.
 */
#define TEXT_MAX 1024U
char *text_record(struct text *text, char *out, uint16_t pcpu, const struct trace_record *record);
char *text_loss(const struct text *text, char *out, const struct trace_loss *loss);
char *text_fields(struct text *text, char *out, uint16_t pcpu, const struct trace_record *record);

/* The names of the values of FORMAT_DIR and FORMAT_CR, or NULL. */
const char *text_value_name(enum field_format format, uint64_t value);

/* The bytes of a string field (up to its first NUL) and how many there are. */
const char *text_string(const struct trace_record *record, enum field_source source,
			size_t *length);

/* "n_data=N data=" and the bytes. */
char *text_raw(char *out, const struct trace_record *record);

#endif
