// SPDX-License-Identifier: BSD-3-Clause
/* A stream as a source of records; atrc(5). */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/stream_reader.h"

static int ends_early(const struct stream_source *s, struct error *error)
{
	return error_set(error, ENODATA,
			 "%s: ends early (after %" PRIu32
			 " chunks); what is before that is complete",
			 s->name, s->account.chunks);
}

static int damaged(const struct stream_source *s, const struct frame *frame, const char *what,
		   struct error *error)
{
	return frames_damaged(&s->frames, frame->offset, what, error);
}

/* The next frame, whatever it is: 0, or a negative errno. */
static int read_frame(struct stream_source *s, struct frame *frame, struct error *error)
{
	int got = frames_next(&s->frames, frame, error);

	if (got == 0 || got == -ENODATA)
		return ends_early(s, error);
	if (got < 0)
		return got;
	if (!frame->packet && !s->ended)
		return damaged(s, frame, "a skippable frame before the end", error);
	return 0;
}

static int take_header(struct stream_source *s, const Acrnscope__Header *message,
		       struct error *error)
{
	if (message->version != STREAM_VERSION)
		return error_set(error, ENOTSUP,
				 "%s: is in version %" PRIu32 " of the stream format, this program "
				 "reads version %u: use a program of that version",
				 s->name, message->version, STREAM_VERSION);
	s->header_id = message->id;
	stream_header_unpack(message, &s->header);
	return 0;
}

/* What the index should say of this frame. Trace frames are decoded for it. */
static int describe(struct stream_source *s, const struct frame *frame, struct frame_info *info,
		    struct trace_columns *columns, struct error *error)
{
	const Acrnscope__Packet *packet = frame->packet;
	struct error why = { "" };

	*info = (struct frame_info){ .kind = FRAME_OTHER,
				     .compressed = frame->compressed,
				     .size = frame->size };
	switch (packet->body_case) {
	case ACRNSCOPE__PACKET__BODY_HEADER:
		info->kind = FRAME_HEADER;
		return take_header(s, packet->header, error);
	case ACRNSCOPE__PACKET__BODY_TRACE:
		info->kind = FRAME_TRACE;
		info->pcpu = packet->trace->pcpu;
		info->chunk = packet->trace->chunk;
		info->count = packet->trace->count;
		if (columns_decode_trace(s->buffer, packet->trace, columns, &why))
			return damaged(s, frame, why.text, error);
		columns_tsc_span(columns, &info->min_tsc, &info->max_tsc);
		return 0;
	case ACRNSCOPE__PACKET__BODY_PAYLOAD:
		info->kind = FRAME_PAYLOAD;
		info->pcpu = packet->payload->pcpu;
		info->chunk = packet->payload->chunk;
		return 0;
	case ACRNSCOPE__PACKET__BODY_LOSS:
		info->kind = FRAME_LOSS;
		info->pcpu = packet->loss->pcpu;
		info->ring = (uint32_t)packet->loss->ring;
		info->lost = packet->loss->count;
		info->lost_unknown = packet->loss->unknown;
		info->uncounted = packet->loss->uncounted;
		return 0;
	default:
		return 0;
	}
}

static bool pcpu_wanted(const struct stream_source *s, uint32_t pcpu)
{
	return !s->filter.one_pcpu || s->filter.pcpu == pcpu;
}

/* true: the frame makes an item (a trace item lacks its payload yet). */
static bool make_item(const struct stream_source *s, const struct frame *frame,
		      const struct frame_info *info, const struct trace_columns *columns,
		      struct trace_item *item)
{
	const Acrnscope__Loss *loss = frame->packet->loss;

