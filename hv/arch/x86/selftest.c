// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/selftest.h"

#include "hv/arch/x86/image.h"
#include "hv/arch/x86/options.h"
#include "hv/arch/x86/percpu.h"
#include "hv/arch/x86/power.h"
#include "hv/arch/x86/tsc.h"
#include "hv/core/irq.h"
#include "hv/core/log.h"
#include "hv/include/arch.h"

static void end(void)
{
	if (arch_pcpu_id() == 0)
		power_exit();
}

static void __attribute__((noinline)) crash_here(void)
{
	__asm__ volatile("ud2");
}

static void __attribute__((noinline)) crash(void)
{
	if (arch_pcpu_id() == 0)
		crash_here();
	__asm__ volatile("" : : : "memory");
}

/* How deep, that no compiler can know. */
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

static void write_sealed(void)
{
	*(volatile uint8_t *)&options = 0;
}

static void run_data(void)
{
	static const uint8_t code = 0xc3;

	((void (*)(void))(uintptr_t)&code)();
}

static void read_null(void)
{
	volatile uint8_t *null = NULL;

	__asm__("" : "+r"(null));
	(void)*null;
}

static const struct selftest {
	const char *name;
	void (*function)(void);
} table[] = {
	{ "exit", end },
	{ "crash", crash },
	{ "overflow", overflow },
	{ "write-text", write_text },
	{ "write-sealed", write_sealed },
	{ "run-data", run_data },
	{ "read-null", read_null },
};

void selftest_run(const char *name)
{
	if (!*name)
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
		if (option_is(name, table[i].name)) {
			table[i].function();
			return;
		}
	}
	if (arch_pcpu_id() == 0)
		log_warning("options: test=%s is ignored: there is no such test", name);
}
