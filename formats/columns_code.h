/* SPDX-License-Identifier: BSD-3-Clause */
/* Columns to messages of a stream and back; atrc(5), "Columns". Only for the stream's own files. */
#ifndef FORMATS_COLUMNS_CODE_H
#define FORMATS_COLUMNS_CODE_H

#include "formats/acrnscope.pb-c.h"
#include "formats/columns.h"
#include "formats/error.h"

/*
 * All that one chunk can need, in one piece; pages that no chunk has needed yet cost nothing. Two
 * table places a word keep its chains short.
 */
#define TABLE_SIZE (2 * CHUNK_RECORDS)

struct columns_buffer {
	uint32_t words;
	uint32_t table_bits; /* places of table in use, as a power of two */
	uint64_t tsc[CHUNK_RECORDS];
	uint64_t e[CHUNK_RECORDS]; /* payload, word by word */
	uint64_t f[CHUNK_RECORDS];
	uint64_t word[CHUNK_RECORDS];
	uint32_t start[CHUNK_RECORDS]; /* a word: its count, then where its payload is */
	uint16_t word_of[CHUNK_RECORDS];
	struct trace_payload payload[CHUNK_RECORDS];
	uint32_t table[TABLE_SIZE]; /* word to its index plus one; open addressing */
};

/*
 * Turns the counts in buffer->start into places in e and f, one word's payload behind the other's;
 * payload gets the counts, and no values yet.
 */
void columns_place_payload(struct columns_buffer *buffer);

/* What the buffer holds, as columns that point into it. */
struct trace_columns columns_of_buffer(const struct columns_buffer *buffer, uint16_t pcpu,
				       uint32_t count);

/* Room for the messages of one chunk. */
struct columns_encoder;
struct columns_encoder *columns_encoder_new(void); /* NULL: no memory */
void columns_encoder_free(struct columns_encoder *encoder);

/* Bytes of planes in one message: in a trace frame TSC, core payload and two for the words. */
#define ENCODER_BYTES (CHUNK_RECORDS * (2 * sizeof(uint64_t) + sizeof(uint16_t)))
/* Large planes begin and end in so many places at most. */
#define ENCODER_CUTS 1280U

/*
 * The places in the encoder's bytes where large planes begin and end, rising: how many there are.
 * Compressing each plane by itself makes streams smaller.
 */
unsigned int columns_encoder_cuts(const struct columns_encoder *encoder,
				  const uint8_t *const **cuts);

/* The lowest and the highest TSC. */
void columns_tsc_span(const struct trace_columns *columns, uint64_t *min, uint64_t *max);

/*
 * Fill in a message, which points into the encoder (and trace into columns) and is good until the
 * encoder's next use.
 */
void columns_encode_trace(struct columns_encoder *encoder, const struct trace_columns *columns,
			  Acrnscope__TraceChunk *message);
void columns_encode_payload(struct columns_encoder *encoder, const struct trace_columns *columns,
			    Acrnscope__TracePayload *message);

/*
 * Checks the message and puts what it holds into buffer, where columns points; the payload of the
 * same chunk is then added by the second call, which -EINVAL, naming in error what does not fit,
 * where not all payload is there afterwards.
 */
int columns_decode_trace(struct columns_buffer *buffer, const Acrnscope__TraceChunk *message,
			 struct trace_columns *columns, struct error *error);
int columns_decode_payload(struct columns_buffer *buffer, const Acrnscope__TracePayload *message,
			   struct error *error);

#endif