	if (info->kind == FRAME_TRACE && pcpu_wanted(s, info->pcpu)) {
		item->kind = ITEM_TRACE;
		item->columns = *columns;
		return true;
	}
	if (info->kind != FRAME_LOSS || info->ring != ACRNSCOPE__RING__RING_TRACE ||
	    info->uncounted || !pcpu_wanted(s, info->pcpu))
		return false;
	item->kind = ITEM_LOSS;
	item->loss = (struct trace_loss){ .pcpu = (uint16_t)loss->pcpu,
					  .unknown = loss->unknown,
					  .count = loss->unknown ? 0 : loss->count,
					  .from_tsc = loss->from_tsc,
					  .to_tsc = loss->to_tsc };
	return true;
}

static int add_payload(struct stream_source *s, const struct frame *frame, struct error *error)
{
	struct error why = { "" };

	if (columns_decode_payload(s->buffer, frame->packet->payload, &why))
		return damaged(s, frame, why.text, error);
	return 0;
}

/* --- by the index --- */

/* Reads the next listed frame, which must be what the index says it is. */
static int read_listed(struct stream_source *s, struct frame *frame, struct trace_columns *columns,
		       struct error *error)
{
	const struct frame_info *listed = &s->listed[s->next_listed];
	struct frame_info info;
	int err;

	frames_seek(&s->frames, s->next_offset);
	s->frames.read_size = listed->compressed;
	err = read_frame(s, frame, error);
	if (err)
		return err;
	if (frame->packet->header_id != s->header_id && listed->kind != FRAME_HEADER)
		return damaged(s, frame, "a frame that goes with another header", error);
	err = describe(s, frame, &info, columns, error);
	if (err)
		return err;
	if (!frame_info_equal(&info, listed))
		return damaged(s, frame, "not the frame that the index has here", error);
	return 0;
}

static void pass_listed(struct stream_source *s)
{
	s->next_offset += s->listed[s->next_listed++].compressed;
}

static bool chunk_wanted(const struct stream_source *s, const struct frame_info *info)
{
	const struct source_filter *filter = &s->filter;

	return s->mode != STREAM_SUMMARY && pcpu_wanted(s, info->pcpu) &&
	       (!filter->from_tsc || info->max_tsc >= filter->from_tsc) &&
	       (!filter->to_tsc || info->min_tsc <= filter->to_tsc);
}

static bool listed_wanted(const struct stream_source *s, const struct frame_info *info)
{
	switch (info->kind) {
	case FRAME_TRACE:
		return chunk_wanted(s, info);
	case FRAME_PAYLOAD: /* read with its chunk */
		return false;
	default:
		return true;
	}
}

/* 1: item holds the next one; 0: none more among the listed frames. */
static int next_listed(struct stream_source *s, struct trace_item *item, struct error *error)
{
	while (s->next_listed < s->nr_listed) {
		const struct frame_info *info = &s->listed[s->next_listed];
		struct trace_columns columns;
		struct frame frame;
		int err;

		if (!listed_wanted(s, info)) {
			pass_listed(s);
			continue;
		}
		err = read_listed(s, &frame, &columns, error);
		if (err)
			return err;
		pass_listed(s);
		if (!make_item(s, &frame, info, &columns, item))
			continue;
		if (item->kind != ITEM_TRACE || !s->filter.payload)
			return 1;
		err = read_listed(s, &frame, &columns, error);
		if (!err)
			err = add_payload(s, &frame, error);
		return err ? err : 1;
	}
	return 0;
}

static void leave_listed(struct stream_source *s)
{
	s->nr_listed = 0;
	s->listed_from = s->after_index;
	frames_seek(&s->frames, s->after_index);
}

/* --- by walking --- */

static int walk_index(struct stream_source *s, const struct frame *frame, struct error *error)
{
	const Acrnscope__Index *index = frame->packet->index;
	bool fits = index->offset == s->listed_from && index->n_frame == s->nr_listed;
	struct frame_info info;

	for (unsigned int i = 0; i < s->nr_listed && fits; i++) {
		frame_info_unpack(index->frame[i], &info);
		fits = frame_info_equal(&info, &s->listed[i]);
	}
	if (!fits || s->account.payload_due)
		return damaged(s, frame, "the index does not fit the frames before it", error);
	account_unlisted(&s->account, frame->compressed, frame->size);
	account_index(&s->account, frame->offset);
	s->nr_listed = 0;
	s->listed_from = s->frames.offset;
	return 0;
}

