// SPDX-License-Identifier: BSD-3-Clause
/* Byte planes, and columns as messages; atrc(5), "Columns". */
#include <errno.h>
#include <stdlib.h>

#include "formats/abi/trace_events.h"
#include "formats/columns_code.h"

/* Values worked on at a time, so that they stay in the first-level cache from step to step. */
#define BLOCK 1024U

/* Planes from that size on are worth codes of their own. */
#define CUT_MIN 2048U

/* Of a column of at least LIST_MIN values up to LIST_MAX different ones are listed. The lists of a
 * message are at most two for each LIST_MIN records. */
#define LIST_MIN 64U
#define LIST_MAX 16U

struct columns_encoder {
	size_t used; /* of bytes */
	unsigned int nr_cuts;
	const uint8_t *cuts[ENCODER_CUTS];
	uint32_t columns;
	Acrnscope__Planes word_of, tsc;
	Acrnscope__Column column[CHUNK_RECORDS];
	Acrnscope__Column *list[CHUNK_RECORDS];
	Acrnscope__Planes e[CHUNK_RECORDS], f[CHUNK_RECORDS];
	uint8_t bytes[ENCODER_BYTES];
	uint32_t listed; /* of lists */
	uint64_t lists[2 * CHUNK_RECORDS / LIST_MIN * LIST_MAX + LIST_MAX];
	uint64_t number[CHUNK_RECORDS];
};

struct columns_encoder *columns_encoder_new(void)
{
	return malloc(sizeof(struct columns_encoder));
}

void columns_encoder_free(struct columns_encoder *encoder)
{
	free(encoder);
}

/* The events whose e every report needs, and which therefore is in the first frame of a chunk. */
static bool core_event(uint64_t word)
{
	uint64_t event = TRACE_WORD_EVENT(word);

	return event == TRACE_VM_EXIT || event == TRACE_VM_ENTER || event == TRACE_SCHED_NEXT;
}

/* The bytes of value that are not 0, one bit each. */
static uint32_t bytes_used(uint64_t value)
{
	uint32_t mask = 0;

	for (unsigned int p = 0; p < 8; p++)
		if (value >> (8 * p) & 0xff)
			mask |= 1U << p;
	return mask;
}

static uint64_t bytes_of_mask(uint32_t mask)
{
	uint64_t value = 0;

	for (unsigned int p = 0; p < 8; p++)
		if (mask & 1U << p)
			value |= 0xffULL << (8 * p);
	return value;
}

static uint64_t or_of_changes(const uint64_t *v, uint32_t count)
{
	uint64_t all = 0;

	for (uint32_t i = 1; i < count; i++)
		all |= v[i] ^ v[0];
	return all;
}

static uint64_t or_of_deltas(const uint64_t *v, uint32_t count)
{
	uint64_t all = 0;

	for (uint32_t i = 1; i < count; i++)
		all |= v[i] - v[i - 1];
	return all;
}

/* Notes where planes begin and end that are to be compressed by themselves. */
static void note_cuts(struct columns_encoder *encoder, const Acrnscope__Planes *planes,
		      uint32_t count)
{
	const uint8_t *end = planes->bytes.data + planes->bytes.len;

	if (count < CUT_MIN || !planes->mask)
		return;
	for (const uint8_t *at = planes->bytes.data; at <= end; at += count)
		encoder->cuts[encoder->nr_cuts++] = at;
}

unsigned int columns_encoder_cuts(const struct columns_encoder *encoder,
				  const uint8_t *const **cuts)
{
	*cuts = encoder->cuts;
	return encoder->nr_cuts;
}

static void take_plane(uint8_t *restrict plane, const uint64_t *restrict v, uint32_t count,
		       unsigned int p)
{
	for (uint32_t i = 0; i < count; i++)
		plane[i] = (uint8_t)(v[i] >> (8 * p));
}

static void take_planes(uint8_t *to, uint32_t stride, uint32_t mask, const uint64_t *v, uint32_t n)
{
	for (unsigned int p = 0; mask >> p; p++)
		if (mask & 1U << p) {
			take_plane(to, v, n, p);
			to += stride;
		}
}

