/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers and strings as text, for outputs of millions of lines: each function writes at out, where
 * the caller has made sure of room, and returns the place behind what it wrote. No NUL is added.
 */
#ifndef FORMATS_PUT_H
#define FORMATS_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PUT_DECIMAL_MAX 20U /* bytes of the longest u64 */
#define PUT_HEX_MAX 18U	    /* with its 0x */

static inline char *put_pair(char *out, unsigned int value)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";

	memcpy(out, pairs + (size_t)value * 2, 2);
	return out + 2;
}

static inline char *put_decimal(char *out, uint64_t value)
{
	char digits[PUT_DECIMAL_MAX], *at = digits + sizeof(digits);
	size_t length;

	while (value >= 100) {
		at -= 2;
		put_pair(at, (unsigned int)(value % 100));
		value /= 100;
	}
	if (value >= 10) {
		at -= 2;
		put_pair(at, (unsigned int)value);
	} else {
		*--at = (char)('0' + value);
	}
	length = (size_t)(digits + sizeof(digits) - at);
	memcpy(out, at, length);
	return out + length;
}

/* Nine digits, zeros in front; value below 10^9. */
static inline char *put_nine_digits(char *out, uint32_t value)
{
	uint32_t low = value % 10000, middle = value / 10000 % 10000;

	*out++ = (char)('0' + value / 100000000);
	out = put_pair(out, middle / 100);
	out = put_pair(out, middle % 100);
	out = put_pair(out, low / 100);
	return put_pair(out, low % 100);
}

/* Hexadecimal digits, at least width (1..16) of them, zeros in front. */
static inline char *put_hex_digits(char *out, uint64_t value, unsigned int width)
{
	unsigned int digits = value ? (67U - (unsigned int)__builtin_clzll(value)) / 4U : 1U;

	if (digits < width)
		digits = width;
	for (unsigned int i = digits; i > 0; i--) {
		out[i - 1] = "0123456789abcdef"[value & 15];
		value >>= 4;
	}
	return out + digits;
}

static inline char *put_hex(char *out, uint64_t value)
{
	*out++ = '0';
	*out++ = 'x';
	return put_hex_digits(out, value, 1);
}

static inline char *put_text(char *out, const char *text)
{
	size_t length = strlen(text);

	memcpy(out, text, length);
	return out + length;
}

static inline char *put_spaces(char *out, size_t count)
{
	memset(out, ' ', count);
	return out + count;
}

/*
 * A JSON string with its quotes, from length bytes up to a NUL; at most 6 * length + 2 bytes. What
 * is not ASCII goes out as \u00XX, so that any bytes make valid JSON.
 */
static inline char *put_json_string(char *out, const char *text, size_t length)
{
	*out++ = '"';
	for (size_t i = 0; i < length && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\') {
			*out++ = '\\';
			*out++ = (char)c;
		} else if (c < 0x20 || c >= 0x7f) {
			out = put_text(out, "\\u00");
			out = put_hex_digits(out, c, 2);
		} else {
			*out++ = (char)c;
		}
	}
	*out++ = '"';
	return out;
}

#endif
