// SPDX-License-Identifier: BSD-3-Clause
/* A capture's sink that writes a stream. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "acrntrace/record_stream.h"
#include "formats/columns.h"

static int write_failed(const struct record_stream *stream, int ret, struct error *error)
{
	return error_set(error, -ret, "%s: %s; the file is good up to here", stream->name,
			 strerror(-ret));
}

/* Where the file can tell, with what closing the stream has added. */
static void update_bytes(struct record_stream *stream)
{
	struct stream_totals totals;
	off_t now = stream->start < 0 ? -1 : lseek(stream->fd, 0, SEEK_CUR);

	if (now >= stream->start && now > 0) {
		stream->bytes = (uint64_t)(now - stream->start);
		return;
	}
	if (!stream->writer)
		return;
	stream_writer_totals(stream->writer, -1, &totals);
	stream->bytes = totals.bytes;
}

/* Writes the gap that waits; to_tsc is the first record behind it, 0 where none has come yet. */
static int close_gap(struct record_stream *stream, struct record_stream_ring *ring, uint64_t to_tsc)
{
	if (!ring->gap_open)
		return 0;
	ring->gap_open = false;
	ring->loss.to_tsc = to_tsc;
	return stream_write_loss(stream->writer, &ring->loss, NULL);
}

/* A gap joins one that waits, unless only one of them has a number. */
static int open_gap(struct record_stream *stream, struct record_stream_ring *ring, uint16_t pcpu,
		    const struct capture_gap *gap)
{
	int ret = 0;

	if (ring->loss.unknown != gap->unknown)
		ret = close_gap(stream, ring, 0);
	if (!ring->gap_open)
		ring->loss = (struct trace_loss){ .pcpu = pcpu, .from_tsc = ring->last_tsc };
	ring->gap_open = true;
	ring->loss.unknown |= gap->unknown;
	ring->loss.count += gap->lost;
	ring->counts.lost += gap->lost;
	ring->counts.gaps = true;
	if (gap->unknown)
		ring->counts.unknown = true;
	return ret;
}

/* Moves the records to keep to the front, in order; returns how many. */
static uint32_t filter_records(const struct event_set *filter, struct trace_record *records,
			       uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (!event_set_has(filter, TRACE_WORD_EVENT(records[i].word)))
			continue;
		records[kept++] = records[i];
	}
	return kept;
}

/* Records with no gap between them. */
static int write_records(struct record_stream *stream, struct record_stream_ring *ring,
			 uint16_t pcpu, struct trace_record *records, uint32_t count)
{
	uint32_t kept;
	int ret;

	if (count == 0)
		return 0;
	ret = close_gap(stream, ring, records[0].tsc);
	ring->last_tsc = records[count - 1].tsc;
	kept = stream->filter ? filter_records(stream->filter, records, count) : count;
	for (uint32_t at = 0; ret == 0 && at < kept; at += CHUNK_RECORDS) {
		uint32_t piece = kept - at < CHUNK_RECORDS ? kept - at : CHUNK_RECORDS;

		ret = stream_write_trace(stream->writer, pcpu, records + at, piece, NULL);
		if (ret == 0)
			ring->counts.kept += piece;
	}
	ring->counts.drained += count;
	return ret;
}

static int write_chunk(void *context, struct capture_chunk *chunk, struct error *error)
{
	struct record_stream *stream = context;
	struct record_stream_ring *ring = &stream->rings[chunk->ring];
	uint16_t pcpu = capture_pcpu(stream->capture, chunk->ring);
	uint32_t at = 0;
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < chunk->nr_gaps; i++) {
		ret = write_records(stream, ring, pcpu, chunk->records + at,
				    chunk->gaps[i].at - at);
		at = chunk->gaps[i].at;
		if (ret == 0)
			ret = open_gap(stream, ring, pcpu, &chunk->gaps[i]);
	}
	if (ret == 0)
		ret = write_records(stream, ring, pcpu, chunk->records + at, chunk->count - at);
	update_bytes(stream);
	return ret < 0 ? write_failed(stream, ret, error) : 0;
}

static int close_gaps(struct record_stream *stream)
{
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < capture_rings(stream->capture); i++)
		ret = close_gap(stream, &stream->rings[i], 0);
	return ret;
}

/* What is in the file after this survives a power cut. */
static int sync_file(void *context, struct error *error)
{
	struct record_stream *stream = context;
	int ret = close_gaps(stream);

	/* EINVAL, EROFS: a pipe or a device, which have nothing to sync. */
	if (ret == 0 && fdatasync(stream->fd) < 0 && errno != EINVAL && errno != EROFS)
		ret = -errno;
	return ret < 0 ? write_failed(stream, ret, error) : 0;
}

int record_stream_open(struct record_stream *stream, const struct stream_header *header, int level,
		       struct error *error)
{
	unsigned int nr_rings = capture_rings(stream->capture);
	int ret;

	stream->start = lseek(stream->fd, 0, SEEK_CUR);
	stream->rings = calloc(nr_rings, sizeof(*stream->rings));
	if (!stream->rings)
		return error_set(error, ENOMEM, "no memory");
	ret = stream_writer_open(&stream->writer, stream->fd, level, header, NULL);
	if (ret < 0) {
		stream->writer = NULL;
		return error_set(error, -ret, "%s: %s", stream->name, strerror(-ret));
	}
	for (unsigned int i = 0; i < nr_rings; i++) {
		if (capture_counts_loss(stream->capture, i))
			continue;
		stream->rings[i].counts.unknown = true;
		stream_writer_loss_unknown(stream->writer, capture_pcpu(stream->capture, i));
	}
	return 0;
}

void record_stream_sink(struct record_stream *stream, struct capture_sink *sink)
{
	*sink = (struct capture_sink){ .context = stream, .write = write_chunk, .sync = sync_file };
}

int record_stream_close(struct record_stream *stream, const char *reason, struct error *error)
{
	int ret;

	if (!reason) {
		stream_writer_abandon(stream->writer);
		stream->writer = NULL;
		return 0;
	}
	ret = close_gaps(stream);
	if (ret < 0)
		stream_writer_abandon(stream->writer);
	else
		ret = stream_writer_close(stream->writer, reason, NULL);
	stream->writer = NULL;
	update_bytes(stream);
	if (ret == 0 && fdatasync(stream->fd) < 0 && errno != EINVAL && errno != EROFS)
		ret = -errno;
	return ret < 0 ? write_failed(stream, ret, error) : 0;
}

void record_stream_free(struct record_stream *stream)
{
	if (stream->writer)
		stream_writer_abandon(stream->writer);
	free(stream->rings);
	stream->writer = NULL;
	stream->rings = NULL;
}
