// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/options.h"

#include "formats/abi/sbuf.h"
#include "hv/arch/x86/console.h"
#include "hv/arch/x86/image.h"
#include "hv/arch/x86/page_alloc.h"
#include "hv/core/base.h"
#include "hv/core/log.h"

SEALED struct options options = {
	.console_level = HVLOG_INFO,
	.memory_level = HVLOG_DEBUG,
	.max_pcpus = MAX_PCPUS,
	.trace_size = SBUF_TRACE_SIZE,
	.period_us = 1000,
	.seed = 1,
};

bool option_is(const char *word, const char *name)
{
	while (*word && *word == *name)
		word++, name++;
	return *word == *name;
}

bool option_word(const char **list, char *word, size_t room)
{
	size_t length = 0;

	while (**list == ',')
		(*list)++;
	if (!**list)
		return false;
	for (; **list && **list != ','; (*list)++)
		if (length + 1 < room)
			word[length++] = **list;
	word[length] = '\0';
	return true;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static unsigned int unit_shift(char c)
{
	switch (c | 0x20) {
	case 'k':
		return 10;
	case 'm':
		return 20;
	case 'g':
		return 30;
	default:
		return 0;
	}
}

bool option_size(const char *text, const char **end, uint64_t *value)
{
	int base = 10;
	unsigned int shift;

	if (text[0] == '0' && (text[1] | 0x20) == 'x') {
		base = 16;
		text += 2;
	}
	if (digit(*text) >= base)
		return false;
	for (*value = 0; digit(*text) < base; text++)
		if (__builtin_mul_overflow(*value, (uint64_t)base, value) ||
		    __builtin_add_overflow(*value, (uint64_t)digit(*text), value))
			return false;
	shift = unit_shift(*text);
	if (shift) {
		if (*value >> (64 - shift))
			return false;
		*value <<= shift;
		text++;
	}
	*end = text;
	return true;
}

static bool number(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
	return option_size(text, &text, value) && !*text && *value >= least && *value <= most;
}

static bool set_console(const char *value)
{
	return console_select(value);
}

static bool set_levels(const char *value)
{
	uint64_t console, memory = options.memory_level;

	if (!option_size(value, &value, &console) || console > HVLOG_DEBUG)
		return false;
	if (*value == ',' && !number(value + 1, 0, HVLOG_DEBUG, &memory))
		return false;
	if (*value && *value != ',')
		return false;
	options.console_level = (uint8_t)console;
	options.memory_level = (uint8_t)memory;
	return true;
}

static bool set_pool_size(const char *value)
{
	uint64_t size;

	if (!number(value, POOL_SIZE_MIN, POOL_SIZE_MAX, &size))
		return false;
	options.pool_size = (size + (2ULL << 20) - 1) & ~((2ULL << 20) - 1);
	return true;
}

static bool set_hvlog(const char *value)
{
	uint64_t size, base;

	if (!option_size(value, &value, &size) || *value != '@' ||
	    !number(value + 1, 1 << 20, DIRECT_SIZE, &base) || (size | base) % PAGE_SIZE)
		return false;
	options.hvlog_size = size;
	options.hvlog_base = base;
	return true;
}

static bool set_max_pcpus(const char *value)
{
	uint64_t count;

	if (!number(value, 1, MAX_PCPUS, &count))
		return false;
	options.max_pcpus = (unsigned int)count;
	return true;
}

static bool set_panic(const char *value)
{
	static const char *const names[] = {
		[PANIC_REBOOT] = "reboot",
		[PANIC_HALT] = "halt",
		[PANIC_EXIT] = "exit",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (option_is(value, names[i])) {
			options.on_panic = (enum panic_action)i;
			return true;
		}
	}
	return false;
}

/* on or off; *is_off is which. */
static bool set_off(const char *value, bool *is_off)
{
	*is_off = option_is(value, "off");
	return *is_off || option_is(value, "on");
}

static bool set_x2apic(const char *value)
{
	return set_off(value, &options.no_x2apic);
}

static bool set_tsc_deadline(const char *value)
{
	return set_off(value, &options.no_tsc_deadline);
}

static bool set_cpu_check(const char *value)
{
	return set_off(value, &options.no_cpu_check);
}

static bool set_test(const char *value)
{
	return option_word(&value, options.test, sizeof(options.test));
}

static bool set_guests(const char *value)
{
	size_t length = 0;

	while (value[length])
		length++;
	if (!length || length >= sizeof(options.guests))
		return false;
	memcpy(options.guests, value, length + 1);
	return true;
}

static bool set_u32(const char *value, uint64_t least, uint64_t most, uint32_t *to)
{
	uint64_t number_given;

	if (!number(value, least, most, &number_given))
		return false;
	*to = (uint32_t)number_given;
	return true;
}

static bool set_duration(const char *value)
{
	return set_u32(value, 1, 86400000, &options.duration_ms);
}

static bool set_trace(const char *value)
{
	return set_u32(value, PAGE_SIZE, 64U << 20, &options.trace_size) &&
	       options.trace_size % PAGE_SIZE == 0;
}

static bool set_slice(const char *value)
{
	return set_u32(value, 100, 1000000, &options.slice_us);
}

static bool set_period(const char *value)
{
	return set_u32(value, 50, 1000000, &options.period_us);
}

static bool set_seed(const char *value)
{
	return number(value, 0, UINT64_MAX, &options.seed);
}

static bool set_dump(const char *value)
{
	options.dump_trace = option_is(value, "com2");
	return options.dump_trace;
}

static const struct option {
	const char *name;
	bool (*set)(const char *value);
	const char *values;
} table[] = {
	{ "console", set_console, "a list of com1, com2, e9, none" },
	{ "loglevel", set_levels, "console[,memory], 0 (nothing) to 6 (debug)" },
	{ "hvmem", set_pool_size, "size, 4M to 1G" },
	{ "hvlog", set_hvlog, "size@base, multiples of 4K, base from 1M on" },
	{ "maxcpus", set_max_pcpus, "1 to 16" },
	{ "panic", set_panic, "reboot, halt or exit" },
	{ "x2apic", set_x2apic, "on or off" },
	{ "tsc_deadline", set_tsc_deadline, "on or off" },
	{ "cpu_check", set_cpu_check, "on or off" },
	{ "guests", set_guests, "a list of payloads, like rt:1,mix:0-1" },
	{ "duration", set_duration, "milliseconds" },
	{ "trace", set_trace, "size of each trace ring, a multiple of 4K" },
	{ "slice", set_slice, "microseconds, 100 to 1000000" },
	{ "period", set_period, "microseconds, 50 to 1000000" },
	{ "seed", set_seed, "a number" },
	{ "dump", set_dump, "com2" },
	{ "test", set_test, "a self-test" },
};

static void apply(char *word)
{
	char *value = word;

	while (*value && *value != '=')
		value++;
	if (*value)
		*value++ = '\0';
	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
		if (!option_is(word, table[i].name))
			continue;
		if (!table[i].set(value))
			log_warning("options: %s=%s is ignored: it takes %s", word, value,
				    table[i].values);
		return;
	}
	log_warning("options: %s is ignored: there is no such option", word);
}

void options_parse(const char *command_line)
{
	char word[64];

	for (;;) {
		size_t length = 0;

		while (*command_line == ' ')
			command_line++;
		if (!*command_line)
			break;
		for (; *command_line && *command_line != ' '; command_line++)
			if (length + 1 < sizeof(word))
				word[length++] = *command_line;
		word[length] = '\0';
		apply(word);
	}
	if (console_missing())
		log_warning("console: nothing answers at a serial port that was asked for");
	log_set_levels(options.console_level, options.memory_level);
}
