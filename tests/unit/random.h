/* SPDX-License-Identifier: BSD-3-Clause */
/* xorshift64*: the same cases in each run. seed is not 0. */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stdint.h>

static uint64_t seed;

static inline uint64_t next_random(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1dULL;
}

static inline unsigned int below(unsigned int limit)
{
	return (unsigned int)((next_random() >> 32) % limit);
}

#endif
