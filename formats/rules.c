// SPDX-License-Identifier: BSD-3-Clause
/* A rule is compiled once into parts, literal text or a value, that are put one after another. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/put.h"
#include "formats/rules.h"
#include "formats/text.h"

#define FILE_MAX (1U << 18)
#define WIDTH_MAX 64U
#define VALUE_MAX (WIDTH_MAX + 2U) /* bytes of one value: 0x in front of a full width */

enum value_name { VALUE_CPU = -3, VALUE_TSC, VALUE_EVENT }; /* from 0: values[n] of the record */

struct part {
	bool literal;
	/* literal: in rules.text */
	uint32_t at, length;
	/* a value */
	int value; /* enum value_name, or which of the record's */
	char conversion;
	bool left, zero, sign, blank, prefix;
	uint8_t width;
};

struct rule {
	uint64_t id;
	uint32_t first_part, nr_parts;
	int last_value; /* highest number of a value; -1: none */
};

struct rules {
	char *text; /* the file; literals are unescaped in place */
	struct rule *rules;
	uint32_t nr_rules;
	struct part *parts;
	uint32_t nr_parts;
};

/* Where the compiler is. */
struct parser {
	struct rules *rules;
	const char *name;
	unsigned int line;
	const char *at, *end; /* what is left of the line */
	size_t size_max;      /* bytes the rule's line takes at most */
	struct error *error;
};

static int parser_error(const struct parser *parser, const char *what, const char *at)
{
	int length = (int)(parser->end - at);

	return error_set(parser->error, EINVAL, "%s:%u: %s: %.*s", parser->name, parser->line, what,
			 length > 40 ? 40 : length, at);
}

static int parse_name(struct parser *parser, struct part *part)
{
	static const char *const names[] = { "cpu", "tsc", "event" };
	const char *name = parser->at, *close;
	size_t length;
	unsigned int number = 0;

	close = memchr(name, ')', (size_t)(parser->end - name));
	if (!close)
		return parser_error(parser, "a value's name without its )", name - 2);
	length = (size_t)(close - name);
	parser->at = close + 1;
	for (int i = 0; i < 3; i++) {
		if (strlen(names[i]) == length && memcmp(name, names[i], length) == 0) {
			part->value = VALUE_CPU + i;
			return 0;
		}
	}
	for (size_t i = 0; i < length && i < 3; i++)
		number = name[i] >= '0' && name[i] <= '9'
				 ? number * 10 + (unsigned int)(name[i] - '0')
				 : 999;
	if (length == 0 || length > 2 || number < 1 || number > 16)
		return parser_error(parser, "no such value; there are cpu, tsc, event and 1 to 16",
				    name - 2);
	part->value = (int)number - 1;
	return 0;
}

static void parse_flags(struct parser *parser, struct part *part)
{
	for (; parser->at < parser->end; parser->at++) {
		switch (*parser->at) {
		case '-':
			part->left = true;
			break;
		case '0':
			part->zero = true;
			break;
		case '+':
			part->sign = true;
			break;
		case ' ':
			part->blank = true;
			break;
		case '#':
			part->prefix = true;
			break;
		default:
			return;
		}
	}
}

/* Behind "%(": the rest of a value. */
static int parse_value(struct parser *parser, struct part *part)
{
	const char *start = parser->at - 2;
	unsigned int width = 0;
	int err = parse_name(parser, part);

	if (err)
		return err;
	parse_flags(parser, part);
	while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9') {
		width = width * 10 + (unsigned int)(*parser->at++ - '0');
		if (width > WIDTH_MAX)
			return parser_error(parser, "a width over 64", start);
	}
	part->width = (uint8_t)width;
	if (parser->at >= parser->end || !strchr("diuxXoc", *parser->at))
		return parser_error(parser, "no conversion; there are d i u x X o c", start);
	part->conversion = *parser->at++;
	parser->size_max += VALUE_MAX;
	return 0;
}

static char unescaped(char c)
{
	switch (c) {
	case 't':
		return '\t';
	case 'n':
		return '\n';
	case '"':
	case '\'':
	case '\\':
		return c;
	default:
		return '\0';
	}
}

/* Text up to the next value, unescaped in place. */
static int parse_literal(struct parser *parser, struct part *part)
{
	char *out = parser->rules->text + (parser->at - parser->rules->text);

	part->literal = true;
	part->at = (uint32_t)(out - parser->rules->text);
	while (parser->at < parser->end) {
		char c = *parser->at;
		bool more = parser->at + 1 < parser->end;

		if (c == '%' && more && parser->at[1] == '(')
			break;
		if (c == '%' && !(more && parser->at[1] == '%'))
			return parser_error(parser, "% must be followed by (NAME) or %",
					    parser->at);
		if (c == '%')
			parser->at++;
		if (c == '\\' && more && unescaped(parser->at[1]))
			c = unescaped(*++parser->at);
		*out++ = c;
		parser->at++;
	}
	part->length = (uint32_t)(out - parser->rules->text) - part->at;
	parser->size_max += part->length;
	return 0;
}

