// SPDX-License-Identifier: BSD-3-Clause
/*
 * The index of a complete, seekable stream: from the seek table to the End packet, from there to
 * the Index packets. It only says where to look: all it says is in the account of the pass, which
 * is held against the End packet when the pass gets there.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/stream_reader.h"

#define INDEX_READ_SIZE (64U << 10)

static bool read_at(struct stream_source *s, uint64_t offset, void *to, size_t size)
{
	const uint8_t *bytes;
	struct error error;

	frames_seek(&s->frames, offset);
	s->frames.read_size = size;
	if (frames_raw(&s->frames, &bytes, size, &error) <= 0)
		return false;
	memcpy(to, bytes, size);
	return true;
}

/* Where the End packet's frame is, as the seek table at the end of size bytes has it. */
static bool find_end(struct stream_source *s, uint64_t size, uint64_t *offset)
{
	struct seek_head head;
	struct seek_entry last;
	struct seek_foot foot;
	uint64_t table;

	if (size < sizeof(head) + sizeof(last) + sizeof(foot) ||
	    !read_at(s, size - sizeof(foot), &foot, sizeof(foot)))
		return false;
	table = (uint64_t)le32toh(foot.frames) * sizeof(last) + sizeof(foot);
	if (le32toh(foot.magic) != SEEKABLE_MAGIC || foot.descriptor != 0 || foot.frames == 0 ||
	    table + sizeof(head) > size ||
	    !read_at(s, size - table - sizeof(head), &head, sizeof(head)) ||
	    le32toh(head.magic) != SEEK_MAGIC || le32toh(head.size) != table ||
	    !read_at(s, size - sizeof(foot) - sizeof(last), &last, sizeof(last)))
		return false;
	size -= table + sizeof(head);
	*offset = size - le32toh(last.compressed);
	s->frames.read_size =
		le32toh(last.compressed) < STREAM_COMPRESSED_MAX ? le32toh(last.compressed) : 0;
	return le32toh(last.compressed) < size;
}

static bool read_end(struct stream_source *s, uint64_t offset)
{
	struct frame frame;
	struct error error;
	const Acrnscope__End *end;

	frames_seek(&s->frames, offset);
	if (frames_next(&s->frames, &frame, &error) <= 0 || !frame.packet ||
	    frame.packet->body_case != ACRNSCOPE__PACKET__BODY_END)
		return false;
	end = frame.packet->end;
	s->index_offsets = calloc(end->n_index_offset + 1, sizeof(uint64_t));
	if (!s->index_offsets)
		return false;
	for (size_t i = 0; i < end->n_index_offset; i++)
		s->index_offsets[i] = end->index_offset[i];
	s->nr_index = end->n_index_offset;
	for (size_t i = 0; i < end->n_pcpu; i++)
		if (end->pcpu[i]->lost_unknown)
			s->source.loss_counted = false;
	return true;
}

void index_find(struct stream_source *s)
{
	struct frames *frames = &s->frames;
	uint64_t here = frames->offset, offset;
	size_t read_size = frames->read_size;
	struct stat st;

	if (!frames->seekable || fstat(frames->fd, &st) || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size < frames->start)
		return;
	if (find_end(s, (uint64_t)st.st_size - frames->start, &offset))
		read_end(s, offset);
	frames_seek(frames, here);
	frames->read_size = read_size;
}

/* The frames of the index are to follow on from the one before, up to the Index packet's own. */
static bool covers(const struct stream_source *s, const Acrnscope__Index *index, uint64_t end)
{
	uint64_t at = s->listed_from;

	if (index->offset != at || index->n_frame > INDEX_FRAMES)
		return false;
	for (size_t i = 0; i < index->n_frame; i++)
		at += index->frame[i]->compressed;
	return at == end;
}

/* Puts the packet's frames into the list, behind those that were walked over, and the account. */
static bool take(struct stream_source *s, const Acrnscope__Index *index)
{
	unsigned int first = s->nr_listed;
	struct frame_info info;

	if (index->n_frame < first)
		return false;
	for (unsigned int i = 0; i < index->n_frame; i++) {
		frame_info_unpack(index->frame[i], &info);
		if (i < first ? !frame_info_equal(&info, &s->listed[i])
			      : account_frame(&s->account, &info) != NULL)
			return false;
		s->listed[i] = info;
	}
	s->next_listed = first;
	s->nr_listed = (unsigned int)index->n_frame;
	return !s->account.payload_due;
}

static bool load(struct stream_source *s)
{
	struct frames *frames = &s->frames;
	struct frame frame;
	struct error error;

	if (s->next_index == s->nr_index)
		return false;
	s->next_offset = frames->offset;
	frames->read_size = INDEX_READ_SIZE;
	frames_seek(frames, s->index_offsets[s->next_index++]);
	if (frames_next(frames, &frame, &error) <= 0 || !frame.packet ||
	    frame.packet->body_case != ACRNSCOPE__PACKET__BODY_INDEX ||
	    !covers(s, frame.packet->index, frame.offset) || !take(s, frame.packet->index))
		return false;
	account_unlisted(&s->account, frame.compressed, frame.size);
	account_index(&s->account, frame.offset);
	s->after_index = frames->offset;
	return true;
}

void index_load(struct stream_source *s)
{
	size_t read_size = s->frames.read_size;
	uint64_t here = s->frames.offset;
	unsigned int nr_listed = s->nr_listed;
	struct account before = s->account;

	if (load(s))
		return;
	s->account = before;
	s->nr_listed = nr_listed;
	s->frames.read_size = read_size;
	frames_seek(&s->frames, here);
	free(s->index_offsets);
	s->index_offsets = NULL;
}