static int walk_end(struct stream_source *s, const struct frame *frame, struct error *error)
{
	const Acrnscope__End *end = frame->packet->end;

	if (s->nr_listed || s->account.payload_due || !account_fits_end(&s->account, end))
		return damaged(s, frame, "its totals do not fit what is before it", error);
	account_unlisted(&s->account, frame->compressed, frame->size);
	stream_text_copy(s->end_reason, sizeof(s->end_reason), end->reason);
	s->ended = true;
	return 0;
}

/* The frame is the head of the seek table: reads on to the end of the file. */
static int walk_seek_table(struct stream_source *s, const struct frame *frame, struct error *error)
{
	uint64_t frames = s->account.nr_frames, hash = SEEK_HASH_START;
	const uint8_t *bytes;
	struct seek_entry entry;
	struct seek_foot foot;
	int got = 1;

	if (frame->compressed != SEEK_MAGIC ||
	    frame->size != frames * sizeof(entry) + sizeof(struct seek_foot))
		return damaged(s, frame, "no seek table of this stream", error);
	for (uint64_t i = 0; i < frames; i++) {
		got = frames_raw(&s->frames, &bytes, sizeof(entry), error);
		if (got <= 0)
			return got ? got : ends_early(s, error);
		memcpy(&entry, bytes, sizeof(entry));
		hash = seek_hash(hash, le32toh(entry.compressed), le32toh(entry.size));
	}
	got = frames_raw(&s->frames, &bytes, sizeof(foot), error);
	if (got <= 0)
		return got ? got : ends_early(s, error);
	memcpy(&foot, bytes, sizeof(foot));
	if (le32toh(foot.frames) != frames || foot.descriptor != 0 ||
	    le32toh(foot.magic) != SEEKABLE_MAGIC || hash != s->account.seek_hash)
		return damaged(s, frame, "the seek table does not fit the frames", error);
	got = frames_raw(&s->frames, &bytes, 1, error);
	if (got > 0)
		return damaged(s, frame, "more follows behind the end of the stream", error);
	s->at_end = true;
	return got;
}

/* A frame that the index lists. 1: item holds what it makes. */
static int walk_listed(struct stream_source *s, const struct frame *frame, struct trace_item *item,
		       struct error *error)
{
	struct trace_columns columns;
	struct frame_info info;
	const char *wrong;
	int err = describe(s, frame, &info, &columns, error);

	if (err)
		return err;
	if (frame->packet->header_id != s->header_id)
		return damaged(s, frame, "a frame that goes with another header", error);
	wrong = account_frame(&s->account, &info);
	if (!wrong && s->nr_listed == INDEX_FRAMES)
		wrong = "the index is missing";
	if (wrong)
		return damaged(s, frame, wrong, error);
	s->listed[s->nr_listed++] = info;
	return make_item(s, frame, &info, &columns, item);
}

static int walk(struct stream_source *s, struct trace_item *item, struct error *error)
{
	struct frame frame;
	int err = read_frame(s, &frame, error);

	if (err)
		return err;
	if (!frame.packet)
		return walk_seek_table(s, &frame, error);
	if (s->ended)
		return damaged(s, &frame, "a frame behind the end", error);
	if (frame.packet->body_case == ACRNSCOPE__PACKET__BODY_INDEX)
		return walk_index(s, &frame, error);
	if (frame.packet->body_case == ACRNSCOPE__PACKET__BODY_END)
		return walk_end(s, &frame, error);
	err = walk_listed(s, &frame, item, error);
	if (err <= 0 || item->kind != ITEM_TRACE || !s->filter.payload)
		return err;
	err = read_frame(s, &frame, error);
	if (!err && frame.packet->body_case != ACRNSCOPE__PACKET__BODY_PAYLOAD)
		return damaged(s, &frame, "the payload of a chunk is missing", error);
	if (!err)
		err = walk_listed(s, &frame, item, error);
	if (!err)
		err = add_payload(s, &frame, error);
	return err ? err : 1;
}

