// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include "formats/histogram.h"

int histogram_new_block(struct histogram *histogram, unsigned int block)
{
	histogram->block[block] = calloc(HISTOGRAM_BUCKETS, sizeof(uint64_t));
	return histogram->block[block] ? 0 : -ENOMEM;
}

static int merge_blocks(struct histogram *histogram, const struct histogram *from)
{
	/* First all the memory, so that a failure changes no count. */
	for (unsigned int b = 0; b < HISTOGRAM_BLOCKS; b++)
		if (from->block[b] && !histogram->block[b] && histogram_new_block(histogram, b))
			return -ENOMEM;
	for (unsigned int b = 0; b < HISTOGRAM_BLOCKS; b++)
		for (unsigned int i = 0; from->block[b] && i < HISTOGRAM_BUCKETS; i++)
			histogram->block[b][i] += from->block[b][i];
	return 0;
}

int histogram_merge(struct histogram *histogram, const struct histogram *from)
{
	if (from->count == 0)
		return 0;
	if (merge_blocks(histogram, from))
		return -ENOMEM;
	if (histogram->count == 0 || from->min < histogram->min)
		histogram->min = from->min;
	if (from->max > histogram->max)
		histogram->max = from->max;
	histogram->sum = saturated_add(histogram->sum, from->sum);
	histogram->count += from->count;
	return 0;
}

/* The middle of a bucket: the bucket is 2^(block - 1) wide, from block 1 on. */
static uint64_t bucket_value(unsigned int block, unsigned int i)
{
	unsigned int shift = block ? block - 1 : 0;
	uint64_t first = (uint64_t)(block ? HISTOGRAM_BUCKETS + i : i) << shift;

	return first + (((1ULL << shift) - 1) >> 1);
}

static uint64_t value_at_rank(const struct histogram *histogram, uint64_t rank)
{
	uint64_t seen = 0;

	for (unsigned int b = 0; b < HISTOGRAM_BLOCKS; b++) {
		for (unsigned int i = 0; histogram->block[b] && i < HISTOGRAM_BUCKETS; i++) {
			seen += histogram->block[b][i];
			if (seen >= rank)
				return bucket_value(b, i);
		}
	}
	return histogram->max;
}

uint64_t histogram_percentile(const struct histogram *histogram, unsigned int per_mille)
{
	uint64_t rank, value;

	if (histogram->count == 0)
		return 0;
	rank = (uint64_t)(((unsigned __int128)histogram->count * per_mille + 999) / 1000);
	value = value_at_rank(histogram, rank ? rank : 1);
	if (value < histogram->min)
		return histogram->min;
	return value > histogram->max ? histogram->max : value;
}

unsigned int histogram_blocks(const struct histogram *histogram)
{
	unsigned int blocks = 0;

	for (unsigned int b = 0; b < HISTOGRAM_BLOCKS; b++)
		blocks += histogram->block[b] != NULL;
	return blocks;
}

void histogram_clear(struct histogram *histogram)
{
	for (unsigned int b = 0; b < HISTOGRAM_BLOCKS; b++)
		free(histogram->block[b]);
	memset(histogram, 0, sizeof(*histogram));
}
