// SPDX-License-Identifier: BSD-3-Clause
/* Stands in for hv/core/log.c until this port is joined with hv/core. */
#include "hv/core/log.h"
#include "hv/arch/x86/interim/interim.h"
#include "hv/core/lock.h"
#include "hv/core/sbuf.h"
#include "hv/core/text.h"

static uint8_t console_level, memory_level;
static uint32_t sequence;
static struct lock console_lock;
static struct sbuf_producer rings[MAX_PCPUS];
static bool ring_on[MAX_PCPUS];

void log_set_levels(uint8_t console, uint8_t memory)
{
	console_level = console;
	memory_level = memory;
}

void interim_log_ring(unsigned int pcpu, struct shared_buf *ring, uint64_t length)
{
	ring_on[pcpu] =
		ring && !sbuf_producer_init(&rings[pcpu], ring, length, SBUF_HVLOG_ELE_SIZE);
}

static void put_in_ring(struct sbuf_producer *ring, const char *message, size_t length)
{
	for (size_t at = 0; at < length; at += SBUF_HVLOG_ELE_SIZE) {
		char element[SBUF_HVLOG_ELE_SIZE] = { 0 };

		memcpy(element, message + at, min_u64(length - at, sizeof(element)));
		sbuf_put(ring, element, arch_tsc());
	}
}

void hv_log(enum hvlog_severity severity, const char *format, ...)
{
	char message[HVLOG_MESSAGE_MAX + 1];
	unsigned int pcpu = arch_pcpu_id();
	va_list arguments;
	size_t length;

	if (severity > console_level && severity > memory_level)
		return;
	length = text_format(message, sizeof(message), "[%luus][cpu=%u][%s][sev=%u][seq=%u]:",
			     (unsigned long)(arch_tsc() / (arch_tsc_khz() / 1000)), pcpu, "idle",
			     (unsigned int)severity,
			     __atomic_add_fetch(&sequence, 1, __ATOMIC_RELAXED));
	va_start(arguments, format);
	length += text_vformat(message + length, sizeof(message) - length, format, arguments);
	va_end(arguments);
	if (severity <= memory_level && ring_on[pcpu])
		put_in_ring(&rings[pcpu], message, length);
	if (severity > console_level)
		return;
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
