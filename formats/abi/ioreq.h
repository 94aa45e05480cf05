/* SPDX-License-Identifier: BSD-3-Clause */
/* I/O requests from the hypervisor to the Service VM, and the events beside them;
 * acrn-hypercalls(7). */
#ifndef ABI_IOREQ_H
#define ABI_IOREQ_H

#include <stdint.h>

#include "vm.h"

enum ioreq_state {
	IOREQ_PENDING = 0,
	IOREQ_COMPLETE = 1,
	IOREQ_PROCESSING = 2,
	IOREQ_FREE = 3,
};

enum ioreq_type {
	IOREQ_PORTIO = 0,
	IOREQ_MMIO = 1,
	IOREQ_PCICFG = 2,
	IOREQ_WP = 3,
};

enum ioreq_direction {
	IOREQ_READ = 0,
	IOREQ_WRITE = 1,
};

struct acrn_mmio_request {
	uint32_t direction;
	uint32_t reserved;
	uint64_t address;
	uint64_t size;
	uint64_t value;
};

struct acrn_pio_request {
	uint32_t direction;
	uint32_t reserved;
	uint64_t address;
	uint64_t size;
	uint32_t value;
};

struct acrn_pci_request {
	uint32_t direction;
	uint32_t reserved[3];
	int64_t size;
	int32_t value;
	int32_t bus;
	int32_t dev;
	int32_t func;
	int32_t reg;
};

struct acrn_io_request {
	uint32_t type;
	uint32_t completion_polling;
	uint32_t reserved0[14];
	union {
		struct acrn_pio_request pio_request;
		struct acrn_pci_request pci_request;
		struct acrn_mmio_request mmio_request;
		uint64_t data[8];
	} reqs;
	uint32_t reserved1;
	int32_t kernel_handled;
	uint32_t processed; /* enum ioreq_state */
} __attribute__((aligned(256)));

/* One page; the slot's number is the vCPU's id. */
struct acrn_io_request_buffer {
	union {
		struct acrn_io_request req_slot[ACRN_MAX_VCPUS];
		int8_t reserved[4096];
	};
};

enum acrn_asyncio_type {
	ACRN_ASYNCIO_PIO = 1,
	ACRN_ASYNCIO_MMIO = 2,
};

#define ACRN_ASYNCIO_MAX 64U /* registrations a VM */

struct acrn_asyncio_info {
	uint32_t type;
	uint32_t match_data;
	uint64_t addr;
	uint64_t fd;
	uint64_t data;
};

enum vm_event_type {
	VM_EVENT_RTC_CHG = 0,
	VM_EVENT_POWEROFF = 1,
	VM_EVENT_TRIPLE_FAULT = 2,
};

struct vm_event {
	uint32_t type;
	uint8_t event_data[28];
};

struct rtc_change_event_data {
	int64_t last_time;
	int64_t delta_time;
};

#endif
