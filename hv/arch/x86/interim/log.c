// SPDX-License-Identifier: BSD-3-Clause
/* Stands in for hv/core/log.c until this port is joined with hv/core. */
#include "hv/core/lock.h"
#include "hv/core/log.h"
#include "hv/core/text.h"

static uint8_t console_level = HVLOG_WARNING;
static uint32_t sequence;
static struct lock console_lock;

void log_set_levels(uint8_t console, uint8_t memory)
{
	(void)memory;
	console_level = console;
}

void hv_log(enum hvlog_severity severity, const char *format, ...)
{
	char message[HVLOG_MESSAGE_MAX + 1];
	va_list arguments;
	size_t length;

	if (severity > console_level)
		return;
	length = text_format(message, sizeof(message), "[%luus][cpu=%u][%s][sev=%u][seq=%u]:",
			     (unsigned long)(arch_tsc() / (arch_tsc_khz() / 1000)), arch_pcpu_id(),
			     "idle", (unsigned int)severity,
			     __atomic_add_fetch(&sequence, 1, __ATOMIC_RELAXED));
	va_start(arguments, format);
	length += text_vformat(message + length, sizeof(message) - length, format, arguments);
	va_end(arguments);
	message[length] = '\n';
	lock_take(&console_lock);
	arch_console_write(message, length + 1);
	lock_release(&console_lock);
}

_Noreturn void hv_panic(const char *why)
{
	hv_log(HVLOG_FATAL, "panic: %s", why);
	arch_panic();
}
