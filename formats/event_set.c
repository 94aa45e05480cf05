// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "formats/event_set.h"
#include "formats/events.h"

bool event_set_has(const struct event_set *set, uint64_t id)
{
	for (unsigned int i = 0; i < set->nr; i++)
		if (set->ids[i] == id)
			return true;
	return false;
}

/* False: the set is full. */
static bool add(struct event_set *set, uint64_t id)
{
	if (event_set_has(set, id))
		return true;
	if (set->nr == EVENT_SET_MAX)
		return false;
	set->ids[set->nr++] = id;
	return true;
}

static int add_id(struct event_set *set, const char *name, struct error *error)
{
	bool hex = name[0] == '0' && (name[1] == 'x' || name[1] == 'X');
	char *end;
	uint64_t id;

	errno = 0;
	id = strtoull(name, &end, hex ? 16 : 10);
	if (*end || errno || id >> 48)
		return error_set(error, EINVAL, "%s: not an event id; it has at most 48 bits",
				 name);
	if (!add(set, id))
		return error_set(error, EINVAL, "%s: more than %u events", name, EVENT_SET_MAX);
	return 0;
}

/* It is the name, its beginning up to an underscore, or a pattern of it. */
static bool name_matches(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (strpbrk(pattern, "*?["))
		return fnmatch(pattern, name, 0) == 0;
	return strncmp(pattern, name, length) == 0 && (name[length] == '\0' || name[length] == '_');
}

static int add_pattern(struct event_set *set, const char *pattern, struct error *error)
{
	bool found = false;

	for (unsigned int i = 0; i < nr_trace_events; i++) {
		if (!name_matches(pattern, trace_events[i].name))
			continue;
		found = true;
		if (!add(set, trace_events[i].id))
			return error_set(error, EINVAL, "%s: more than %u events", pattern,
					 EVENT_SET_MAX);
	}
	if (!found)
		return error_set(error, EINVAL,
				 "%s: no such event; acrn-sbuf(5) lists them, as in vm_exit,vmexit",
				 pattern);
	return 0;
}

int event_set_parse(const char *text, struct event_set *set, struct error *error)
{
	set->nr = 0;
	for (;;) {
		char name[64];
		size_t length = strcspn(text, ",");
		int err;

		if (length >= sizeof(name))
			return error_set(error, EINVAL,
					 "%.40s...: no such event; the name is too "
					 "long",
					 text);
		memcpy(name, text, length);
		name[length] = '\0';
		err = name[0] >= '0' && name[0] <= '9' ? add_id(set, name, error)
						       : add_pattern(set, name, error);
		if (err)
			return err;
		if (text[length] == '\0')
			return 0;
		text += length + 1;
	}
}
