// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the hypervisor reads before it has checked it: boot tags, memory maps, ACPI tables, its
 * command line. Built for this machine, with sanitizers, so that a read too far is seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hv/arch/x86/acpi.h"
#include "hv/arch/x86/console.h"
#include "hv/arch/x86/memory_map.h"
#include "hv/arch/x86/multiboot.h"
#include "hv/arch/x86/options.h"
#include "hv/arch/x86/paging.h"
#include "hv/core/log.h"

/* --- what they call --- */
static char said[4096]; /* the messages since the last time it was emptied */
static bool console_changed;

void hv_log(enum hvlog_severity severity, const char *format, ...)
{
	size_t length = strlen(said);
	va_list arguments;

	(void)severity;
	va_start(arguments, format);
	vsnprintf(said + length, sizeof(said) - length, format, arguments);
	va_end(arguments);
}

void log_set_levels(uint8_t console, uint8_t memory)
{
	(void)console;
	(void)memory;
}

bool console_select(const char *list)
{
	console_changed = true;
	return !strcmp(list, "com1");
}

bool console_missing(void)
{
	return false;
}

#define FAKE_HPA 0x7f000000ULL
#define FAKE_SIZE 8192U

static uint8_t *fake; /* FAKE_SIZE bytes of tables at FAKE_HPA, and nothing else */

/* Each mapping is a copy of just its size, so that a read beyond it is seen. */
static void *copies[1024];
static unsigned int nr_copies;

static void unmap_all(void)
{
	while (nr_copies)
		free(copies[--nr_copies]);
}

const void *paging_map_tables(uint64_t hpa, uint64_t size)
{
	if (hpa < FAKE_HPA || size > FAKE_SIZE || hpa - FAKE_HPA > FAKE_SIZE - size)
		return NULL;
	assert_true(nr_copies < ARRAY_SIZE(copies));
	copies[nr_copies] = malloc(size);
	assert_non_null(copies[nr_copies]);
	return memcpy(copies[nr_copies++], fake + (hpa - FAKE_HPA), size);
}

static uint32_t seed = 1;

static uint32_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

/* --- memory map --- */
#define MODEL_PAGES 64U

static void check_model(const struct memory_map *map, const uint8_t *model)
{
	uint64_t end = 0;

	for (unsigned int i = 0; i < map->count; i++) {
		assert_true(map->ranges[i].start >= end);
		assert_true(map->ranges[i].end > map->ranges[i].start);
		if (i && map->ranges[i].start == end)
			assert_int_not_equal(map->ranges[i].type, map->ranges[i - 1].type);
		end = map->ranges[i].end;
	}
	for (uint64_t page = 0; page < MODEL_PAGES; page++)
		assert_int_equal(memory_map_type(map, page << 12, (page + 1) << 12), model[page]);
}

static void test_memory_map(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 2000; round++) {
		struct memory_map map = { 0 };
		uint8_t model[MODEL_PAGES] = { 0 };

		for (unsigned int step = 0; step < 20; step++) {
			uint32_t start = next_random() % MODEL_PAGES;
			uint32_t end = next_random() % (MODEL_PAGES + 1);
			uint8_t type = (uint8_t)(1 + next_random() % MEMORY_HYPERVISOR);

			memory_map_add(&map, (uint64_t)start << 12, (uint64_t)end << 12, type);
			for (uint32_t page = start; page < end; page++)
				if (model[page] < type)
					model[page] = type;
		}
		assert_int_equal(map.dropped, 0);
		check_model(&map, model);
	}
}

static void test_memory_map_find(void **state)
{
	static struct memory_map map;

	(void)state;
	memory_map_add(&map, 0x1000, 0x9f000, MEMORY_RAM);
	memory_map_add(&map, 0x100000, 0x3000000, MEMORY_RAM);
	memory_map_add(&map, 0x2000000, 0x2100000, MEMORY_MODULE);
	assert_int_equal(memory_map_find(&map, 0x1000, 0x1000, 0x1000, 0xa0000), 0x9e000);
	assert_int_equal(memory_map_find(&map, 0x200000, 0x200000, 0x1000000, 1ULL << 32),
			 0x2e00000);
	assert_int_equal(memory_map_find(&map, 0x1000000, 0x200000, 0x1000000, 1ULL << 32),
			 0x1000000);
	assert_int_equal(memory_map_find(&map, 0x1000001, 0x200000, 0x1000000, 1ULL << 32), 0);
	assert_int_equal(memory_map_total(&map, MEMORY_MODULE), 0x100000);
}

