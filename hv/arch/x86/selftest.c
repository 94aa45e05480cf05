// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/selftest.h"

#include "hv/arch/x86/ground.h"
#include "hv/arch/x86/hvlog.h"
#include "hv/arch/x86/image.h"
#include "hv/arch/x86/options.h"
#include "hv/arch/x86/power.h"
#include "hv/core/log.h"
#include "hv/include/arch.h"

static void end(void)
{
	power_exit();
}

static void __attribute__((noinline)) crash_here(void)
{
	__asm__ volatile("ud2");
}

static void crash(void)
{
	crash_here();
}

/*
 * Once: the boot after it finds the log of the one that crashed, prints it and ends. By the last
 * pCPU, because a reset by the first stops the time of an emulator with several.
 */
static void crash_last(void)
{
	const struct shared_buf *last = hvlog_last(arch_pcpu_id());
	const char *elements;

	if (!last) {
		crash_here();
		return;
	}
	elements = (const char *)(last + 1);
	for (uint32_t at = 0; at < last->tail; at += last->ele_size) {
		char text[SBUF_HVLOG_ELE_SIZE + 1] = { 0 };

		memcpy(text, elements + at, SBUF_HVLOG_ELE_SIZE);
		log_info("last: %s", text);
	}
	power_exit();
}

/* A depth that no compiler can know. */
static volatile uint64_t depth_wanted = UINT64_MAX;

static uint64_t __attribute__((noinline)) overflow_more(uint64_t depth)
{
	volatile uint64_t here[16] = { depth };

	if (depth == depth_wanted)
		return 0;
	return overflow_more(depth + 1) + here[0];
}

static void overflow(void)
{
	if (overflow_more(0))
		log_info("overflow: came back");
}

static void write_text(void)
{
	*(volatile uint8_t *)text_start = 0;
}

/* Text where the direct map would have it. */
static void write_alias(void)
{
	*(volatile uint8_t *)arch_hpa_to_hva(image_hpa) = 0;
}

static void write_sealed(void)
{
	*(volatile uint8_t *)&options = 0;
}

static void run_data(void)
{
	static const uint8_t code = 0xc3;

	void (*function)(void);

	__asm__("" : "=r"(function) : "0"(&code));
	function();
}

static void read_null(void)
{
	volatile uint8_t *null = NULL;

	__asm__("" : "+r"(null));
	(void)*null;
}

static void lose_stack(void)
{
	__asm__ volatile("xorl %%esp, %%esp; pushq $0" : : : "memory");
}

static void double_free(void)
{
	uint64_t page = arch_page_alloc();

	arch_page_free(page);
	arch_page_free(page);
}

enum who {
	ON_FIRST,
	ON_LAST,
	ON_ALL,
};

static const struct selftest {
	const char *name;
	void (*function)(void);
	enum who who; /* which pCPUs */
} table[] = {
	{ "exit", end, ON_FIRST },
	{ "reboot", power_reboot, ON_FIRST },
	{ "crash", crash, ON_FIRST },
	{ "crash-all", crash, ON_ALL },
	{ "crash-last", crash_last, ON_LAST },
	{ "overflow", overflow, ON_FIRST },
	{ "overflow-last", overflow, ON_LAST },
	{ "lose-stack", lose_stack, ON_FIRST },
	{ "write-text", write_text, ON_FIRST },
	{ "write-alias", write_alias, ON_FIRST },
	{ "write-sealed", write_sealed, ON_FIRST },
	{ "run-data", run_data, ON_FIRST },
	{ "read-null", read_null, ON_FIRST },
	{ "double-free", double_free, ON_FIRST },
	{ "ground", ground_test, ON_ALL },
};

static bool is_meant(enum who who)
{
	unsigned int last = arch_nr_pcpus() - 1;

	return who == ON_ALL || arch_pcpu_id() == (who == ON_LAST ? last : 0);
}

void selftest_run(const char *name)
{
	if (!*name)
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
		if (option_is(name, table[i].name)) {
			if (is_meant(table[i].who))
				table[i].function();
			return;
		}
	}
	if (arch_pcpu_id() == 0)
		log_warning("options: test=%s is ignored: there is no such test", name);
}
