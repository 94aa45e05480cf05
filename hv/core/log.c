// SPDX-License-Identifier: BSD-3-Clause
/* The hypervisor's log; acrn-sbuf(5). */
#include "hv/core/log.h"
#include "hv/core/pcpu.h"
#include "hv/core/text.h"
#include "hv/core/vcpu.h"

static uint8_t console_level = HVLOG_WARNING, memory_level = HVLOG_INFO;
static uint32_t sequence; /* one counter over all pCPUs */
static struct lock console_lock;

void log_set_levels(uint8_t console, uint8_t memory)
{
	console_level = console;
	memory_level = memory;
}

/* Elements of the ring hold 80 bytes of the message, the last is padded with NULs. */
static void put_in_ring(struct pcpu *pcpu, const char *message, size_t length)
{
	uint64_t tsc = arch_tsc();

	for (size_t at = 0; at < length; at += SBUF_HVLOG_ELE_SIZE) {
		char element[SBUF_HVLOG_ELE_SIZE] = { 0 };

		memcpy(element, message + at, min_u64(length - at, sizeof(element)));
		sbuf_put(&pcpu->rings[SBUF_HVLOG], element, tsc);
	}
}

static void put_on_console(char *message, size_t length)
{
	message[length] = '\n';
	lock_take(&console_lock);
	arch_console_write(message, length + 1);
	lock_release(&console_lock);
}

void hv_log(enum hvlog_severity severity, const char *format, ...)
{
	struct pcpu *pcpu = this_pcpu();
	const struct vcpu *current = pcpu->runqueue.current;
	char message[HVLOG_MESSAGE_MAX + 1];
	va_list arguments;
	size_t length;

	if (severity > console_level && severity > memory_level)
		return;
	length = text_format(message, sizeof(message), "[%luus][cpu=%u][%s][sev=%u][seq=%u]:",
			     (unsigned long)(arch_tsc() / (arch_tsc_khz() / 1000)), pcpu->id,
			     current ? current->name : "idle", (unsigned int)severity,
			     __atomic_add_fetch(&sequence, 1, __ATOMIC_RELAXED));
	va_start(arguments, format);
	length += text_vformat(message + length, sizeof(message) - length, format, arguments);
	va_end(arguments);
	if (severity <= memory_level && pcpu->ring_on[SBUF_HVLOG])
		put_in_ring(pcpu, message, length);
	if (severity <= console_level)
		put_on_console(message, length);
}

_Noreturn void hv_panic(const char *why)
{
	hv_log(HVLOG_FATAL, "panic: %s", why);
	arch_panic();
}
