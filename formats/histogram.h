/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A histogram of 64-bit values in log-linear buckets: values below 256 each have their own, above
 * that 128 buckets share each octave, so that a percentile is at most 0.4 % off. Count, sum, least
 * and greatest value are exact. Memory is taken an octave at a time, where values are.
 */
#ifndef FORMATS_HISTOGRAM_H
#define FORMATS_HISTOGRAM_H

#include <errno.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 128U /* of a block */
#define HISTOGRAM_BLOCKS 58U   /* 0..127, 128..255, and one for each octave above */

/* All zero is an empty histogram. */
struct histogram {
	uint64_t count;
	uint64_t sum; /* stays at UINT64_MAX where it would not fit */
	uint64_t min; /* where count is not 0 */
	uint64_t max;
	uint64_t *block[HISTOGRAM_BLOCKS]; /* HISTOGRAM_BUCKETS counts each, or NULL */
};

/* The slow part of histogram_add(): -ENOMEM. */
int histogram_new_block(struct histogram *histogram, unsigned int block);

static inline uint64_t saturated_add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* Counts value; -ENOMEM, and then it is not counted. */
static inline int histogram_add(struct histogram *histogram, uint64_t value)
{
	unsigned int log2 = 63U - (unsigned int)__builtin_clzll(value | 1);
	unsigned int block = log2 < 7 ? 0 : log2 - 6;
	unsigned int shift = log2 < 7 ? 0 : log2 - 7;

	if (__builtin_expect(!histogram->block[block], 0) && histogram_new_block(histogram, block))
		return -ENOMEM;
	histogram->block[block][value >> shift & (HISTOGRAM_BUCKETS - 1)]++;
	if (histogram->count == 0 || value < histogram->min)
		histogram->min = value;
	if (value > histogram->max)
		histogram->max = value;
	histogram->sum = saturated_add(histogram->sum, value);
	histogram->count++;
	return 0;
}

/* Adds all that from has; -ENOMEM, and then nothing is added. */
int histogram_merge(struct histogram *histogram, const struct histogram *from);

/*
 * The value that at least per_mille / 1000 of all values do not exceed (the nearest rank), within
 * 0.4 % and within min..max; 0 where the histogram is empty.
 */
uint64_t histogram_percentile(const struct histogram *histogram, unsigned int per_mille);

/* Blocks in use, HISTOGRAM_BUCKETS * 8 bytes each. */
unsigned int histogram_blocks(const struct histogram *histogram);

/* Frees what it holds; the histogram is empty then. */
void histogram_clear(struct histogram *histogram);

#endif
