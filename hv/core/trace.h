/* SPDX-License-Identifier: BSD-3-Clause */
/* The trace points; acrn-sbuf(5). Off, each is one branch; on, no lock and no call but for a full
 * ring. */
#ifndef HV_CORE_TRACE_H
#define HV_CORE_TRACE_H

#include "formats/abi/trace.h"
#include "formats/abi/trace_events.h"
#include "hv/core/pcpu.h"

/* Where the record goes, or NULL; then it is counted as lost. */
static inline struct trace_record *trace_begin(struct sbuf_producer *ring, uint64_t word)
{
	uint64_t tsc = arch_tsc();
	struct trace_record *record = sbuf_reserve(ring);

	if (unlikely(!record)) {
		sbuf_lose(ring, tsc);
		return NULL;
	}
	record->tsc = tsc;
	record->word = word;
	return record;
}

static inline void trace_2l(struct pcpu *pcpu, uint64_t event, uint64_t e, uint64_t f)
{
	struct trace_record *record;

	if (likely(!pcpu->trace))
		return;
	record = trace_begin(pcpu->trace, TRACE_WORD(event, TRACE_2L, pcpu->id));
	if (unlikely(!record))
		return;
	record->e = e;
	record->f = f;
	sbuf_commit(pcpu->trace);
}

static inline void trace_4i(struct pcpu *pcpu, uint64_t event, uint32_t a, uint32_t b, uint32_t c,
			    uint32_t d)
{
	struct trace_record *record;

	if (likely(!pcpu->trace))
		return;
	record = trace_begin(pcpu->trace, TRACE_WORD(event, TRACE_4I, pcpu->id));
	if (unlikely(!record))
		return;
	record->i[0] = a;
	record->i[1] = b;
	record->i[2] = c;
	record->i[3] = d;
	sbuf_commit(pcpu->trace);
}

/* The 16 characters at str. */
static inline void trace_str(struct pcpu *pcpu, uint64_t event, const char *str)
{
	struct trace_record *record;

	if (likely(!pcpu->trace))
		return;
	record = trace_begin(pcpu->trace, TRACE_WORD(event, TRACE_16STR, pcpu->id));
	if (unlikely(!record))
		return;
	memcpy(record->str, str, sizeof(record->str));
	sbuf_commit(pcpu->trace);
}

#endif
