// SPDX-License-Identifier: BSD-3-Clause
/* Records to columns and back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/columns.h"
#include "formats/columns_code.h"

#define TABLE_BITS_MIN 9U

struct columns_buffer *columns_buffer_new(void)
{
	return malloc(sizeof(struct columns_buffer));
}

void columns_buffer_free(struct columns_buffer *buffer)
{
	free(buffer);
}

static uint32_t table_slot(const struct columns_buffer *b, uint64_t word)
{
	return (uint32_t)((word * 0x9e3779b97f4a7c15ULL) >> (64 - b->table_bits));
}

/* The place of word in the table: its index plus one, or 0 and the place is free. */
static uint32_t *table_find(struct columns_buffer *b, uint64_t word)
{
	uint32_t mask = (1U << b->table_bits) - 1;
	uint32_t slot = table_slot(b, word);

	while (b->table[slot] && b->word[b->table[slot] - 1] != word)
		slot = (slot + 1) & mask;
	return &b->table[slot];
}

static void table_reset(struct columns_buffer *b, uint32_t bits)
{
	b->table_bits = bits;
	memset(b->table, 0, sizeof(b->table[0]) << bits);
}

static uint32_t table_add(struct columns_buffer *b, uint32_t *place, uint64_t word)
{
	uint32_t index = b->words++;

	b->word[index] = word;
	b->start[index] = 0;
	*place = index + 1;
	if (b->words <= 1U << (b->table_bits - 1))
		return index;
	table_reset(b, b->table_bits + 2);
	for (uint32_t i = 0; i < b->words; i++)
		*table_find(b, b->word[i]) = i + 1;
	return index;
}

/* First pass: which words there are, which record has which; start[] counts them. */
static void number_words(struct columns_buffer *b, const struct trace_record *records,
			 uint32_t count)
{
	b->words = 0;
	table_reset(b, TABLE_BITS_MIN);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t word = records[i].word;
		uint32_t *place = table_find(b, word);
		uint32_t index = *place ? *place - 1 : table_add(b, place, word);

		b->tsc[i] = records[i].tsc;
		b->word_of[i] = (uint16_t)index;
		b->start[index]++;
	}
}

void columns_place_payload(struct columns_buffer *b)
{
	uint32_t at = 0;

	for (uint32_t w = 0; w < b->words; w++) {
		uint32_t count = b->start[w];

		b->payload[w] = (struct trace_payload){ .count = count };
		b->start[w] = at;
		at += count;
	}
}

/* Second pass; leaves in start[] where the next word's payload starts. */
static void gather_payload(struct columns_buffer *b, const struct trace_record *records,
			   uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = b->start[b->word_of[i]]++;

		b->e[at] = records[i].e;
		b->f[at] = records[i].f;
	}
	for (uint32_t w = 0; w < b->words; w++) {
		struct trace_payload *payload = &b->payload[w];

		payload->e = &b->e[b->start[w] - payload->count];
		payload->f = &b->f[b->start[w] - payload->count];
	}
}

struct trace_columns columns_of_buffer(const struct columns_buffer *buffer, uint16_t pcpu,
				       uint32_t count)
{
	return (struct trace_columns){
		.pcpu = pcpu,
		.count = count,
		.tsc = buffer->tsc,
		.word_of = buffer->word_of,
		.words = buffer->words,
		.word = buffer->word,
		.payload = buffer->payload,
	};
}

int columns_split(struct columns_buffer *buffer, uint16_t pcpu, const struct trace_record *records,
		  uint32_t count, struct trace_columns *columns)
{
	if (count < 1 || count > CHUNK_RECORDS)
		return -EINVAL;
	number_words(buffer, records, count);
	columns_place_payload(buffer);
	gather_payload(buffer, records, count);
	*columns = columns_of_buffer(buffer, pcpu, count);
	return 0;
}

int columns_join(const struct trace_columns *columns, struct trace_record *records)
{
	uint32_t *next = calloc(columns->words, sizeof(*next));

	if (!next)
		return -ENOMEM;
	for (uint32_t w = 0; w < columns->words; w++)
		if (!columns->payload[w].e || !columns->payload[w].f) {
			free(next);
			return -EINVAL;
		}
	for (uint32_t i = 0; i < columns->count; i++) {
		uint16_t w = columns->word_of[i];
		uint32_t at = next[w]++;

		records[i].tsc = columns->tsc[i];
		records[i].word = columns->word[w];
		records[i].e = columns->payload[w].e[at];
		records[i].f = columns->payload[w].f[at];
	}
	free(next);
	return 0;
}
