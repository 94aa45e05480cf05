// SPDX-License-Identifier: BSD-3-Clause
/* Histograms: exact figures, percentiles within 0.4 % of sorted values, merging. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "formats/histogram.h"

static uint64_t seed;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void assert_near(uint64_t got, uint64_t wanted)
{
	uint64_t difference = got > wanted ? got - wanted : wanted - got;

	assert_true(difference <= wanted / 250); /* 0.4 % */
}

/* The nearest rank of sorted values: what percentile() is to find. */
static uint64_t sorted_percentile(const uint64_t *values, size_t n, unsigned int per_mille)
{
	size_t rank = 1;

	while (rank * 1000 < n * per_mille)
		rank++;
	return values[rank - 1];
}

static void check_against_sorted(uint64_t *values, size_t n)
{
	static const unsigned int per_milles[] = { 0, 1, 100, 500, 900, 990, 999, 1000 };
	struct histogram h = { 0 };
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(histogram_add(&h, values[i]), 0);
		sum += values[i];
	}
	qsort(values, n, sizeof(values[0]), compare);
	assert_int_equal(h.count, n);
	assert_true(h.sum == sum);
	assert_true(h.min == values[0] && h.max == values[n - 1]);
	for (size_t i = 0; i < sizeof(per_milles) / sizeof(per_milles[0]); i++)
		assert_near(histogram_percentile(&h, per_milles[i]),
			    sorted_percentile(values, n, per_milles[i]));
	assert_true(histogram_percentile(&h, 1000) <= h.max);
	histogram_clear(&h);
}

static void test_percentiles(void **state)
{
	static uint64_t values[5000];

	(void)state;
	seed = 88172645463325252ULL;
	for (int round = 0; round < 40; round++) {
		size_t n = 1 + random64() % 5000;

		for (size_t i = 0; i < n; i++) /* all magnitudes up to 2^52, so that sums fit */
			values[i] = random64() >> (12 + random64() % 52);
		check_against_sorted(values, n);
	}
}

/* Every bucket's edges, alone and with a second value so that clamping does not hide an error. */
static void test_each_octave(void **state)
{
	(void)state;
	for (unsigned int log2 = 0; log2 < 64; log2++) {
		for (int edge = -1; edge <= 1; edge++) {
			uint64_t value = (1ULL << log2) + (uint64_t)(int64_t)edge;
			struct histogram h = { 0 };

			assert_int_equal(histogram_add(&h, value), 0);
			assert_true(histogram_percentile(&h, 500) == value);
			assert_int_equal(histogram_add(&h, 0), 0);
			assert_int_equal(histogram_add(&h, UINT64_MAX), 0);
			if (value)
				assert_near(histogram_percentile(&h, 500), value);
			histogram_clear(&h);
		}
	}
}

static void test_small_values_are_exact(void **state)
{
	struct histogram h = { 0 };

	(void)state;
	for (uint64_t v = 0; v < 256; v++)
		assert_int_equal(histogram_add(&h, v), 0);
	for (unsigned int p = 1; p <= 1000; p++)
		assert_int_equal(histogram_percentile(&h, p), (256 * p + 999) / 1000 - 1);
	assert_int_equal(histogram_blocks(&h), 2);
	histogram_clear(&h);
}

static void test_merge_is_exact(void **state)
{
	struct histogram all = { 0 }, part[2] = { { 0 }, { 0 } };

	(void)state;
	seed = 4711;
	for (int i = 0; i < 3000; i++) {
		uint64_t value = random64() >> (20 + random64() % 44);

		assert_int_equal(histogram_add(&all, value), 0);
		assert_int_equal(histogram_add(&part[random64() & 1], value), 0);
	}
	assert_int_equal(histogram_merge(&part[0], &part[1]), 0);
	assert_int_equal(part[0].count, all.count);
	assert_true(part[0].sum == all.sum && part[0].min == all.min && part[0].max == all.max);
	for (unsigned int p = 0; p <= 1000; p++)
		assert_true(histogram_percentile(&part[0], p) == histogram_percentile(&all, p));
	histogram_clear(&all);
	histogram_clear(&part[0]);
	histogram_clear(&part[1]);
}

static void test_empty_and_full(void **state)
{
	struct histogram h = { 0 }, empty = { 0 };

	(void)state;
	assert_int_equal(histogram_percentile(&h, 500), 0);
	assert_int_equal(histogram_merge(&h, &empty), 0);
	assert_int_equal(h.count, 0);
	assert_int_equal(histogram_blocks(&h), 0);
	assert_int_equal(histogram_add(&h, UINT64_MAX), 0);
	assert_int_equal(histogram_add(&h, UINT64_MAX), 0);
	assert_true(h.sum == UINT64_MAX); /* not wrapped */
	assert_int_equal(histogram_merge(&empty, &h), 0);
	assert_true(empty.min == UINT64_MAX && empty.count == 2);
	histogram_clear(&h);
	histogram_clear(&empty);
	assert_int_equal(h.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_each_octave),
		cmocka_unit_test(test_small_values_are_exact),
		cmocka_unit_test(test_merge_is_exact),
		cmocka_unit_test(test_empty_and_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
