// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "formats/cli.h"
#include "formats/event_set.h"
#include "formats/events.h"

/* The slot of the event, or the free one where it would be. */
static unsigned int find_slot(const struct event_set *set, uint64_t id)
{
	unsigned int slot = (unsigned int)(id ^ id >> 16 << 8) % EVENT_SET_SLOTS;

	while (set->slots[slot].event && set->slots[slot].event != id + 1)
		slot = (slot + 1) % EVENT_SET_SLOTS;
	return slot;
}

static int put(struct event_set *set, uint64_t id, bool in, struct error *error)
{
	unsigned int slot = find_slot(set, id);

	if (!set->slots[slot].event && ++set->nr > EVENT_SET_SLOTS / 2)
		return error_set(error, EINVAL, "more than %u events in the list",
				 EVENT_SET_SLOTS / 2);
	set->slots[slot].event = id + 1;
	set->slots[slot].in = in;
	return 0;
}

int event_set_add(struct event_set *set, uint64_t id, struct error *error)
{
	return put(set, id, true, error);
}

bool event_set_has(const struct event_set *set, uint64_t id)
{
	unsigned int slot = find_slot(set, id);

	return set->slots[slot].event ? set->slots[slot].in : set->others;
}

/* It is the name, its beginning up to an underscore, or a pattern of it. */
static bool name_matches(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (strpbrk(pattern, "*?["))
		return fnmatch(pattern, name, 0) == 0;
	return strncmp(pattern, name, length) == 0 && (name[length] == '\0' || name[length] == '_');
}

static int put_names(struct event_set *set, const char *pattern, bool in, struct error *error)
{
	bool found = false;
	int err = 0;

	for (unsigned int i = 0; i < nr_trace_events && *pattern && !err; i++) {
		if (!name_matches(pattern, trace_events[i].name))
			continue;
		found = true;
		err = put(set, trace_events[i].id, in, error);
	}
	if (!found)
		return error_set(error, EINVAL,
				 "%s: no such event or group; acrntrace(1) lists them", pattern);
	return err;
}

static int put_item(struct event_set *set, const char *item, struct error *error)
{
	bool in = item[0] != '-';
	uint64_t id;
	int err;

	item += !in;
	if (strcmp(item, "all") == 0) {
		*set = (struct event_set){ .others = in };
		return 0;
	}
	if (item[0] < '0' || item[0] > '9')
		return put_names(set, item, in, error);
	err = cli_parse_number(item, "an event id", 0, TRACE_WORD_EVENT(UINT64_MAX), &id, error);
	return err ? err : put(set, id, in, error);
}

int event_set_parse(const char *text, struct event_set *set, struct error *error)
{
	*set = (struct event_set){ .others = text[0] == '-' };
	for (;;) {
		char item[64];
		size_t length = strcspn(text, ",");
		int err;

		if (length >= sizeof(item))
			return error_set(error, EINVAL, "%.40s...: no event has so long a name",
					 text);
		memcpy(item, text, length);
		item[length] = '\0';
		err = put_item(set, item, error);
		if (err || text[length] == '\0')
			return err;
		text += length + 1;
	}
}
