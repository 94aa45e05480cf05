/* SPDX-License-Identifier: BSD-3-Clause */
/* What the stream's writer and reader share; atrc(5). Only for the stream's own files. */
#ifndef FORMATS_STREAM_LAYOUT_H
#define FORMATS_STREAM_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/acrnscope.pb-c.h"
#include "formats/columns.h"
#include "formats/stream.h"

/*
 * No frame is larger, decompressed: 128 bytes a record, which is more than twice what records need
 * that all have words of their own.
 */
#define STREAM_FRAME_MAX ((size_t)128 * CHUNK_RECORDS)
/* Room for two compressed frames of any content (zstd adds less than 1/128 to what it cannot
 * compress). */
#define STREAM_COMPRESSED_MAX (STREAM_FRAME_MAX + STREAM_FRAME_MAX / 128)
#define OUT_MAX (2 * (size_t)STREAM_COMPRESSED_MAX)

#define HEADER_ID 1U	   /* of the one header that the writer writes */
#define LEVEL_1_ZSTD (-48) /* zstd's level for ours of 1 */
#define INDEX_FRAMES 1024U /* listed by one Index packet, at most */

enum frame_kind {
	FRAME_HEADER = ACRNSCOPE__FRAME_INFO__KIND__HEADER,
	FRAME_TRACE = ACRNSCOPE__FRAME_INFO__KIND__TRACE,
	FRAME_PAYLOAD = ACRNSCOPE__FRAME_INFO__KIND__PAYLOAD,
	FRAME_LOSS = ACRNSCOPE__FRAME_INFO__KIND__LOSS,
	FRAME_OTHER = ACRNSCOPE__FRAME_INFO__KIND__OTHER,
};

/* What the index says of a frame. */
struct frame_info {
	enum frame_kind kind;
	uint32_t compressed, size;
	uint32_t pcpu, chunk, count;
	uint64_t min_tsc, max_tsc;
	uint64_t lost;
	uint32_t ring;
	bool lost_unknown, uncounted;
};

void frame_info_pack(const struct frame_info *info, Acrnscope__FrameInfo *message);
void frame_info_unpack(const Acrnscope__FrameInfo *message, struct frame_info *info);
bool frame_info_equal(const struct frame_info *a, const struct frame_info *b);

/* zstd's seekable format; all values little-endian. */
#define SEEK_MAGIC 0x184d2a5eU
#define SEEKABLE_MAGIC 0x8f92eab1U
#define SEEK_FRAMES_MAX 0x8000000U

struct seek_head {
	uint32_t magic;
	uint32_t size; /* of what follows */
};

struct seek_entry {
	uint32_t compressed, size;
};

struct seek_foot {
	uint32_t frames;
	uint8_t descriptor; /* 0: entries have no checksum */
	uint32_t magic;
} __attribute__((packed));

/* A hash over what the seek table says of each frame, to compare without keeping it. */
#define SEEK_HASH_START 0xcbf29ce484222325ULL
uint64_t seek_hash(uint64_t hash, uint32_t compressed, uint32_t size);

/* Bytes put; to has room for 10. */
size_t varint_put(uint8_t *to, uint64_t value);
/* Bytes taken, or 0 where there is no valid varint in size bytes. */
size_t varint_get(const uint8_t *from, size_t size, uint64_t *value);

/* The message for header; one piece of memory, to be freed. NULL: no memory. */
Acrnscope__Header *stream_header_pack(const struct stream_header *header);
/* Cuts what does not fit; texts as stream_text_copy(). */
void stream_header_unpack(const Acrnscope__Header *message, struct stream_header *header);
/* Cuts what does not fit; control characters and what is no UTF-8 become "?". */
void stream_text_copy(char *to, size_t size, const char *from);

#endif