/* Differences in place of values where that leaves fewer planes, as it does for times. */
static void encode_planes(struct columns_encoder *encoder, const uint64_t *v, uint32_t count,
			  Acrnscope__Planes *planes)
{
	uint32_t mask = bytes_used(or_of_changes(v, count));
	uint32_t delta_mask = bytes_used(or_of_deltas(v, count));
	uint8_t *to = encoder->bytes + encoder->used;
	uint64_t block[BLOCK];

	acrnscope__planes__init(planes);
	planes->delta = __builtin_popcount(delta_mask) < __builtin_popcount(mask);
	planes->mask = planes->delta ? delta_mask : mask;
	planes->origin = planes->delta ? v[0] : v[0] & ~bytes_of_mask(mask);
	planes->bytes.data = to;
	planes->bytes.len = (size_t)__builtin_popcount(planes->mask) * count;
	encoder->used += planes->bytes.len;
	note_cuts(encoder, planes, count);
	for (uint32_t at = 0; at < count && planes->mask; at += BLOCK) {
		uint32_t n = count - at < BLOCK ? count - at : BLOCK;

		if (!planes->delta) {
			take_planes(to + at, count, planes->mask, v + at, n);
			continue;
		}
		block[0] = at ? v[at] - v[at - 1] : 0;
		for (uint32_t i = 1; i < n; i++)
			block[i] = v[at + i] - v[at + i - 1];
		take_planes(to + at, count, planes->mask, block, n);
	}
}

static void encode_word_of(struct columns_encoder *encoder, const struct trace_columns *columns,
			   Acrnscope__Planes *planes)
{
	uint32_t count = columns->count;
	uint8_t *to = encoder->bytes + encoder->used;

	acrnscope__planes__init(planes);
	planes->mask = columns->words > 256 ? 3 : columns->words > 1;
	planes->bytes.data = to;
	planes->bytes.len = (size_t)__builtin_popcount(planes->mask) * count;
	encoder->used += planes->bytes.len;
	note_cuts(encoder, planes, count);
	for (unsigned int p = 0; planes->mask >> p; p++, to += count)
		for (uint32_t i = 0; i < count; i++)
			to[i] = (uint8_t)(columns->word_of[i] >> (8 * p));
}

static Acrnscope__Column *add_column(struct columns_encoder *encoder, uint32_t word)
{
	Acrnscope__Column *column = &encoder->column[encoder->columns];

	acrnscope__column__init(column);
	column->word = word;
	encoder->list[encoder->columns++] = column;
	return column;
}

/* The number of value among the n listed, or n. */
static uint32_t find_value(const uint64_t *list, uint32_t n, uint64_t value)
{
	uint32_t at = 0;

	while (at < n && list[at] != value)
		at++;
	return at;
}

/*
 * Lists the different values, if they are few, and numbers them in encoder->number: how many there
 * are, or 0. Thread names are the case in point: eight planes, of which one is left.
 */
static uint32_t number_values(struct columns_encoder *encoder, const uint64_t *v, uint32_t count,
			      uint64_t *list)
{
	uint32_t n = 0;

	if (count < LIST_MIN || __builtin_popcount(bytes_used(or_of_changes(v, count))) < 2)
		return 0;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = find_value(list, n, v[i]);

		if (at == LIST_MAX)
			return 0;
		if (at == n)
			list[n++] = v[i];
		encoder->number[i] = at;
	}
	return n;
}

static void add_values(struct columns_encoder *encoder, const uint64_t *values, uint32_t count,
		       Acrnscope__Planes *planes, Acrnscope__Planes **field)
{
	uint64_t *list = encoder->lists + encoder->listed;
	uint32_t n = number_values(encoder, values, count, list);

	encode_planes(encoder, n ? encoder->number : values, count, planes);
	planes->n_value = n;
	planes->value = list;
	encoder->listed += n;
	*field = planes;
}

