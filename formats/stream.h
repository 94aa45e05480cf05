/* SPDX-License-Identifier: BSD-3-Clause */
/* .atrc streams; atrc(5). The writer is here, the reader is a source (source.h). */
#ifndef FORMATS_STREAM_H
#define FORMATS_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/abi/sbuf.h"
#include "formats/error.h"
#include "formats/source.h"

#define STREAM_VERSION 1U

/*
 * The compression level that record uses unless told: the fastest by far, its streams at most a
 * tenth larger than the others'; see make bench.
 */
#define STREAM_LEVEL_DEFAULT 1

struct stream_vm {
	uint16_t id;
	char name[32];
};

#define STREAM_MAX_PCPUS 256U
#define STREAM_MAX_VMS 64U

/* What the head of a stream says. Empty strings and zeros: not known. */
struct stream_header {
	char host[128];
	char kernel[256];
	char hypervisor[128];
	char command[512];
	uint64_t tsc_khz;
	char tsc_source[64];
	uint64_t tsc; /* one instant on three clocks */
	int64_t wall_ns;
	uint64_t mono_ns;
	uint16_t pcpus[STREAM_MAX_PCPUS];
	unsigned int nr_pcpus;
	struct stream_vm vms[STREAM_MAX_VMS];
	unsigned int nr_vms;
};

struct stream_writer;

/*
 * Starts a stream on fd, which stays the caller's: a file or a pipe. level is 1, made for columns,
 * or zstd's (2..19). Writes the header. Errors of write(2) come back as they are (-ENOSPC ...);
 * after one, nothing more is written and the file is valid up to the last complete frame: where fd
 * can be truncated, a partly written frame is cut off again.
 */
int stream_writer_open(struct stream_writer **writer, int fd, int level,
		       const struct stream_header *header, struct error *error);

/* Appends count (1..CHUNK_RECORDS) records of that pCPU's ring; in the file when it returns. */
int stream_write_trace(struct stream_writer *writer, uint16_t pcpu,
		       const struct trace_record *records, uint32_t count, struct error *error);

/* Notes a gap behind the last record written of that pCPU. */
int stream_write_loss(struct stream_writer *writer, const struct trace_loss *loss,
		      struct error *error);

struct stream_totals {
	uint64_t records;
	uint64_t lost;
	bool lost_unknown;
	uint64_t bytes; /* in the file */
};

/* What one pCPU's ring (or, with pcpu -1, all of them) has given so far. */
void stream_writer_totals(const struct stream_writer *writer, int pcpu,
			  struct stream_totals *totals);

/* The rings of that pCPU cannot count their losses: its total is unknown from the start. */
void stream_writer_loss_unknown(struct stream_writer *writer, uint16_t pcpu);

/* Ends the stream (end packet, index, seek table) with that reason, and frees the writer. */
int stream_writer_close(struct stream_writer *writer, const char *reason, struct error *error);

/* Frees the writer; the stream stays without its end. */
void stream_writer_abandon(struct stream_writer *writer);

/* What there is to say of a stream without decoding its records; from the index, or by walking. */
struct stream_pcpu_info {
	uint16_t pcpu;
	uint64_t records;
	uint64_t first_tsc, last_tsc; /* 0 where records is */
	uint64_t lost;
	bool lost_unknown;
	uint64_t gaps;
};

struct stream_info {
	struct stream_header header;
	bool complete; /* has its end; else it was cut short */
	char end_reason[64];
	uint64_t frames, file_bytes;
	unsigned int nr_pcpus;
	struct stream_pcpu_info pcpu[STREAM_MAX_PCPUS];
};

/*
 * Reads what there is to say of the stream. check: decodes every frame and compares with index and
 * end. On damage a negative errno; info holds what is known up to there.
 */
int stream_read_info(int fd, const char *name, bool check, struct stream_info *info,
		     struct error *error);

#endif
