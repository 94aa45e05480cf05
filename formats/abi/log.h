/* SPDX-License-Identifier: BSD-3-Clause */
/* The hypervisor's log: messages cut into 80-byte ring elements; acrn-sbuf(5). */
#ifndef ABI_LOG_H
#define ABI_LOG_H

#include <stdint.h>

#define HVLOG_MESSAGE_MAX 319U /* bytes, without the NUL */

enum hvlog_severity {
	HVLOG_FATAL = 1,
	HVLOG_ACRN = 2,
	HVLOG_ERROR = 3,
	HVLOG_WARNING = 4,
	HVLOG_INFO = 5,
	HVLOG_DEBUG = 6,
};

/* HC_SETUP_HV_NPK_LOG */
enum npk_log_cmd {
	NPK_LOG_CONFIGURE = 1,
	NPK_LOG_ENABLE = 2,
	NPK_LOG_DISABLE = 3,
	NPK_LOG_QUERY = 4,
};

enum npk_log_result {
	NPK_LOG_OK = 1,
	NPK_LOG_REFUSED = 2,
	NPK_LOG_ENABLED = 3,
	NPK_LOG_DISABLED = 4,
};

#define NPK_LOG_LEVEL_UNCHANGED 0xffffU

struct hv_npk_log_param {
	uint16_t cmd;
	uint16_t res;
	uint16_t loglevel;
	uint16_t reserved;
	uint64_t mmio_addr;
};

#endif
