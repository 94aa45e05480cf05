// SPDX-License-Identifier: BSD-3-Clause
/* Extended page tables against a plain array of what is mapped where. */
#include "tests/unit/core_test.h"

#define NR_PAGES 3072U /* 12 MiB: large and small pages side by side */
#define LARGE 512U

static struct ept ept;
static uint64_t model_hpa[NR_PAGES]; /* 0: not mapped */
static uint32_t model_flags[NR_PAGES];

static uint64_t seed = 12345;

static uint64_t random_below(uint64_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % n;
}

static void check_all(void)
{
	for (uint64_t page = 0; page < NR_PAGES; page++) {
		struct ept_mapping mapping;
		uint64_t gpa = page * PAGE_SIZE + random_below(PAGE_SIZE);

		if (!model_hpa[page]) {
			assert_int_equal(ept_walk(&ept, gpa, &mapping), -14);
			continue;
		}
		assert_int_equal(ept_walk(&ept, gpa, &mapping), 0);
		assert_int_equal(mapping.hpa, model_hpa[page] + gpa % PAGE_SIZE);
		assert_int_equal(mapping.flags, model_flags[page]);
		/* The rest of the page is where it says. */
		for (uint64_t next = page; next * PAGE_SIZE < gpa + mapping.length; next++)
			assert_int_equal(model_hpa[next] + gpa % PAGE_SIZE -
						 (next - page) * PAGE_SIZE,
					 mapping.hpa);
	}
}

static void map_some(uint64_t page, uint64_t count)
{
	uint64_t hpa = (1 + random_below(1U << 20)) * PAGE_SIZE;
	uint32_t flags = (uint32_t)(1 + random_below(7)) | EPT_TYPE_WB;

	/* Every other time where a large page can be. */
	if (random_below(2)) {
		page &= ~(uint64_t)(LARGE - 1);
		hpa &= ~(uint64_t)(LARGE * PAGE_SIZE - 1);
		hpa += LARGE * PAGE_SIZE;
		count = count > LARGE ? count : LARGE;
	}
	if (page + count > NR_PAGES)
		return;
	assert_int_equal(ept_map(&ept, page * PAGE_SIZE, hpa, count * PAGE_SIZE, flags), 0);
	for (uint64_t i = 0; i < count; i++) {
		model_hpa[page + i] = hpa + i * PAGE_SIZE;
		model_flags[page + i] = flags;
	}
}

static void unmap_some(uint64_t page, uint64_t count)
{
	bool all = true;

	for (uint64_t i = page; i < page + count; i++)
		all &= model_hpa[i] != 0;
	assert_int_equal(ept_unmap(&ept, page * PAGE_SIZE, count * PAGE_SIZE), all ? 0 : -22);
	for (uint64_t i = page; all && i < page + count; i++)
		model_hpa[i] = 0;
}

static void test_against_model(void **state)
{
	(void)state;
	assert_int_equal(ept_init(&ept), 0);
	for (unsigned int round = 0; round < 400; round++) {
		uint64_t page = random_below(NR_PAGES);
		uint64_t count = 1 + random_below(random_below(2) ? 1500 : 5);

		if (page + count > NR_PAGES)
			count = NR_PAGES - page;
		if (random_below(3))
			map_some(page, count);
		else
			unmap_some(page, count);
		if (round % 8 == 0)
			check_all();
	}
	check_all();
	ept_destroy(&ept);
}

static void test_limits(void **state)
{
	struct ept_mapping mapping;

	(void)state;
	assert_int_equal(ept_init(&ept), 0);
	assert_int_equal(ept_map(&ept, 1, PAGE_SIZE, PAGE_SIZE, EPT_RWX), -22);
	assert_int_equal(ept_map(&ept, PAGE_SIZE, 1, PAGE_SIZE, EPT_RWX), -22);
	assert_int_equal(ept_map(&ept, PAGE_SIZE, PAGE_SIZE, 1, EPT_RWX), -22);
	assert_int_equal(ept_map(&ept, EPT_GPA_LIMIT, PAGE_SIZE, PAGE_SIZE, EPT_RWX), -22);
	assert_int_equal(ept_map(&ept, -PAGE_SIZE, PAGE_SIZE, 2 * PAGE_SIZE, EPT_RWX), -22);
	assert_int_equal(ept_map(&ept, EPT_GPA_LIMIT - PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, EPT_RWX),
			 0);
	assert_int_equal(ept_walk(&ept, EPT_GPA_LIMIT - 1, &mapping), 0);
	assert_int_equal(ept_walk(&ept, EPT_GPA_LIMIT, &mapping), -14);
	assert_int_equal(ept_walk(&ept, UINT64_MAX, &mapping), -14);
	ept_destroy(&ept);
	assert_int_equal(ept_walk(&ept, EPT_GPA_LIMIT - 1, &mapping), -14);
}

/* Without pages an EPT says so, and what there was of it is given back. */
static void test_out_of_memory(void **state)
{
	static uint64_t pages[1U << 16];
	unsigned int nr = 0;
	uint64_t page;

	(void)state;
	assert_int_equal(ept_init(&ept), 0);
	while ((page = arch_page_alloc()))
		pages[nr++] = page;
	assert_int_equal(ept_map(&ept, 0, PAGE_SIZE, PAGE_SIZE, EPT_RWX), -12);
	arch_page_free(pages[--nr]);
	assert_int_equal(ept_map(&ept, 0, PAGE_SIZE, PAGE_SIZE, EPT_RWX), -12);
	ept_destroy(&ept);
	assert_int_equal(ept_init(&ept), 0);
	assert_true(arch_page_alloc() != 0);
	assert_int_equal(arch_page_alloc(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests_name("ept", tests, core_setup, core_teardown);
}
