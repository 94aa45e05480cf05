// SPDX-License-Identifier: BSD-3-Clause
/* HC_SETUP_SBUF; acrn-hypercalls(7), acrn-sbuf(5). */
#include "hv/core/guest_memory.h"
#include "hv/core/hypercall.h"
#include "hv/core/log.h"
#include "hv/core/pcpu.h"

static const uint32_t ele_sizes[SBUF_PER_PCPU] = {
	[SBUF_TRACE] = SBUF_TRACE_ELE_SIZE,
	[SBUF_HVLOG] = SBUF_HVLOG_ELE_SIZE,
	[SBUF_SEP] = SBUF_SEP_ELE_SIZE,
	[SBUF_SOCWATCH] = SBUF_SOCWATCH_ELE_SIZE,
};

/* What the ring's own pCPU is to do: it alone touches its rings. */
struct ring_change {
	struct pcpu *pcpu;
	uint32_t id;
	struct shared_buf *shared; /* NULL: stop */
	uint64_t length;
	int error;
};

static void change_ring(void *argument)
{
	struct ring_change *change = argument;
	struct pcpu *pcpu = change->pcpu;
	struct sbuf_producer producer = { 0 };

	if (change->shared) {
		change->error = sbuf_producer_init(&producer, change->shared, change->length,
						   ele_sizes[change->id]);
		if (change->error)
			return;
		pcpu->rings[change->id] = producer;
	}
	/* After stop the counts stay for those who ask what was put. */
	pcpu->ring_on[change->id] = change->shared;
	if (change->id == SBUF_TRACE)
		pcpu->trace = change->shared ? &pcpu->rings[SBUF_TRACE] : NULL;
}

/* The memory that the header, not trusted, claims; 0: it does not have it. */
static uint64_t ring_length(struct vm *vm, uint64_t gpa, struct shared_buf **shared)
{
	struct shared_buf header;
	uint64_t length, hpa;

	if (gpa % _Alignof(struct shared_buf) || copy_from_gpa(vm, &header, gpa, sizeof(header)))
		return 0;
	length = SBUF_HEADER_SIZE + (uint64_t)header.ele_num * header.ele_size;
	if (contiguous_from_gpa(vm, gpa, length, &hpa) != length)
		return 0;
	*shared = arch_hpa_to_hva(hpa);
	return length;
}

int32_t hc_setup_sbuf(struct vcpu *caller, struct vm *target, uint64_t param1, uint64_t param2)
{
	struct acrn_sbuf_param param;
	struct ring_change change = { 0 };

	(void)param1;
	if (copy_from_gpa(caller->vm, &param, param2, sizeof(param)) || !vm_is_service(target) ||
	    param.sbuf_id >= SBUF_PER_PCPU)
		return -1;
	if (param.cpu_id >= arch_nr_pcpus())
		return param.gpa ? -HV_EINVAL : -1;
	change.pcpu = &pcpus[param.cpu_id];
	change.id = param.sbuf_id;
	if (param.gpa) {
		change.length = ring_length(caller->vm, param.gpa, &change.shared);
		if (!change.length)
			return -1;
	}
	pcpu_run_on(change.pcpu, change_ring, &change);
	if (change.error)
		log_warning("ring %u of pCPU %u is damaged and was not set up", param.sbuf_id,
			    param.cpu_id);
	return param.gpa ? change.error : -1;
}
