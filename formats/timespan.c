// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "formats/timespan.h"

#define NS_PER_S 1000000000ULL

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A whole number at text, with nothing but suffix behind it. */
static bool parse_whole(const char *text, const char *suffix, uint64_t *value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	if (!is_digit(text[0]))
		return false;
	errno = 0;
	*value = strtoull(text, &end, hex ? 16 : 10);
	return !errno && strcmp(end, suffix) == 0;
}

static uint64_t unit_ns(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "", NS_PER_S }, { "s", NS_PER_S }, { "ms", 1000000 },
		      { "us", 1000 },	{ "ns", 1 },	   { "m", 60 * NS_PER_S } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(unit, units[i].name) == 0)
			return units[i].ns;
	return 0;
}

/* Digits, maybe a point and more digits, and a unit: in whole nanoseconds, exactly. */
static bool parse_ns(const char *text, uint64_t *ns)
{
	const char *unit = text;
	uint64_t whole = 0, scale, per_unit;

	if (!is_digit(*text))
		return false;
	while (is_digit(*unit) || *unit == '.')
		unit++;
	per_unit = scale = unit_ns(unit);
	if (!per_unit)
		return false;
	for (; is_digit(*text); text++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*text - '0'), &whole))
			return false;
	if (__builtin_mul_overflow(whole, per_unit, ns))
		return false;
	if (*text == '.') {
		for (text++; is_digit(*text); text++) {
			uint64_t digit = (uint64_t)(*text - '0');

			/* what is left of the unit loses less than 1 ns a digit */
			if (__builtin_add_overflow(*ns, digit * scale / 10, ns))
				return false;
			scale /= 10;
		}
	}
	return text == unit;
}

int time_parse(const char *text, struct time_point *point, struct error *error)
{
	if (strncmp(text, "tsc:", 4) == 0 && parse_whole(text + 4, "", &point->value))
		point->kind = TIME_TSC;
	else if (parse_whole(text, "c", &point->value))
		point->kind = TIME_CYCLES;
	else if (parse_ns(text, &point->value))
		point->kind = TIME_NS;
	else
		return error_set(error, EINVAL,
				 "%s: not a point in time; give time since the first record as in "
				 "1.5s, 200ms or 123c (cycles), or tsc:N",
				 text);
	return 0;
}

static uint64_t ns_to_tsc(uint64_t ns, uint64_t tsc_khz)
{
	unsigned __int128 cycles = (unsigned __int128)ns * tsc_khz;

	/* rounded up: the first cycle of that nanosecond */
	cycles = (cycles + 999999) / 1000000;
	return cycles > UINT64_MAX ? UINT64_MAX : (uint64_t)cycles;
}

int time_resolve(const struct time_point *point, uint64_t first_tsc, uint64_t tsc_khz,
		 uint64_t *tsc, struct error *error)
{
	uint64_t cycles = point->value;

	if (point->kind == TIME_TSC) {
		*tsc = point->value;
		return 0;
	}
	if (point->kind == TIME_NS) {
		if (!tsc_khz)
			return error_set(
				error, EINVAL,
				"the TSC frequency is not known; give it with --tsc-khz, or "
				"the time in cycles, as in 1000c");
		cycles = ns_to_tsc(point->value, tsc_khz);
	}
	if (__builtin_add_overflow(first_tsc, cycles, tsc))
		*tsc = UINT64_MAX;
	return 0;
}

uint64_t tsc_to_ns(uint64_t cycles, uint64_t tsc_khz)
{
	uint64_t hz = tsc_khz * 1000, seconds = cycles / hz, rest = cycles % hz;
	uint64_t ns = tsc_khz > 18000000 ? (uint64_t)((unsigned __int128)rest * 1000000 / tsc_khz)
					 : rest * 1000000 / tsc_khz;

	return seconds > UINT64_MAX / NS_PER_S - 1 ? UINT64_MAX : seconds * NS_PER_S + ns;
}