/* More ranges than fit: those that are left out are counted, and what is there stays right. */
static void test_memory_map_full(void **state)
{
	static struct memory_map map;

	(void)state;
	for (uint64_t i = 0; i < MEMORY_RANGES_MAX + 10; i++)
		memory_map_add(&map, i << 13, (i << 13) + 0x1000, MEMORY_RAM);
	assert_int_equal(map.count, MEMORY_RANGES_MAX);
	assert_int_equal(map.dropped, 10);
	memory_map_add(&map, 0x100, 0x200, MEMORY_RESERVED);
	for (unsigned int i = 1; i < map.count; i++)
		assert_true(map.ranges[i].start >= map.ranges[i - 1].end);
}

/* --- boot tags --- */
struct buffer {
	uint8_t bytes[1024];
	size_t length;
};

static void put(struct buffer *b, const void *what, size_t size)
{
	memcpy(b->bytes + b->length, what, size);
	b->length += size;
}

static void put32(struct buffer *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}

static void put64(struct buffer *b, uint64_t value)
{
	put(b, &value, sizeof(value));
}

static void put_tag(struct buffer *b, uint32_t type, const struct buffer *body)
{
	put32(b, type);
	put32(b, (uint32_t)body->length + 8);
	put(b, body->bytes, body->length);
	while (b->length % 8)
		b->bytes[b->length++] = 0;
}

static void put_text_tag(struct buffer *b, uint32_t type, const char *text)
{
	struct buffer body = { 0 };

	put(&body, text, strlen(text) + 1);
	put_tag(b, type, &body);
}

static void put_memory_tags(struct buffer *b)
{
	struct buffer e820 = { 0 }, efi = { 0 };

	put32(&e820, 24);
	put32(&e820, 0);
	put64(&e820, 0x800); /* RAM that is cut to whole pages */
	put64(&e820, 0x9f000);
	put64(&e820, 1);
	put64(&e820, 0x100000);
	put64(&e820, 0x7f00000);
	put64(&e820, 1);
	put64(&e820, 0x7fe0000);
	put64(&e820, 0x20000);
	put64(&e820, 3);
	put_tag(b, 6, &e820);
	put32(&efi, 48); /* entries longer than what is known of them */
	put32(&efi, 1);
	put32(&efi, 10);
	put32(&efi, 0);
	put64(&efi, 0x7fff000);
	put64(&efi, 0);
	put64(&efi, 1);
	put64(&efi, 0);
	put64(&efi, 0);
	put_tag(b, 17, &efi);
}

static void make_tags(struct buffer *b)
{
	struct buffer module = { 0 }, rsdp = { 0 };

	*b = (struct buffer){ .length = 8 };
	put_text_tag(b, 1, "loglevel=6 \t\x1b[2J");
	put_text_tag(b, 2, "a loader");
	put_memory_tags(b);
	put32(&module, 0x200000);
	put32(&module, 0x201234);
	put(&module, "kernel quiet", 13);
	put_tag(b, 3, &module);
	put(&rsdp, "RSD PTR abcdefghijklmnopqrstuvwxyz", 34);
	put_tag(b, 15, &rsdp);
	rsdp.length = 20;
	put_tag(b, 14, &rsdp);
	put_text_tag(b, 77, "unknown");
	put32(b, 0);
	put32(b, 8);
}

static void forget(void)
{
	memset(&boot_info, 0, sizeof(boot_info));
	memset(&memory_map, 0, sizeof(memory_map));
}

/* In memory of just that size, so that a read beyond it is seen. */
static void parse_copy(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length ? length : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	forget();
	multiboot_parse_tags(copy, length);
	free(copy);
}

static void test_tags(void **state)
{
	struct buffer b;

	(void)state;
	make_tags(&b);
	parse_copy(b.bytes, b.length);
	assert_null(boot_info.damaged);
	assert_int_equal(boot_info.tags, 8);
	assert_string_equal(boot_info.command_line, "loglevel=6 ??[2J");
	assert_string_equal(boot_info.loader, "a loader");
	assert_int_equal(boot_info.nr_modules, 1);
	assert_int_equal(boot_info.modules[0].end, 0x201234);
	assert_string_equal(boot_info.modules[0].command_line, "kernel quiet");
	assert_int_equal(boot_info.rsdp_length, 34);
	assert_true(boot_info.efi_memory_map);
	assert_int_equal(memory_map_type(&memory_map, 0, 0x1000), MEMORY_NONE);
	assert_int_equal(memory_map_type(&memory_map, 0x1000, 0x9f000), MEMORY_RAM);
	assert_int_equal(memory_map_type(&memory_map, 0x9f000, 0xa0000), MEMORY_NONE);
	assert_int_equal(memory_map_type(&memory_map, 0x7fe0000, 0x7fff000), MEMORY_ACPI);
	assert_int_equal(memory_map_type(&memory_map, 0x7fff000, 0x8000000), MEMORY_NVS);
}

