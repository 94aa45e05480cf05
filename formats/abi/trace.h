/* SPDX-License-Identifier: BSD-3-Clause */
/* The trace record, 32 bytes; acrn-sbuf(5). The event ids are generated from formats/events.tsv. */
#ifndef ABI_TRACE_H
#define ABI_TRACE_H

#include <stdint.h>

/* bits 47..0 event id, 55..48 form of the payload, 63..56 pCPU */
#define TRACE_WORD(event, n_data, pcpu) \
	((uint64_t)(event) | (uint64_t)(n_data) << 48 | (uint64_t)(pcpu) << 56)
#define TRACE_WORD_EVENT(word) ((word)&0xffffffffffffULL)
#define TRACE_WORD_N_DATA(word) ((uint8_t)((word) >> 48))
#define TRACE_WORD_PCPU(word) ((uint8_t)((word) >> 56))

/* The values of n_data. */
#define TRACE_2L 2U
#define TRACE_4I 4U
#define TRACE_6C 8U
#define TRACE_16STR 16U

struct trace_record {
	uint64_t tsc;
	uint64_t word;
	union {
		struct {
			uint64_t e;
			uint64_t f;
		};
		uint32_t i[4];
		uint8_t c[16];
		char str[16];
	};
};

/*
 * The first value of vm_enter as acrnscope's hypervisor writes it. Upstream's writes 0, which the
 * valid bit tells from VM 0, vCPU 0.
 */
#define TRACE_ENTER_VALID (1ULL << 32)
#define TRACE_ENTER(vm, vcpu) (TRACE_ENTER_VALID | (uint64_t)(vcpu) << 16 | (uint64_t)(vm))
#define TRACE_ENTER_VM(e) ((uint16_t)(e))
#define TRACE_ENTER_VCPU(e) ((uint16_t)((e) >> 16))

/* The low half of vm_exit's first value is the basic exit reason; see exit_reasons.h. */
#define TRACE_EXIT_REASON(e) ((uint16_t)(e))

#endif
