/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shared ring ("sbuf") between the hypervisor and the Service VM; acrn-sbuf(5).
 *
 * A 64-byte header is followed by ele_num elements of ele_size bytes. head and tail are byte
 * offsets from the end of the header. head == tail is empty; one element always stays free.
 */
#ifndef ABI_SBUF_H
#define ABI_SBUF_H

#include <stdint.h>

#define SBUF_MAGIC 0x5aa57aa71aa13aa3ULL
/* The log ring of a boot that is over: the magic with bit 0 cleared. */
#define SBUF_MAGIC_LAST (SBUF_MAGIC & ~1ULL)
#define SBUF_HEADER_SIZE 64U

#define SBUF_OVERRUN_CNT_EN (1U << 0)
#define SBUF_OVERWRITE_EN (1U << 1)

enum sbuf_id {
	SBUF_TRACE = 0,
	SBUF_HVLOG = 1,
	SBUF_SEP = 2,
	SBUF_SOCWATCH = 3,
	SBUF_PER_PCPU = 4, /* ids below this one are per pCPU, those above per VM */
	SBUF_ASYNCIO = 64,
	SBUF_VM_EVENT = 65,
};

#define SBUF_TRACE_SIZE (4U << 20)
#define SBUF_TRACE_ELE_SIZE 32U
#define SBUF_HVLOG_ELE_SIZE 80U
#define SBUF_SEP_ELE_SIZE 32U
#define SBUF_SOCWATCH_ELE_SIZE 1U
#define SBUF_ASYNCIO_ELE_SIZE 8U
#define SBUF_VM_EVENT_ELE_SIZE 32U

/* head is written by the consumer alone, tail by the producer alone. */
struct shared_buf {
	uint64_t magic;
	uint32_t ele_num;
	uint32_t ele_size;
	uint32_t head;
	uint32_t tail;
	uint32_t flags;
	uint32_t reserved;
	uint32_t overrun_cnt;
	uint32_t size; /* ele_num * ele_size */
	uint32_t padding[6];
};

/*
 * What acrnscope's hypervisor keeps in shared_buf.padding; written by the producer alone. Without
 * the cookie the number of lost records is unknown.
 */
#define SBUF_LOSS_COOKIE 0x53534f4c4e524341ULL /* "ACRNLOSS" in memory */

struct sbuf_loss {
	uint64_t cookie;
	uint64_t lost;	    /* records lost since the ring was set up */
	uint64_t first_tsc; /* TSC of the first record lost in the latest gap; 0: none yet */
};

static inline struct sbuf_loss *sbuf_loss_of(struct shared_buf *sbuf)
{
	return (struct sbuf_loss *)(void *)sbuf->padding;
}

#endif
