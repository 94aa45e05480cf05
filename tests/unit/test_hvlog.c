// SPDX-License-Identifier: BSD-3-Clause
/* The hypervisor's log in its ring: form, cutting, levels; and the formatting it is made with. */
#include <stdio.h>
#include <stdlib.h>

#include "hv/core/log.h"
#include "hv/core/text.h"
#include "tests/unit/core_test.h"

static struct shared_buf *ring;

/* The ring of pCPU 0, empty. */
static void fresh_ring(void)
{
	struct pcpu *pcpu = this_pcpu();
	const uint32_t number = 40;

	ring = arch_hpa_to_hva(64U << 20);
	*ring = (struct shared_buf){ .magic = SBUF_MAGIC,
				     .ele_num = number,
				     .ele_size = SBUF_HVLOG_ELE_SIZE,
				     .size = number * SBUF_HVLOG_ELE_SIZE };
	assert_int_equal(sbuf_producer_init(&pcpu->rings[SBUF_HVLOG], ring,
					    SBUF_HEADER_SIZE + ring->size, SBUF_HVLOG_ELE_SIZE),
			 0);
	pcpu->ring_on[SBUF_HVLOG] = true;
}

static const char *element(unsigned int n)
{
	return (const char *)ring + SBUF_HEADER_SIZE + (size_t)n * SBUF_HVLOG_ELE_SIZE;
}

static unsigned int nr_elements(void)
{
	return ring->tail / SBUF_HVLOG_ELE_SIZE;
}

static unsigned long number_after(const char *text, const char *what)
{
	const char *at = strstr(text, what);

	assert_non_null(at);
	return strtoul(at + strlen(what), NULL, 10);
}

static void test_form(void **state)
{
	char first[SBUF_HVLOG_ELE_SIZE + 1] = { 0 }, second[SBUF_HVLOG_ELE_SIZE + 1] = { 0 };
	unsigned long us;

	(void)state;
	fresh_ring();
	log_set_levels(0, HVLOG_INFO);
	hv_log(HVLOG_WARNING, "%s", "one");
	hv_log(HVLOG_INFO, "two");
	hv_log(HVLOG_DEBUG, "not wanted");
	assert_int_equal(nr_elements(), 2);
	memcpy(first, element(0), SBUF_HVLOG_ELE_SIZE);
	memcpy(second, element(1), SBUF_HVLOG_ELE_SIZE);
	assert_int_equal(first[0], '[');
	us = strtoul(first + 1, NULL, 10);
	assert_in_range(arch_tsc() / (arch_tsc_khz() / 1000) - us, 0, 60000000);
	assert_non_null(strstr(first, "us][cpu=0][idle][sev=4][seq="));
	assert_non_null(strstr(first, "]:one"));
	assert_non_null(strstr(second, "[sev=5]"));
	assert_int_equal(number_after(second, "seq="), number_after(first, "seq=") + 1);
}

/* Every length from the shortest to more than fits. */
static void test_cutting(void **state)
{
	char text[400];

	(void)state;
	log_set_levels(0, HVLOG_INFO);
	for (unsigned int length = 1; length < 330; length++) {
		char message[SBUF_HVLOG_ELE_SIZE * 6] = { 0 };
		size_t total, elements;

		fresh_ring();
		memset(text, 'x', sizeof(text));
		text[length] = '\0';
		hv_log(HVLOG_ERROR, "%s", text);
		elements = nr_elements();
		memcpy(message, element(0), elements * SBUF_HVLOG_ELE_SIZE);
		total = strlen(message);
		assert_int_equal(elements, (total + SBUF_HVLOG_ELE_SIZE - 1) / SBUF_HVLOG_ELE_SIZE);
		assert_true(total <= HVLOG_MESSAGE_MAX);
		/* The prefix, then nothing but the text, whole or up to the limit. */
		assert_int_equal(strspn(strchr(message, 'x'), "x"),
				 total < HVLOG_MESSAGE_MAX
					 ? length
					 : HVLOG_MESSAGE_MAX -
						   (size_t)(strchr(message, 'x') - message));
		for (size_t i = total; i < elements * SBUF_HVLOG_ELE_SIZE; i++)
			assert_int_equal(message[i], 0);
	}
}

#define SAME(...)                                                                        \
	do {                                                                             \
		char ours[64], theirs[64];                                               \
		size_t length = text_format(ours, sizeof(ours), __VA_ARGS__);            \
		assert_int_equal(length, snprintf(theirs, sizeof(theirs), __VA_ARGS__)); \
		assert_string_equal(ours, theirs);                                       \
	} while (0)

/* As the C library does it. */
static void test_formatting(void **state)
{
	char small[8];

	(void)state;
	SAME("%s", "");
	SAME("%u %d %x", 0U, 0, 0U);
	SAME("%u %d %x", 4294967295U, -2147483647 - 1, 0xdeadbeefU);
	SAME("%lu %ld %lx", ~0UL, -9223372036854775807L - 1, ~0UL);
	SAME("%5u|%05u|%5d|%05d", 42U, 42U, -42, -42);
	SAME("%08x|%16lx|%016lx", 0x1234U, 0x1234UL, 0x1234UL);
	SAME("%8s|%c|%%", "abc", 'z');
	assert_int_equal(text_format(small, sizeof(small), "%s", "0123456789"), 7);
	assert_string_equal(small, "0123456");
	assert_int_equal(text_format(small, 1, "%u", 1U), 0);
	assert_string_equal(small, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_cutting),
		cmocka_unit_test(test_formatting),
	};

	return cmocka_run_group_tests_name("hvlog", tests, core_setup, core_teardown);
}
