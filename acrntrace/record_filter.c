// SPDX-License-Identifier: BSD-3-Clause
/* Which events record keeps: a small hash table from event id to a yes or no. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "acrntrace/record_filter.h"
#include "formats/cli.h"
#include "formats/events.h"

/* What pairs exits and tells VMs apart. */
static const uint64_t always_kept[] = { TRACE_VM_EXIT, TRACE_VM_ENTER, TRACE_SCHED_NEXT };

/* The slot of the event, or the free one where it would be. */
static unsigned int find_slot(const struct event_filter *filter, uint64_t event)
{
	unsigned int slot = (unsigned int)(event ^ event >> 16 << 8) % FILTER_SLOTS;

	while (filter->slots[slot].event && filter->slots[slot].event != event + 1)
		slot = (slot + 1) % FILTER_SLOTS;
	return slot;
}

static int set_event(struct event_filter *filter, uint64_t event, bool keep, struct error *error)
{
	unsigned int slot = find_slot(filter, event);

	if (!filter->slots[slot].event && ++filter->nr > FILTER_SLOTS / 2)
		return error_set(error, EINVAL, "too many events in the list");
	filter->slots[slot].event = event + 1;
	filter->slots[slot].keep = keep;
	return 0;
}

/* Is it this name, the beginning of it up to an underscore, or a pattern of it? */
static bool name_matches(const char *name, const char *wanted)
{
	size_t length = strlen(wanted);

	if (strpbrk(wanted, "*?["))
		return fnmatch(wanted, name, 0) == 0;
	return strncmp(name, wanted, length) == 0 && (name[length] == '\0' || name[length] == '_');
}

static int apply_item(struct event_filter *filter, const char *item, bool keep, struct error *error)
{
	bool all = strcmp(item, "all") == 0, any = all;
	uint64_t event;
	int ret = 0;

	if (item[0] >= '0' && item[0] <= '9') {
		ret = cli_parse_number(item, "an event id", 0, TRACE_WORD_EVENT(UINT64_MAX), &event,
				       error);
		return ret < 0 ? ret : set_event(filter, event, keep, error);
	}
	if (all) {
		*filter = (struct event_filter){ .others = keep };
		return 0;
	}
	for (unsigned int i = 0; ret == 0 && i < nr_trace_events; i++) {
		if (*item == '\0' || !name_matches(trace_events[i].name, item))
			continue;
		any = true;
		ret = set_event(filter, trace_events[i].id, keep, error);
	}
	if (!any)
		return error_set(error, EINVAL,
				 "%s: no such event or group of events; see acrntrace(1)", item);
	return ret;
}

int filter_parse(struct event_filter *filter, const char *list, struct error *error)
{
	char copy[4096], *at = copy, *item;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", list) >= sizeof(copy))
		return error_set(error, EINVAL, "the list of events is too long");
	memset(filter, 0, sizeof(*filter));
	filter->others = list[0] == '-';
	while ((item = strsep(&at, ",")) != NULL) {
		bool keep = item[0] != '-';
		int ret = apply_item(filter, keep ? item : item + 1, keep, error);

		if (ret < 0)
			return ret;
	}
	for (size_t i = 0; i < sizeof(always_kept) / sizeof(always_kept[0]); i++) {
		int ret = set_event(filter, always_kept[i], true, error);

		if (ret < 0)
			return ret;
	}
	return 0;
}

bool filter_keeps(const struct event_filter *filter, uint64_t event)
{
	unsigned int slot = find_slot(filter, event);

	return filter->slots[slot].event ? filter->slots[slot].keep : filter->others;
}

uint32_t filter_records(const struct event_filter *filter, struct trace_record *records,
			uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (!filter_keeps(filter, TRACE_WORD_EVENT(records[i].word)))
			continue;
		records[kept++] = records[i];
	}
	return kept;
}
