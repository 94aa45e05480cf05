// SPDX-License-Identifier: BSD-3-Clause
/* What there is to say of a stream as a whole. */
#include <string.h>

#include "formats/stream_reader.h"

static void fill_info(const struct stream_source *s, struct stream_info *info)
{
	info->header = s->header;
	info->complete = s->at_end;
	memcpy(info->end_reason, s->end_reason, sizeof(info->end_reason));
	info->frames = s->account.nr_frames;
	info->file_bytes = s->frames.offset;
	info->nr_pcpus = s->account.nr_seen;
	memcpy(info->pcpu, s->account.seen, sizeof(info->pcpu));
}

int stream_read_info(int fd, const char *name, bool check, struct stream_info *info,
		     struct error *error)
{
	struct source_filter filter = { .payload = check };
	struct stream_source *s;
	struct trace_item item;
	int err;

	memset(info, 0, sizeof(*info));
	err = stream_source_new(&s, fd, false, name, check ? STREAM_CHECK : STREAM_SUMMARY, &filter,
				error);
	if (err)
		return err;
	do
		err = source_next(&s->source, &item, error);
	while (!err && item.kind != ITEM_END);
	fill_info(s, info);
	source_close(&s->source);
	return err;
}