static int parse_parts(struct parser *parser, struct rule *rule)
{
	struct rules *rules = parser->rules;
	const char *start = parser->at;

	rule->first_part = rules->nr_parts;
	rule->last_value = -1;
	while (parser->at < parser->end) {
		struct part part = { 0 };
		bool value = parser->end - parser->at > 1 && memcmp(parser->at, "%(", 2) == 0;
		int err;

		parser->at += value ? 2 : 0;
		err = value ? parse_value(parser, &part) : parse_literal(parser, &part);
		if (err)
			return err;
		if (value && part.value > rule->last_value)
			rule->last_value = part.value;
		rules->parts[rules->nr_parts++] = part;
	}
	rule->nr_parts = rules->nr_parts - rule->first_part;
	if (parser->size_max >= RULES_LINE_MAX)
		return parser_error(parser, "the rule is too long", start);
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static int parse_id(struct parser *parser, uint64_t *id)
{
	const char *start = parser->at;
	bool hex = parser->end - start > 2 && start[0] == '0' && (start[1] | 0x20) == 'x';
	char *behind;

	errno = 0;
	*id = strtoull(start, &behind, hex ? 16 : 10);
	if (*start < '0' || *start > '9' || errno || *id >> 48 ||
	    (!is_blank(*behind) && *behind != '\n'))
		return parser_error(parser, "a rule begins with the id of an event, as in 0x10004",
				    start);
	for (parser->at = behind; parser->at < parser->end && is_blank(*parser->at);)
		parser->at++;
	if (parser->at == parser->end)
		return parser_error(parser, "an id without a text", start);
	return 0;
}

static struct rule *rule_of(const struct rules *rules, uint64_t id)
{
	for (uint32_t i = 0; i < rules->nr_rules; i++)
		if (rules->rules[i].id == id)
			return &rules->rules[i];
	return NULL;
}

static int parse_line(struct parser *parser)
{
	struct rules *rules = parser->rules;
	struct rule *rule, new = { 0 };
	int err;

	while (parser->at < parser->end && is_blank(*parser->at))
		parser->at++;
	while (parser->end > parser->at && is_blank(parser->end[-1]))
		parser->end--;
	if (parser->at == parser->end || *parser->at == '#')
		return 0;
	if (memchr(parser->at, '\0', (size_t)(parser->end - parser->at)))
		return error_set(parser->error, EINVAL, "%s:%u: no text: a NUL", parser->name,
				 parser->line);
	err = parse_id(parser, &new.id);
	if (!err)
		err = parse_parts(parser, &new);
	if (err)
		return err;
	rule = rule_of(rules, new.id);
	if (!rule)
		rule = &rules->rules[rules->nr_rules++];
	*rule = new;
	return 0;
}

/* The whole file and a newline behind it into rules->text. */
static int read_text(struct rules *rules, int fd, const char *name, size_t *size,
		     struct error *error)
{
	ssize_t n = 1;

	rules->text = malloc(FILE_MAX + 2);
	if (!rules->text)
		return error_set(error, ENOMEM, "%s: no memory", name);
	*size = 0;
	while (n > 0 && *size <= FILE_MAX) {
		n = read(fd, rules->text + *size, FILE_MAX + 1 - *size);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			*size += (size_t)n;
	}
	if (n < 0)
		return error_set(error, errno, "%s: cannot read: %s", name, strerror(errno));
	if (*size > FILE_MAX)
		return error_set(error, EINVAL, "%s: no rule file: larger than 256 KiB", name);
	rules->text[(*size)++] = '\n';
	return 0;
}

/* Room for what the text can hold at most: a rule a line, two parts a "%(", and one more a line. */
static int rules_allocate(struct rules *rules, size_t size)
{
	size_t lines = 0, values = 0;

	for (size_t i = 0; i < size; i++) {
		lines += rules->text[i] == '\n';
		values += rules->text[i] == '%';
	}
	rules->rules = calloc(lines + 1, sizeof(*rules->rules));
	rules->parts = calloc(lines + 2 * values + 1, sizeof(*rules->parts));
	return rules->rules && rules->parts ? 0 : -ENOMEM;
}

static int parse_lines(struct parser *parser, size_t size)
{
	struct rules *rules = parser->rules;
	const char *at = rules->text, *end = at + size;
	int err = 0;

	if (rules_allocate(rules, size))
		return error_set(parser->error, ENOMEM, "%s: no memory", parser->name);
	while (!err && at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		parser->line++;
		parser->size_max = 0;
		parser->at = at;
		parser->end = newline;
		err = parse_line(parser);
		at = newline + 1;
	}
	return err;
}

int rules_read(struct rules **rules, int fd, const char *name, struct error *error)
{
	struct rules *new = calloc(1, sizeof(*new));
	struct parser parser = { .rules = new, .name = name, .error = error };
	size_t size = 0;
	int err;

	if (!new)
		return error_set(error, ENOMEM, "%s: no memory", name);
	err = read_text(new, fd, name, &size, error);
	if (!err)
		err = parse_lines(&parser, size);
	if (err) {
		rules_free(new);
		return err;
	}
	*rules = new;
	return 0;
}

void rules_free(struct rules *rules)
{
	if (!rules)
		return;
	free(rules->text);
	free(rules->rules);
	free(rules->parts);
	free(rules);
}

/* How many values the form has, and the values. */
static int record_values(const struct trace_record *record, uint64_t values[16])
{
	switch (TRACE_WORD_N_DATA(record->word)) {
	case TRACE_2L:
		values[0] = record->e;
		values[1] = record->f;
		return 2;
	case TRACE_4I:
		for (int i = 0; i < 4; i++)
			values[i] = record->i[i];
		return 4;
	case TRACE_6C:
	case TRACE_16STR:
		for (int i = 0; i < 16; i++)
			values[i] = record->c[i];
		return 16;
	default:
		return 0;
	}
}

static char *put_octal(char *out, uint64_t value)
{
	char digits[22], *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + (value & 7));
		value >>= 3;
	} while (value);
	memcpy(out, at, (size_t)(digits + sizeof(digits) - at));
	return out + (digits + sizeof(digits) - at);
}

