/* SPDX-License-Identifier: BSD-3-Clause */
/* Which events record keeps: record --event. */
#ifndef RECORD_FILTER_H
#define RECORD_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/abi/trace.h"
#include "formats/error.h"

#define FILTER_SLOTS 1024U /* a power of 2 */

/* All zero keeps nothing. */
struct event_filter {
	bool others; /* keep events that have no slot */
	unsigned int nr;
	struct {
		uint64_t event; /* id + 1; 0: free */
		bool keep;
	} slots[FILTER_SLOTS];
};

/*
 * From a list like "vmexit,timer_irq" or "-timer,-0x1234": names of events.tsv, beginnings of names
 * up to an underscore, shell patterns, ids, and "all"; a minus takes away. A list that starts with
 * a minus starts from all. vm_exit, vm_enter and sched_next stay whatever the list says: without
 * them times and VMs would come out wrong. -EINVAL.
 */
int filter_parse(struct event_filter *filter, const char *list, struct error *error);

bool filter_keeps(const struct event_filter *filter, uint64_t event);

/* Moves the records to keep to the front, in order; returns how many. */
uint32_t filter_records(const struct event_filter *filter, struct trace_record *records,
			uint32_t count);

#endif