static void test_tags_cut(void **state)
{
	struct buffer b;

	(void)state;
	make_tags(&b);
	for (size_t length = 0; length + 8 < b.length; length++) {
		parse_copy(b.bytes, length);
		assert_non_null(boot_info.damaged);
	}
}

static void test_tags_damaged(void **state)
{
	struct buffer b;

	(void)state;
	for (unsigned int round = 0; round < 50000; round++) {
		make_tags(&b);
		for (unsigned int i = 0; i <= round % 4; i++)
			b.bytes[next_random() % b.length] = (uint8_t)next_random();
		parse_copy(b.bytes, b.length);
		for (unsigned int i = 0; i < memory_map.count; i++)
			assert_true(memory_map.ranges[i].end <= DIRECT_SIZE);
		assert_true(boot_info.nr_modules <= MODULES_MAX);
	}
}

/* --- ACPI --- */
#define RSDT_AT 0x100U
#define MADT_AT 0x400U
#define FADT_AT 0x800U

static void set_sum(uint8_t *table, size_t length, size_t place)
{
	uint8_t total = 0;

	table[place] = 0;
	for (size_t i = 0; i < length; i++)
		total = (uint8_t)(total + table[i]);
	table[place] = (uint8_t)-total;
}

static void make_table(uint32_t at, const char *signature, const struct buffer *body)
{
	uint32_t length = 36 + (uint32_t)body->length;

	memset(fake + at, 0, 36);
	memcpy(fake + at, signature, 4);
	memcpy(fake + at + 4, &length, 4);
	memcpy(fake + at + 36, body->bytes, body->length);
	set_sum(fake + at, length, 9);
}

static void make_madt(void)
{
	static const uint8_t entries[] = {
		0,  8,	0, 0, 1,  0, 0,	   0, /* CPU 0 */
		0,  8,	1, 2, 1,  0, 0,	   0, /* CPU with APIC id 2 */
		0,  8,	2, 3, 0,  0, 0,	   0, /* one that is not enabled */
		9,  16, 0, 0, 2,  0, 0,	   0,	 1,   0, 0, 0,
		1,  0,	0, 0, /* the second once more */
		9,  16, 0, 0, 0,  1, 0,	   0,	 1,   0, 0, 0,
		9,  0,	0, 0,				       /* APIC id 0x100 */
		1,  12, 7, 0, 0,  0, 0xc0, 0xfe, 24,  0, 0, 0, /* IOAPIC */
		2,  10, 0, 9, 20, 0, 0,	   0,	 0xd, 0,       /* override */
		99, 4,	1, 2,				       /* unknown */
	};
	struct buffer body = { 0 };

	put32(&body, 0xfee00000);
	put32(&body, 1);
	put(&body, entries, sizeof(entries));
	make_table(MADT_AT, "APIC", &body);
}

static void make_fadt(void)
{
	struct buffer body = { .length = 244 - 36 };
	uint32_t port = 0x608, flags = 1U << 8 | 1U << 10;
	uint64_t reset_port = 0xcf9;

	memcpy(body.bytes + 76 - 36, &port, 4);
	body.bytes[91 - 36] = 4;
	memcpy(body.bytes + 112 - 36, &flags, 4);
	body.bytes[116 - 36] = 1;
	memcpy(body.bytes + 120 - 36, &reset_port, 8);
	body.bytes[128 - 36] = 6;
	make_table(FADT_AT, "FACP", &body);
}

static void make_rsdp(void)
{
	uint32_t rsdt = (uint32_t)FAKE_HPA + RSDT_AT;

	forget();
	memset(&acpi, 0, sizeof(acpi));
	unmap_all();
	said[0] = '\0';
	memcpy(boot_info.rsdp, "RSD PTR ", 8);
	memcpy(boot_info.rsdp + 16, &rsdt, 4);
	set_sum(boot_info.rsdp, 20, 8);
	boot_info.rsdp_length = 20;
}

static void make_acpi(void)
{
	struct buffer rsdt = { 0 };

	put32(&rsdt, (uint32_t)FAKE_HPA + FADT_AT);
	put32(&rsdt, (uint32_t)FAKE_HPA + MADT_AT);
	make_table(RSDT_AT, "RSDT", &rsdt);
	make_madt();
	make_fadt();
	make_rsdp();
}

