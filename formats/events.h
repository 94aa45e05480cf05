/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is known of trace events and exit reasons: tables made from events.tsv and exit-reasons.tsv,
 * and how a record's payload reads. The layout of a record is in acrn-sbuf(5).
 */
#ifndef FORMATS_EVENTS_H
#define FORMATS_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "formats/abi/exit_reasons.h"
#include "formats/abi/trace.h"
#include "formats/abi/trace_events.h"

enum field_source {
	FIELD_E, /* the two u64 */
	FIELD_F,
	FIELD_A, /* the four u32 */
	FIELD_B,
	FIELD_C,
	FIELD_D,
	FIELD_S,  /* 16 characters */
	FIELD_S0, /* four characters from byte 0, from byte 4 */
	FIELD_S4,
};

enum field_format {
	FORMAT_X,
	FORMAT_D,
	FORMAT_T,      /* TSC */
	FORMAT_REASON, /* exit reason */
	FORMAT_VCPU,   /* VM and vCPU, where TRACE_ENTER_VALID is set */
	FORMAT_DIR,    /* 0 read, 1 write */
	FORMAT_CR,     /* 0 MOV to CR, 1 MOV from CR, 2 CLTS, 3 LMSW */
	FORMAT_CALL,   /* hypercall id */
	FORMAT_STR,
};

#define TRACE_EVENT_FIELDS 4

struct trace_event_field {
	const char *name;
	enum field_source source;
	enum field_format format;
};

struct trace_event_info {
	uint64_t id;
	const char *name;
	uint8_t n_data;	     /* as in the record; 0: any */
	int16_t exit_reason; /* whose details it holds, or -1 */
	const char *help;
	struct trace_event_field fields[TRACE_EVENT_FIELDS]; /* ends at a NULL name */
};

extern const struct trace_event_info trace_events[];
extern const unsigned int nr_trace_events;

struct exit_reason_info {
	const char *name;	/* in the SDM; NULL: the SDM has no such reason */
	const char *short_name; /* for narrow columns */
};

extern const struct exit_reason_info exit_reasons[];
extern const unsigned int nr_exit_reasons;

/* The event with that id (bits 47..0 of the word), or NULL. */
const struct trace_event_info *trace_event_by_id(uint64_t id);

/* The event with that name, or NULL. */
const struct trace_event_info *trace_event_by_name(const char *name);

/* The SDM's name of a basic exit reason, or NULL. */
const char *exit_reason_name(uint16_t reason);

/* As exit_reason_name(), at most 18 characters. */
const char *exit_reason_short_name(uint16_t reason);

/* A hypercall's name without its prefix ("setup_sbuf"), or NULL. */
const char *hypercall_name(uint64_t id);

/*
 * The number of the VM whose thread has that name (four characters, "vm1:" or "vm12"): 0..99. -1:
 * it is the idle thread; -2: it is no VM's.
 */
#define THREAD_IDLE (-1)
#define THREAD_UNKNOWN (-2)
int thread_vm(const char name[4]);

/* The value of a field that is no string. */
uint64_t trace_field_value(const struct trace_record *record, enum field_source source);

#endif
