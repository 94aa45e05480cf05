// SPDX-License-Identifier: BSD-3-Clause
/* Frames of a stream, one at a time: reading, decompressing, unpacking; atrc(5), "Frames". */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "formats/stream_reader.h"

#define READ_SIZE (256U << 10)
#define ZSTD_MAGIC 0xfd2fb528U
#define SKIPPABLE_MAGIC 0x184d2a50U /* and the 15 that follow */
#define CHECKSUM_FLAG 0x04U	    /* in the byte behind zstd's magic */

/*
 * An unpacked message is at most this large: what the largest chunk needs (a column with two Planes
 * a record) and some. A message that wants more is hostile.
 */
#define ARENA_MAX ((size_t)CHUNK_RECORDS * 512)
#define ARENA_BLOCK ((size_t)1 << 20)

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	max_align_t data[];
};

static void *arena_alloc(void *context, size_t size)
{
	struct arena *arena = context;
	struct arena_block *block = arena->blocks;
	size_t rounded = (size + 15) & ~(size_t)15;
	size_t wanted = rounded > ARENA_BLOCK ? rounded : ARENA_BLOCK;
	void *memory;

	if (!block || block->size - block->used < rounded) {
		if (size > ARENA_MAX || arena->total + wanted > ARENA_MAX)
			return NULL;
		block = malloc(sizeof(*block) + wanted);
		if (!block)
			return NULL;
		*block = (struct arena_block){ .next = arena->blocks, .size = wanted };
		arena->blocks = block;
		arena->total += wanted;
	}
	memory = (char *)block->data + block->used;
	block->used += rounded;
	return memory;
}

static void arena_no_free(void *context, void *memory)
{
	(void)context;
	(void)memory;
}

/* Keeps one block of the usual size, which is all that most messages need. */
static void arena_reset(struct arena *arena, bool all)
{
	struct arena_block *block = arena->blocks;

	while (block && (block->next || all)) {
		struct arena_block *next = block->next;

		arena->total -= block->size;
		free(block);
		block = next;
	}
	arena->blocks = block;
	if (block)
		block->used = 0;
}

int frames_damaged(const struct frames *frames, uint64_t offset, const char *what,
		   struct error *error)
{
	return error_set(error, EINVAL, "%s: damaged at byte %" PRIu64 ": %s", frames->name, offset,
			 what);
}

static int no_memory(const struct frames *frames, struct error *error)
{
	return error_set(error, ENOMEM, "%s: no memory to read it", frames->name);
}

int frames_open(struct frames *frames, int fd, const char *name, struct error *error)
{
	off_t start = lseek(fd, 0, SEEK_CUR);

	*frames = (struct frames){
		.fd = fd,
		.seekable = start >= 0,
		.name = name,
		.start = start >= 0 ? (uint64_t)start : 0,
		.read_size = READ_SIZE,
		.zstd = ZSTD_createDCtx(),
		.arena = { .allocator = { arena_alloc, arena_no_free, NULL } },
	};
	return frames->zstd ? 0 : no_memory(frames, error);
}

void frames_close(struct frames *frames)
{
	arena_reset(&frames->arena, true);
	ZSTD_freeDCtx(frames->zstd);
	free(frames->in);
	free(frames->out);
}

void frames_seek(struct frames *frames, uint64_t offset)
{
	uint64_t have = frames->to - frames->from;

	if (offset >= frames->offset && offset - frames->offset <= have)
		frames->from += (size_t)(offset - frames->offset);
	else
		frames->from = frames->to = 0;
	frames->offset = offset;
}

static ssize_t read_some(struct frames *frames, uint8_t *to, size_t size, uint64_t offset)
{
	struct pollfd readable = { .fd = frames->fd, .events = POLLIN };
	ssize_t n;

	for (;;) {
		n = frames->seekable ? pread(frames->fd, to, size, (off_t)offset)
				     : read(frames->fd, to, size);
		if (n >= 0)
			return n;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			poll(&readable, 1, -1);
		else if (errno != EINTR)
			return -errno;
	}
}

static int make_room(struct frames *frames, size_t size)
{
	uint8_t *in;

	if (frames->from < frames->to)
		memmove(frames->in, frames->in + frames->from, frames->to - frames->from);
	frames->to -= frames->from;
	frames->from = 0;
	if (size <= frames->in_size)
		return 0;
	in = realloc(frames->in, size);
	if (!in)
		return -ENOMEM;
	frames->in = in;
	frames->in_size = size;
	return 0;
}

