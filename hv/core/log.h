/* SPDX-License-Identifier: BSD-3-Clause */
/* The hypervisor's log: each message to the pCPU's HVLOG ring and to the console; acrn-sbuf(5). */
#ifndef HV_CORE_LOG_H
#define HV_CORE_LOG_H

#include "formats/abi/log.h"
#include "hv/core/base.h"

/* Messages of at most these severities go to the console and to memory. */
void log_set_levels(uint8_t console, uint8_t memory);

/* One line, without its end. %s %c %d %u %x %lu %lx %ld, width and 0, as printf(3). */
void hv_log(enum hvlog_severity severity, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) hv_log(HVLOG_ERROR, __VA_ARGS__)
#define log_warning(...) hv_log(HVLOG_WARNING, __VA_ARGS__)
#define log_info(...) hv_log(HVLOG_INFO, __VA_ARGS__)
#define log_debug(...) hv_log(HVLOG_DEBUG, __VA_ARGS__)

/* Says why, then stops the machine. */
_Noreturn void hv_panic(const char *why);

#endif
