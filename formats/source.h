/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where trace records come from: a stream, or upstream's raw files. Both give the same items, so
 * that whoever reads does not know which it was.
 */
#ifndef FORMATS_SOURCE_H
#define FORMATS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/columns.h"
#include "formats/error.h"

struct stream_header; /* stream.h */

/* Records that the hypervisor had no room for, at this place among the records of the pCPU. */
struct trace_loss {
	uint16_t pcpu;
	bool unknown;	   /* how many is not known */
	uint64_t count;	   /* 0 where unknown */
	uint64_t from_tsc; /* of the last record before, the first after the gap; 0: none */
	uint64_t to_tsc;
};

enum trace_item_kind {
	ITEM_TRACE, /* columns */
	ITEM_LOSS,  /* loss */
	ITEM_END,   /* no more; kept is what source_next() says of how it ended */
};

struct trace_item {
	enum trace_item_kind kind;
	struct trace_columns columns; /* good until the next source_next() */
	struct trace_loss loss;
};

/* What a reader is asked for; all zero asks for everything without payload. */
struct source_filter {
	bool payload;  /* payload beyond what struct trace_columns always has */
	bool one_pcpu; /* only items of pcpu */
	uint16_t pcpu;
	uint64_t from_tsc; /* chunks that end before, or start behind, may be left out; */
	uint64_t to_tsc;   /* 0: no bound */
};

struct source {
	/*
	 * The next item: in the order of the ring for each pCPU, pCPUs in any order. 0, or a
	 * negative errno with error filled in, after which there is nothing more. What was given
	 * before stays right: damage is found before a chunk is given.
	 */
	int (*next)(struct source *source, struct trace_item *item, struct error *error);
	void (*close)(struct source *source);
	const struct stream_header *header; /* never NULL */
	bool loss_counted; /* lost records are counted: their number, also 0, is true */
};

static inline int source_next(struct source *source, struct trace_item *item, struct error *error)
{
	return source->next(source, item, error);
}

static inline void source_close(struct source *source)
{
	if (source)
		source->close(source);
}

/*
 * Raw records, upstream's layout: one file descriptor a pCPU, read from its present offset to its
 * end, owned by the source from then on. header (copied) holds the pCPUs and, where known, tsc_khz.
 * A file whose size is no multiple of 32 gives all whole records, then -EINVAL.
 */
struct raw_file {
	int fd;
	uint16_t pcpu;
	const char *name; /* for messages */
};

int source_open_raw(struct source **source, const struct raw_file *files, unsigned int nr_files,
		    const struct stream_header *header, const struct source_filter *filter,
		    struct error *error);

/*
 * A stream, read from fd (a file, or a pipe, from its present offset), owned by the source from
 * then on. name is for messages. A file that ends early (crash, full disk) gives all complete
 * frames, then -ENODATA; damage -EINVAL; another version -ENOTSUP.
 */
int source_open_stream(struct source **source, int fd, const char *name,
		       const struct source_filter *filter, struct error *error);

/*
 * All records in the order of their TSCs, equal ones by pCPU; a loss stands before the first record
 * after it. open is called once a pCPU to get a source of that pCPU alone.
 */
struct merge_record {
	const struct trace_record *record; /* NULL: loss holds */
	struct trace_loss loss;
	uint16_t pcpu; /* whose ring */
};

struct merge;
typedef int (*merge_open_fn)(void *context, uint16_t pcpu, struct source **source,
			     struct error *error);
int merge_open(struct merge **merge, const uint16_t *pcpus, unsigned int nr_pcpus,
	       merge_open_fn open, void *context, struct error *error);
/* 1: record holds the next one (good until the next call); 0: the end; negative errno. */
int merge_next(struct merge *merge, struct merge_record *record, struct error *error);
void merge_close(struct merge *merge);

#endif
