/* SPDX-License-Identifier: BSD-3-Clause */
/* Formatting without a C library. */
#ifndef HV_CORE_TEXT_H
#define HV_CORE_TEXT_H

#include <stdarg.h>

#include "hv/core/base.h"

/*
 * A part of vsnprintf(3): d u x c s %, flag 0, a width, l. Always terminates (size > 0); returns
 * the length of what is in text.
 */
size_t text_vformat(char *text, size_t size, const char *format, va_list arguments);
size_t text_format(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
