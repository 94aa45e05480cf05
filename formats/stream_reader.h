/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of a stream, one at a time, and the source made of them. Only for the stream's own files.
 */
#ifndef FORMATS_STREAM_READER_H
#define FORMATS_STREAM_READER_H

#include <zstd.h>

#include "formats/columns_code.h"
#include "formats/source.h"
#include "formats/stream_layout.h"

/* Memory of one unpacked message: blocks that are used again for the next one. */
struct arena {
	ProtobufCAllocator allocator;
	struct arena_block *blocks; /* the one in use first */
	size_t total;
};

struct frames {
	int fd;
	bool seekable;
	const char *name;
	uint64_t start;	  /* of the stream in fd */
	uint64_t offset;  /* of the next frame in the stream */
	size_t read_size; /* so much is read at once */

	uint8_t *in; /* what was read and not yet used: in[from..to), from offset on */
	size_t in_size, from, to;
	uint8_t *out; /* the decompressed frame */
	size_t out_size;
	ZSTD_DCtx *zstd;
	struct arena arena;
};

struct frame {
	uint64_t offset;
	uint32_t compressed, size;
	const Acrnscope__Packet *packet; /* good until the next frame; NULL: a skippable frame, of
					  * which size bytes are still to be read */
};

/* frames_close() also after an error. fd stays the caller's. */
int frames_open(struct frames *frames, int fd, const char *name, struct error *error);
void frames_close(struct frames *frames);

/*
 * The frame at frames->offset, which moves behind it. 1: frame holds it; 0: the file ends here;
 * -ENODATA: it ends within the frame; -EINVAL: damage.
 */
int frames_next(struct frames *frames, struct frame *frame, struct error *error);

/* The next size bytes (up to 64 KiB) as they are: 1; 0: fewer are left; or a negative errno. */
int frames_raw(struct frames *frames, const uint8_t **bytes, size_t size, struct error *error);

/* Goes to that offset in the stream; seekable only. */
void frames_seek(struct frames *frames, uint64_t offset);

/* "NAME: damaged at byte OFFSET: what"; -EINVAL. */
int frames_damaged(const struct frames *frames, uint64_t offset, const char *what,
		   struct error *error);

/* What a reader does beyond what a filter says. */
enum stream_mode {
	STREAM_READ,
	STREAM_SUMMARY, /* where there is an index, leaves out all chunks */
	STREAM_CHECK,	/* reads every frame, as if there were no index */
};

/* What a pass over a stream has seen, to be held against what the stream says of itself. */
struct account {
	uint32_t chunks;  /* of which the trace frame was seen */
	bool payload_due; /* the payload frame of the last one comes next */
	uint32_t due_pcpu;
	uint64_t nr_frames;
	uint64_t seek_hash, index_hash; /* of what seek table and End packet list */
	bool loss_counted;
	struct stream_pcpu_info seen[STREAM_MAX_PCPUS];
	unsigned int nr_seen;
};

/* Takes account of one frame. NULL, or what is wrong with it. */
const char *account_frame(struct account *account, const struct frame_info *info);
/* The same for frames that no index lists. */
void account_unlisted(struct account *account, uint32_t compressed, uint32_t size);
void account_index(struct account *account, uint64_t offset);
bool account_fits_end(const struct account *account, const Acrnscope__End *end);

/*
 * One pass over a stream. Frames are found by walking from one to the next, or by the index, one
 * Index packet's frames (listed) at a time; either way all are in the account.
 */
struct stream_source {
	struct source source;
	struct frames frames;
	char *name;
	bool owns_fd;
	enum stream_mode mode;
	struct source_filter filter;
	struct stream_header header;
	uint32_t header_id;
	struct columns_buffer *buffer;
	int failed; /* a negative errno, with why */
	struct error why;
	struct account account;
	bool ended, at_end; /* the End packet was read; the seek table too */
	char end_reason[64];

	/* Walking: the frames since the last Index packet. Index: those up to the next one. */
	struct frame_info listed[INDEX_FRAMES];
	unsigned int nr_listed;
	uint64_t listed_from; /* offset of the first */

	uint64_t *index_offsets; /* NULL: walking */
	size_t nr_index, next_index;
	unsigned int next_listed; /* to be looked at, */
	uint64_t next_offset;	  /* where it is, */
	uint64_t after_index;	  /* and where the frames behind the Index packet are */
};

/* As source_open_stream(), but fd stays the caller's where owns_fd is not set. */
int stream_source_new(struct stream_source **source, int fd, bool owns_fd, const char *name,
		      enum stream_mode mode, const struct source_filter *filter,
		      struct error *error);

/* Looks for the index of a seekable stream; there is none where anything about it is odd. */
void index_find(struct stream_source *s);
/* Goes on to the next Index packet's frames; where there are none, or they are odd, to walking. */
void index_load(struct stream_source *s);

#endif
