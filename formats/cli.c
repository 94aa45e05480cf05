// SPDX-License-Identifier: BSD-3-Clause
/* What the programs' command lines and messages have in common. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/cli.h"

static const char *program_name = "acrnscope";
static bool json_errors;

bool pcpu_set_has(const struct pcpu_set *set, unsigned int pcpu)
{
	return pcpu < CLI_MAX_PCPUS && (set->bits[pcpu / 64] >> pcpu % 64 & 1);
}

void pcpu_set_add(struct pcpu_set *set, unsigned int pcpu)
{
	if (pcpu < CLI_MAX_PCPUS)
		set->bits[pcpu / 64] |= 1ULL << pcpu % 64;
}

/* A decimal pCPU number at *text, which moves behind it. -1: there is none, or it is too large. */
static int parse_pcpu(const char **text)
{
	unsigned long value;
	char *end;

	if (**text < '0' || **text > '9')
		return -1;
	value = strtoul(*text, &end, 10);
	*text = end;
	return value < CLI_MAX_PCPUS ? (int)value : -1;
}

int cli_parse_pcpus(const char *text, struct pcpu_set *set, struct error *error)
{
	const char *at = text;

	memset(set, 0, sizeof(*set));
	for (;;) {
		int first = parse_pcpu(&at), last = first;

		if (first >= 0 && *at == '-') {
			at++;
			last = parse_pcpu(&at);
		}
		if (first < 0 || last < first || (*at != ',' && *at != '\0'))
			return error_set(
				error, EINVAL,
				"%s: not a list of pCPUs; give numbers up to %u, as in 0-3,6", text,
				CLI_MAX_PCPUS - 1);
		for (int pcpu = first; pcpu <= last; pcpu++)
			pcpu_set_add(set, (unsigned int)pcpu);
		if (*at++ == '\0')
			return 0;
	}
}

int cli_parse_number(const char *text, const char *what, uint64_t min, uint64_t max,
		     uint64_t *value, struct error *error)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	errno = 0;
	*value = strtoull(text, &end, hex ? 16 : 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno || *value < min || *value > max)
		return error_set(error, EINVAL, "%s: %s must be a number from %llu to %llu", text,
				 what, (unsigned long long)min, (unsigned long long)max);
	return 0;
}

int cli_parse_duration(const char *text, uint64_t *ns, struct error *error)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "", 1e9 }, { "s", 1e9 },  { "ms", 1e6 },  { "us", 1e3 },
		      { "ns", 1 }, { "m", 60e9 }, { "h", 3600e9 } };
	char *end = (char *)text;
	double value = text[0] >= '0' && text[0] <= '9' ? strtod(text, &end) : -1;

	for (size_t i = 0; value > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		value *= units[i].ns;
		if (value >= 1 && value < 9e18) {
			*ns = (uint64_t)llround(value);
			return 0;
		}
	}
	return error_set(error, EINVAL,
			 "%s: not a duration; give seconds, or a unit as in 500ms or 2m", text);
}

void cli_init(const char *program)
{
	program_name = program;
}

void cli_set_json(bool json)
{
	json_errors = json;
}

void cli_print_json_string(const char *text, FILE *out)
{
	fputc('"', out);
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else if ((unsigned char)*c < 0x20)
			fprintf(out, "\\u%04x", (unsigned int)*c);
		else
			fputc(*c, out);
	}
	fputc('"', out);
}

static void print_error(const char *format, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", program_name, text);
	if (!json_errors)
		return;
	fputs("{\"error\": ", stdout);
	cli_print_json_string(text, stdout);
	puts("}");
}

int cli_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(format, args);
	va_end(args);
	return CLI_FAILED;
}

int cli_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(format, args);
	va_end(args);
	return CLI_USAGE;
}

int cli_parse_color(const char *text, enum cli_color *color, struct error *error)
{
	static const char *const names[] = { "auto", "always", "never" };

	for (int i = 0; i < 3; i++) {
		if (strcmp(text, names[i]) == 0) {
			*color = (enum cli_color)i;
			return 0;
		}
	}
	return error_set(error, EINVAL, "%s: colour is auto, always or never", text);
}

bool cli_use_color(enum cli_color color, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (color != CLI_COLOR_AUTO)
		return color == CLI_COLOR_ALWAYS;
	return isatty(fd) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}