/* Reads until size bytes are there: 1; 0: the file has fewer. */
static int fill(struct frames *frames, size_t size, struct error *error)
{
	size_t more = size > frames->read_size ? size : frames->read_size;

	if (frames->to - frames->from >= size)
		return 1;
	if (frames->from + more > frames->in_size && make_room(frames, more))
		return no_memory(frames, error);
	while (frames->to - frames->from < size) {
		ssize_t n =
			read_some(frames, frames->in + frames->to, frames->from + more - frames->to,
				  frames->start + frames->offset + frames->to - frames->from);

		if (n < 0)
			return error_set(error, (int)-n, "%s: cannot read: %s", frames->name,
					 strerror((int)-n));
		if (n == 0)
			return 0;
		frames->to += (size_t)n;
	}
	return 1;
}

static void use(struct frames *frames, size_t size)
{
	frames->from += size;
	frames->offset += size;
}

int frames_raw(struct frames *frames, const uint8_t **bytes, size_t size, struct error *error)
{
	int got = fill(frames, size, error);

	if (got <= 0)
		return got;
	*bytes = frames->in + frames->from;
	use(frames, size);
	return 1;
}

/* Reads the whole frame: 1 and its size; 0: the file ends in it. */
static int whole_frame(struct frames *frames, size_t *size, struct error *error)
{
	for (;;) {
		size_t have = frames->to - frames->from;
		int got;

		*size = ZSTD_findFrameCompressedSize(frames->in + frames->from, have);
		if (!ZSTD_isError(*size))
			return 1;
		if (ZSTD_getErrorCode(*size) != ZSTD_error_srcSize_wrong ||
		    have >= STREAM_COMPRESSED_MAX)
			return frames_damaged(frames, frames->offset, "no frame is here", error);
		got = fill(frames, have + (have / 2 > 64 ? have / 2 : 64), error);
		if (got < 0 || (got == 0 && frames->to - frames->from == have))
			return got;
	}
}

static int decompress(struct frames *frames, size_t compressed, uint32_t *size, struct error *error)
{
	const uint8_t *in = frames->in + frames->from;
	unsigned long long content = ZSTD_getFrameContentSize(in, compressed);
	size_t n;

	if (content == ZSTD_CONTENTSIZE_ERROR || content == ZSTD_CONTENTSIZE_UNKNOWN ||
	    content > STREAM_FRAME_MAX)
		return frames_damaged(frames, frames->offset,
				      "a frame of unknown size or too large", error);
	if (!(in[4] & CHECKSUM_FLAG))
		return frames_damaged(frames, frames->offset, "a frame without a checksum", error);
	if (content > frames->out_size) {
		free(frames->out);
		frames->out_size = 0;
		frames->out = malloc((size_t)content);
		if (!frames->out)
			return no_memory(frames, error);
		frames->out_size = (size_t)content;
	}
	n = ZSTD_decompressDCtx(frames->zstd, frames->out, frames->out_size, in, compressed);
	if (ZSTD_isError(n))
		return frames_damaged(frames, frames->offset, ZSTD_getErrorName(n), error);
	*size = (uint32_t)n;
	return 0;
}

static int unpack(struct frames *frames, struct frame *frame, struct error *error)
{
	uint64_t length;
	size_t at = varint_get(frames->out, frame->size, &length);

	if (!at || length != frame->size - at)
		return frames_damaged(frames, frame->offset, "not one packet in a frame", error);
	arena_reset(&frames->arena, false);
	frames->arena.allocator.allocator_data = &frames->arena;
	frame->packet = acrnscope__packet__unpack(&frames->arena.allocator, (size_t)length,
						  frames->out + at);
	if (!frame->packet)
		return frames_damaged(frames, frame->offset, "not a packet", error);
	return 0;
}

static uint32_t get_u32(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return le32toh(value);
}

int frames_next(struct frames *frames, struct frame *frame, struct error *error)
{
	int got = fill(frames, sizeof(struct seek_head), error);
	const uint8_t *in = frames->in + frames->from;
	size_t size;
	int err;

	if (got < 0 || (got == 0 && frames->from == frames->to))
		return got;
	if (got == 0)
		return -ENODATA;
	*frame = (struct frame){ .offset = frames->offset };
	if ((get_u32(in) & ~0xfU) == SKIPPABLE_MAGIC) {
		frame->compressed = get_u32(in);
		frame->size = get_u32(in + 4);
		use(frames, sizeof(struct seek_head));
		return 1;
	}
	if (get_u32(in) != ZSTD_MAGIC)
		return frames_damaged(frames, frame->offset, "no frame is here", error);
	got = whole_frame(frames, &size, error);
	if (got <= 0)
		return got ? got : -ENODATA;
	err = decompress(frames, size, &frame->size, error);
	if (!err)
		err = unpack(frames, frame, error);
	if (err)
		return err;
	frame->compressed = (uint32_t)size;
	use(frames, size);
	return 1;
}