/* --- the source --- */

/* 1: item holds the next one, and so does it at the end. 0: none yet. */
static int step(struct stream_source *s, struct trace_item *item, struct error *error)
{
	int got;

	if (s->at_end) {
		item->kind = ITEM_END;
		return 1;
	}
	if (!s->index_offsets)
		return walk(s, item, error);
	got = next_listed(s, item, error);
	if (got)
		return got;
	leave_listed(s);
	index_load(s);
	return 0;
}

static int stream_next(struct source *source, struct trace_item *item, struct error *error)
{
	struct stream_source *s = (struct stream_source *)source;
	struct error why = { "" };
	int got = 0;

	while (!s->failed && !got) {
		got = step(s, item, &why);
		s->source.loss_counted &= s->account.loss_counted;
		if (got < 0) {
			s->failed = got;
			s->why = why;
		}
	}
	if (!s->failed)
		return 0;
	item->kind = ITEM_END;
	return error_set(error, -s->failed, "%s", s->why.text);
}

static void stream_close(struct source *source)
{
	struct stream_source *s = (struct stream_source *)source;

	if (s->owns_fd)
		close(s->frames.fd);
	frames_close(&s->frames);
	columns_buffer_free(s->buffer);
	free(s->index_offsets);
	free(s->name);
	free(s);
}

/* The first frame, which says whether this is a stream at all. */
static int read_first(struct stream_source *s, struct error *error)
{
	struct trace_item item;
	struct frame frame;
	int err = frames_next(&s->frames, &frame, error);

	if (err == -ENODATA)
		return error_set(error, ENODATA, "%s: ends early, within the head of the stream",
				 s->name);
	if (err == 0 || err == -EINVAL || (err > 0 && !frame.packet) ||
	    (err > 0 && frame.packet->body_case != ACRNSCOPE__PACKET__BODY_HEADER))
		return error_set(error, EINVAL, "%s: not an acrnscope stream", s->name);
	return err < 0 ? err : walk_listed(s, &frame, &item, error);
}

int stream_source_new(struct stream_source **source, int fd, bool owns_fd, const char *name,
		      enum stream_mode mode, const struct source_filter *filter,
		      struct error *error)
{
	struct stream_source *s = calloc(1, sizeof(*s));
	int err;

	if (!s) {
		if (owns_fd)
			close(fd);
		return error_set(error, ENOMEM, "%s: no memory to read it", name);
	}
	s->source = (struct source){ stream_next, stream_close, &s->header, true };
	s->name = strdup(name);
	s->owns_fd = owns_fd;
	s->mode = mode;
	s->filter = *filter;
	s->buffer = columns_buffer_new();
	s->account = (struct account){ .seek_hash = SEEK_HASH_START,
				       .index_hash = SEEK_HASH_START,
				       .loss_counted = true };
	err = frames_open(&s->frames, fd, s->name, error);
	if (!err && (!s->name || !s->buffer))
		err = error_set(error, ENOMEM, "%s: no memory to read it", name);
	if (!err)
		err = read_first(s, error);
	if (err) {
		stream_close(&s->source);
		return err;
	}
	if (mode != STREAM_CHECK)
		index_find(s);
	if (s->index_offsets)
		index_load(s);
	*source = s;
	return 0;
}

int source_open_stream(struct source **source, int fd, const char *name,
		       const struct source_filter *filter, struct error *error)
{
	struct stream_source *s = NULL;
	int err = stream_source_new(&s, fd, true, name, STREAM_READ, filter, error);

	if (!err)
		*source = &s->source;
	return err;
}