void columns_encode_trace(struct columns_encoder *encoder, const struct trace_columns *columns,
			  Acrnscope__TraceChunk *message)
{
	encoder->used = 0;
	encoder->nr_cuts = 0;
	encoder->listed = 0;
	encoder->columns = 0;
	encode_word_of(encoder, columns, &encoder->word_of);
	encode_planes(encoder, columns->tsc, columns->count, &encoder->tsc);
	for (uint32_t w = 0; w < columns->words; w++) {
		const struct trace_payload *payload = &columns->payload[w];

		if (core_event(columns->word[w]))
			add_values(encoder, payload->e, payload->count, &encoder->e[w],
				   &add_column(encoder, w)->e);
	}
	acrnscope__trace_chunk__init(message);
	message->pcpu = columns->pcpu;
	message->count = columns->count;
	message->n_word = columns->words;
	message->word = (uint64_t *)columns->word;
	message->word_of = &encoder->word_of;
	message->tsc = &encoder->tsc;
	message->n_column = encoder->columns;
	message->column = encoder->list;
}

void columns_encode_payload(struct columns_encoder *encoder, const struct trace_columns *columns,
			    Acrnscope__TracePayload *message)
{
	encoder->used = 0;
	encoder->nr_cuts = 0;
	encoder->listed = 0;
	encoder->columns = 0;
	for (uint32_t w = 0; w < columns->words; w++) {
		const struct trace_payload *payload = &columns->payload[w];
		Acrnscope__Column *column = add_column(encoder, w);

		if (!core_event(columns->word[w]))
			add_values(encoder, payload->e, payload->count, &encoder->e[w], &column->e);
		add_values(encoder, payload->f, payload->count, &encoder->f[w], &column->f);
	}
	acrnscope__trace_payload__init(message);
	message->pcpu = columns->pcpu;
	message->n_column = encoder->columns;
	message->column = encoder->list;
}

static bool planes_fit(const Acrnscope__Planes *planes, uint32_t count)
{
	return planes && planes->mask <= 0xff &&
	       planes->bytes.len == (size_t)__builtin_popcount(planes->mask) * count;
}

static void put_plane(uint64_t *restrict v, const uint8_t *restrict plane, uint32_t count,
		      unsigned int p)
{
	for (uint32_t i = 0; i < count; i++)
		v[i] |= (uint64_t)plane[i] << (8 * p);
}

/* v: n values, from number at on. */
static void put_planes(uint64_t *v, const Acrnscope__Planes *planes, uint32_t count, uint32_t at,
		       uint32_t n)
{
	size_t from = at;

	for (uint32_t i = 0; i < n; i++)
		v[i] = 0;
	for (unsigned int p = 0; planes->mask >> p; p++)
		if (planes->mask & 1U << p) {
			put_plane(v, planes->bytes.data + from, n, p);
			from += count;
		}
}

/* false: a number beyond the listed values. */
static bool look_up(const Acrnscope__Planes *planes, uint64_t *v, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (v[i] >= planes->n_value)
			return false;
		v[i] = planes->value[v[i]];
	}
	return true;
}

static bool decode_planes(const Acrnscope__Planes *planes, uint64_t *v, uint32_t count)
{
	uint64_t origin = planes->origin;

	for (uint32_t at = 0; at < count; at += BLOCK) {
		uint32_t n = count - at < BLOCK ? count - at : BLOCK;

		put_planes(v + at, planes, count, at, n);
		if (planes->delta) {
			for (uint32_t i = 0; i < n; i++)
				v[at + i] = origin += v[at + i];
		} else if (origin) {
			for (uint32_t i = 0; i < n; i++)
				v[at + i] += origin;
		}
	}
	return planes->n_value == 0 || look_up(planes, v, count);
}

/* The usual case: at most 256 words, one plane. Four counters a word, as equal words follow close
 * on each other and a counter's store would hold up its next load. */
static bool decode_word_of_bytes(struct columns_buffer *b, const uint8_t *bytes, uint32_t count)
{
	uint32_t counts[4][256] = { 0 };
	uint32_t i;

	for (i = 0; i < count; i++)
		b->word_of[i] = bytes[i];
	for (i = 0; i + 4 <= count; i += 4)
		for (unsigned int k = 0; k < 4; k++)
			counts[k][bytes[i + k]]++;
	for (; i < count; i++)
		counts[0][bytes[i]]++;
	for (uint32_t w = 0; w < 256; w++) {
		uint32_t sum = counts[0][w] + counts[1][w] + counts[2][w] + counts[3][w];

		if (w < b->words)
			b->start[w] = sum;
		else if (sum)
			return false;
	}
	return true;
}

