/* SPDX-License-Identifier: BSD-3-Clause */
/* A set of trace events as a user names them. */
#ifndef FORMATS_EVENT_SET_H
#define FORMATS_EVENT_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/error.h"

#define EVENT_SET_SLOTS 1024U /* a power of 2 */

/* A hash table from event id to in or out. All zero is the empty set. */
struct event_set {
	bool others; /* what has no slot is in */
	unsigned int nr;
	struct {
		uint64_t event; /* id + 1; 0: free */
		bool in;
	} slots[EVENT_SET_SLOTS];
};

/*
 * "vm_exit,vmexit,timer_*,0x20": names, beginnings of names up to an underscore, shell patterns of
 * names, ids, and "all"; separated by commas. A minus before one takes away; a list that starts
 * with a minus starts from all. -EINVAL with a message that names what is wrong.
 */
int event_set_parse(const char *text, struct event_set *set, struct error *error);

/* Adds an event; -EINVAL: more than half of the slots would be taken. */
int event_set_add(struct event_set *set, uint64_t id, struct error *error);

/* id: bits 47..0 of a record's word. */
bool event_set_has(const struct event_set *set, uint64_t id);

#endif