/* The digits of the value, and at *prefix what stands before them. */
static size_t format_digits(const struct part *part, uint64_t value, char *digits,
			    const char **prefix)
{
	char *end;

	*prefix = "";
	switch (part->conversion) {
	case 'x':
	case 'X':
		end = put_hex_digits(digits, value, 1);
		for (char *c = digits; part->conversion == 'X' && c < end; c++)
			if (*c >= 'a')
				*c = (char)(*c - 'a' + 'A');
		if (part->prefix)
			*prefix = part->conversion == 'X' ? "0X" : "0x";
		break;
	case 'o':
		end = put_octal(digits, value);
		if (part->prefix)
			*prefix = "0o";
		break;
	case 'c':
		end = digits;
		if (value)
			*end++ = value >= ' ' && value < 0x7f ? (char)value : '.';
		break;
	default:
		end = put_decimal(digits, value);
		*prefix = part->sign ? "+" : part->blank ? " " : "";
	}
	return (size_t)(end - digits);
}

static char *put_value(char *out, const struct part *part, uint64_t value)
{
	char digits[32];
	const char *prefix;
	size_t length = format_digits(part, value, digits, &prefix);
	size_t taken = length + strlen(prefix);
	size_t pad = taken < part->width ? part->width - taken : 0;
	bool zeros = part->zero && !part->left && part->conversion != 'c';

	if (!part->left && !zeros)
		out = put_spaces(out, pad);
	out = put_text(out, prefix);
	if (zeros) {
		memset(out, '0', pad);
		out += pad;
	}
	memcpy(out, digits, length);
	out += length;
	return part->left ? put_spaces(out, pad) : out;
}

static char *put_without_rule(char *out, uint16_t pcpu, const struct trace_record *record)
{
	out = put_decimal(put_text(out, "CPU"), pcpu);
	out = put_hex_digits(put_text(out, " 0x"), TRACE_WORD_EVENT(record->word), 16);
	*out++ = ' ';
	out = put_decimal(out, record->tsc);
	*out++ = ' ';
	out = text_raw(out, record);
	*out++ = '\n';
	return out;
}

char *rules_record(const struct rules *rules, char *out, uint16_t pcpu,
		   const struct trace_record *record)
{
	const struct rule *rule = rule_of(rules, TRACE_WORD_EVENT(record->word));
	uint64_t values[16];

	if (!rule || rule->last_value >= record_values(record, values))
		return put_without_rule(out, pcpu, record);
	for (uint32_t i = 0; i < rule->nr_parts; i++) {
		const struct part *part = &rules->parts[rule->first_part + i];

		if (part->literal) {
			memcpy(out, rules->text + part->at, part->length);
			out += part->length;
		} else if (part->value == VALUE_CPU) {
			out = put_value(out, part, pcpu);
		} else if (part->value == VALUE_TSC) {
			out = put_value(out, part, record->tsc);
		} else if (part->value == VALUE_EVENT) {
			out = put_value(out, part, TRACE_WORD_EVENT(record->word));
		} else {
			out = put_value(out, part, values[part->value]);
		}
	}
	*out++ = '\n';
	return out;
}
