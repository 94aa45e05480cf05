// SPDX-License-Identifier: BSD-3-Clause
/* Formatting without a C library. */
#include "hv/core/text.h"

struct output {
	char *text;
	size_t length, size;
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->size)
		out->text[out->length++] = c;
}

struct field {
	unsigned int width;
	bool zero;
	bool is_long;
};

static void put_padding(struct output *out, const struct field *field, unsigned int length)
{
	for (; length < field->width; length++)
		put(out, field->zero ? '0' : ' ');
}

static void put_number(struct output *out, const struct field *field, uint64_t value,
		       unsigned int base, bool negative)
{
	char digits[24];
	unsigned int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative && field->zero)
		put(out, '-');
	put_padding(out, field, n + negative);
	if (negative && !field->zero)
		put(out, '-');
	while (n)
		put(out, digits[--n]);
}

static void put_string(struct output *out, const struct field *field, const char *string)
{
	unsigned int length = 0;

	while (string[length])
		length++;
	put_padding(out, field, length);
	while (*string)
		put(out, *string++);
}

static void put_signed(struct output *out, const struct field *field, int64_t value)
{
	put_number(out, field, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, value < 0);
}

static const char *parse_field(const char *format, struct field *field)
{
	*field = (struct field){ 0 };
	if (*format == '0') {
		field->zero = true;
		format++;
	}
	for (; *format >= '0' && *format <= '9'; format++)
		field->width = field->width * 10 + (unsigned int)(*format - '0');
	for (; *format == 'l'; format++)
		field->is_long = true;
	return format;
}

size_t text_vformat(char *text, size_t size, const char *format, va_list arguments)
{
	struct output out = { text, 0, size };
	struct field field;

	for (; *format; format++) {
		if (*format != '%') {
			put(&out, *format);
			continue;
		}
		format = parse_field(format + 1, &field);
		switch (*format) {
		case 'd':
			put_signed(&out, &field,
				   field.is_long ? va_arg(arguments, long)
						 : va_arg(arguments, int));
			break;
		case 'u':
		case 'x':
			put_number(&out, &field,
				   field.is_long ? va_arg(arguments, unsigned long)
						 : va_arg(arguments, unsigned int),
				   *format == 'x' ? 16 : 10, false);
			break;
		case 's':
			put_string(&out, &field, va_arg(arguments, const char *));
			break;
		case 'c':
			put(&out, (char)va_arg(arguments, int));
			break;
		case '\0':
			format--;
			break;
		default:
			put(&out, *format);
		}
	}
	text[out.length] = '\0';
	return out.length;
}

size_t text_format(char *text, size_t size, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = text_vformat(text, size, format, arguments);
	va_end(arguments);
	return length;
}