/* false: an index beyond the words. Uses e, which holds nothing yet. */
static bool decode_word_of(struct columns_buffer *b, const Acrnscope__Planes *planes,
			   uint32_t count)
{
	for (uint32_t w = 0; w < b->words; w++)
		b->start[w] = 0;
	if (planes->mask == 1 && planes->origin == 0 && !planes->delta && !planes->n_value)
		return decode_word_of_bytes(b, planes->bytes.data, count);
	if (!decode_planes(planes, b->e, count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (b->e[i] >= b->words)
			return false;
		b->word_of[i] = (uint16_t)b->e[i];
		b->start[b->word_of[i]]++;
	}
	return true;
}

static int bad(struct error *error, const char *what)
{
	return error_set(error, EINVAL, "%s", what);
}

static int decode_values(const Acrnscope__Planes *planes, uint64_t *v, const uint64_t **values,
			 uint32_t count, struct error *error)
{
	if (!planes)
		return 0;
	if (*values)
		return bad(error, "a payload column is there twice");
	if (!planes_fit(planes, count))
		return bad(error, "a payload column has a length that does not fit its records");
	if (!decode_planes(planes, v, count))
		return bad(error, "a payload column has a number beyond its values");
	*values = v;
	return 0;
}

static int decode_payload(struct columns_buffer *b, Acrnscope__Column *const *list, size_t n,
			  struct error *error)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const Acrnscope__Column *column = list[i];
		uint32_t w = column->word;

		if (w >= b->words)
			return bad(error, "a payload column belongs to no word of its chunk");
		err = decode_values(column->e, b->e + b->start[w], &b->payload[w].e,
				    b->payload[w].count, error);
		if (!err)
			err = decode_values(column->f, b->f + b->start[w], &b->payload[w].f,
					    b->payload[w].count, error);
	}
	return err;
}

int columns_decode_trace(struct columns_buffer *buffer, const Acrnscope__TraceChunk *message,
			 struct trace_columns *columns, struct error *error)
{
	uint32_t count = message->count;
	int err;

	if (count < 1 || count > CHUNK_RECORDS || message->n_word < 1 || message->n_word > count)
		return bad(error, "the number of records or words is out of range");
	if (message->pcpu > UINT16_MAX)
		return bad(error, "the pCPU is out of range");
	if (!planes_fit(message->tsc, count) || !planes_fit(message->word_of, count))
		return bad(error, "the TSC or word column has a length that does not fit");
	buffer->words = (uint32_t)message->n_word;
	for (uint32_t w = 0; w < buffer->words; w++)
		buffer->word[w] = message->word[w];
	if (!decode_word_of(buffer, message->word_of, count))
		return bad(error, "a record has a word that is not in its chunk");
	if (!decode_planes(message->tsc, buffer->tsc, count))
		return bad(error, "the TSC column has a number beyond its values");
	columns_place_payload(buffer);
	err = decode_payload(buffer, message->column, message->n_column, error);
	if (err)
		return err;
	for (uint32_t w = 0; w < buffer->words; w++)
		if (core_event(buffer->word[w]) && !buffer->payload[w].e)
			return bad(error,
				   "the column of a vm_exit, vm_enter or sched_next is missing");
	*columns = columns_of_buffer(buffer, (uint16_t)message->pcpu, count);
	return 0;
}

int columns_decode_payload(struct columns_buffer *buffer, const Acrnscope__TracePayload *message,
			   struct error *error)
{
	int err = decode_payload(buffer, message->column, message->n_column, error);

	for (uint32_t w = 0; w < buffer->words && !err; w++)
		if (!buffer->payload[w].e || !buffer->payload[w].f)
			err = bad(error, "a payload column is missing");
	return err;
}

void columns_tsc_span(const struct trace_columns *columns, uint64_t *min, uint64_t *max)
{
	const uint64_t *tsc = columns->tsc;
	uint64_t low = tsc[0], high = tsc[0];

	/* nearly always rising: one comparison that is foreseen */
	for (uint32_t i = 1; i < columns->count; i++) {
		if (tsc[i] >= high)
			high = tsc[i];
		else if (tsc[i] < low)
			low = tsc[i];
	}
	*min = low;
	*max = high;
}