static void test_acpi(void **state)
{
	(void)state;
	make_acpi();
	acpi_init();
	assert_string_equal(said, "");
	assert_string_equal(acpi.from, "a boot tag");
	assert_int_equal(acpi.tables, 2);
	assert_int_equal(acpi.nr_cpus, 3);
	assert_int_equal(acpi.apic_ids[1], 2);
	assert_int_equal(acpi.apic_ids[2], 0x100);
	assert_int_equal(acpi.nr_ioapics, 1);
	assert_int_equal(acpi.ioapics[0].gsi_base, 24);
	assert_int_equal(acpi.nr_overrides, 1);
	assert_int_equal(acpi.overrides[0].gsi, 20);
	assert_int_equal(acpi.pm_timer_port, 0x608);
	assert_true(acpi.pm_timer_32bit);
	assert_int_equal(acpi.reset.space, 1);
	assert_int_equal(acpi.reset.address, 0xcf9);
	assert_int_equal(acpi.reset.value, 6);
}

static void test_acpi_checksum(void **state)
{
	(void)state;
	make_acpi();
	fake[MADT_AT + 50]++;
	acpi_init();
	assert_int_equal(acpi.bad_tables, 1);
	assert_int_equal(acpi.nr_cpus, 0);
	assert_int_equal(acpi.pm_timer_port, 0x608);
	assert_non_null(strstr(said, "checksum is wrong"));
	make_acpi();
	boot_info.rsdp[17]++;
	acpi_init();
	assert_null(acpi.from);
}

/* Damage that the checksum does not show. */
static void test_acpi_damaged(void **state)
{
	static const struct {
		uint32_t at, length;
	} tables[] = { { RSDT_AT, 44 }, { MADT_AT, 44 + 92 }, { FADT_AT, 244 } };

	(void)state;
	for (unsigned int round = 0; round < 50000; round++) {
		uint32_t length;

		make_acpi();
		for (unsigned int i = 0; i <= round % 3; i++) {
			unsigned int t = next_random() % 3;

			fake[tables[t].at + next_random() % tables[t].length] =
				(uint8_t)next_random();
		}
		for (unsigned int t = 0; t < 3; t++) {
			memcpy(&length, fake + tables[t].at + 4, 4);
			if (length <= FAKE_SIZE - tables[t].at && length > 9)
				set_sum(fake + tables[t].at, length, 9);
		}
		acpi_init();
		assert_true(acpi.nr_cpus <= ACPI_CPUS_MAX && acpi.nr_ioapics <= ACPI_IOAPICS_MAX);
	}
}

/* --- command line --- */
static void test_option_size(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
		char end;
	} cases[] = {
		{ "0", true, 0, 0 },
		{ "4096", true, 4096, 0 },
		{ "0x10k", true, 16384, 0 },
		{ "3G@", true, 3ULL << 30, '@' },
		{ "18446744073709551615", true, UINT64_MAX, 0 },
		{ "18446744073709551616", false, 0, 0 },
		{ "17179869184G", false, 0, 0 },
		{ "", false, 0, 0 },
		{ "0x", false, 0, 0 },
		{ "M", false, 0, 0 },
		{ "-1", false, 0, 0 },
		{ "12a", true, 12, 'a' },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *end = NULL;
		uint64_t value = 0;

		assert_int_equal(option_size(cases[i].text, &end, &value), cases[i].good);
		if (cases[i].good) {
			assert_int_equal(value, cases[i].value);
			assert_int_equal(*end, cases[i].end);
		}
	}
}

static void test_options(void **state)
{
	char longest[600];

	(void)state;
	said[0] = '\0';
	options_parse("  loglevel=2,4 hvmem=5M hvlog=1M@0x8000000 maxcpus=3 panic=halt x2apic=off "
		      "test=a,b ");
	assert_string_equal(said, "");
	assert_int_equal(options.console_level, 2);
	assert_int_equal(options.memory_level, 4);
	assert_int_equal(options.pool_size, 6 << 20);
	assert_int_equal(options.hvlog_base, 128 << 20);
	assert_int_equal(options.max_pcpus, 3);
	assert_int_equal(options.on_panic, PANIC_HALT);
	assert_true(options.no_x2apic);
	assert_string_equal(options.test, "a");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	options_parse(longest);
	assert_non_null(strstr(said, "there is no such option"));
	said[0] = '\0';
	options_parse("loglevel hvlog=1M hvlog=1M@0 hvlog=1K@1M loglevel=1,7 maxcpus=17 x2apic=");
	assert_int_equal(options.console_level, 2);
	assert_int_equal(options.max_pcpus, 3);
	assert_int_equal(options.hvlog_base, 128 << 20);
}

static int start(void **state)
{
	(void)state;
	fake = calloc(1, FAKE_SIZE);
	return fake ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	unmap_all();
	free(fake);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_map),
		cmocka_unit_test(test_memory_map_find),
		cmocka_unit_test(test_memory_map_full),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_tags_cut),
		cmocka_unit_test(test_tags_damaged),
		cmocka_unit_test(test_acpi),
		cmocka_unit_test(test_acpi_checksum),
		cmocka_unit_test(test_acpi_damaged),
		cmocka_unit_test(test_option_size),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
