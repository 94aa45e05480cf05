// SPDX-License-Identifier: BSD-3-Clause
/* Which vCPU a pCPU runs. */
#include "hv/core/sched.h"
#include "hv/core/trace.h"
#include "hv/core/vcpu.h"

static void slice_end(void *argument)
{
	struct pcpu *pcpu = argument;

	pcpu->runqueue.slice_over = true;
	pcpu->runqueue.again = true;
}

void sched_init(struct pcpu *pcpu, enum sched_kind kind, uint32_t slice_us)
{
	pcpu->runqueue = (struct runqueue){
		.kind = kind,
		.slice = (uint64_t)slice_us * arch_tsc_khz() / 1000,
	};
	timer_init(&pcpu->runqueue.slice_timer, slice_end, pcpu);
}

static void trace_switch(struct pcpu *pcpu, const struct vcpu *previous, const struct vcpu *next)
{
	char names[16] = { 0 };
	const char *from = previous ? previous->name : "idle", *to = next ? next->name : "idle";

	for (unsigned int i = 0; i < 4; i++) {
		names[i] = from[i];
		names[4 + i] = to[i];
	}
	trace_str(pcpu, TRACE_SCHED_NEXT, names);
}

int sched_add(struct pcpu *pcpu, struct vcpu *vcpu)
{
	struct runqueue *queue = &pcpu->runqueue;
	unsigned int room = queue->kind == SCHED_NOOP ? 1 : ARRAY_SIZE(queue->vcpus);

	if (queue->nr >= room)
		return -HV_EBUSY;
	queue->vcpus[queue->nr++] = vcpu;
	queue->again = true;
	return 0;
}

void sched_remove(struct pcpu *pcpu, struct vcpu *vcpu)
{
	struct runqueue *queue = &pcpu->runqueue;
	unsigned int place = 0;

	while (place < queue->nr && queue->vcpus[place] != vcpu)
		place++;
	if (place == queue->nr)
		return;
	if (queue->current == vcpu) {
		trace_switch(pcpu, vcpu, NULL);
		queue->current = NULL;
	}
	queue->nr--;
	for (unsigned int i = place; i < queue->nr; i++)
		queue->vcpus[i] = queue->vcpus[i + 1];
	/* The one behind the one that goes is the next in turn. */
	if (place <= queue->last)
		queue->last = queue->last ? queue->last - 1 : queue->nr ? queue->nr - 1 : 0;
	queue->again = true;
}

bool sched_polls(const struct pcpu *pcpu)
{
	for (unsigned int i = 0; i < pcpu->runqueue.nr; i++) {
		const struct vcpu *vcpu = pcpu->runqueue.vcpus[i];

		if (vcpu->state == VCPU_RUNNING && vcpu->wait == WAIT_IOREQ && vcpu->io.polling)
			return true;
	}
	return false;
}

static bool is_queued(const struct runqueue *queue, const struct vcpu *vcpu)
{
	for (unsigned int i = 0; i < queue->nr; i++)
		if (queue->vcpus[i] == vcpu)
			return true;
	return false;
}

/* Round robin: current until its slice is over, then who comes behind it. noop has only one. */
static struct vcpu *choose(struct runqueue *queue)
{
	struct vcpu *current = queue->current;

	if (current && !queue->slice_over && is_queued(queue, current) && vcpu_can_run(current))
		return current;
	for (unsigned int i = 1; i <= queue->nr; i++) {
		unsigned int place = (queue->last + i) % queue->nr;

		if (vcpu_can_run(queue->vcpus[place])) {
			queue->last = place;
			return queue->vcpus[place];
		}
	}
	return NULL;
}

/* A slice begins at a switch, and anew for one whose slice is over when nobody else can run. */
static void begin_slice(struct pcpu *pcpu)
{
	struct runqueue *queue = &pcpu->runqueue;

	queue->slice_over = false;
	if (queue->kind == SCHED_ROUND_ROBIN && queue->current && queue->nr > 1)
		timer_add(pcpu, &queue->slice_timer, arch_tsc() + queue->slice);
	else
		timer_remove(pcpu, &queue->slice_timer);
}

struct vcpu *sched_next(struct pcpu *pcpu)
{
	struct runqueue *queue = &pcpu->runqueue;
	struct vcpu *previous = queue->current, *next;

	if (likely(!queue->again && previous))
		return previous;
	queue->again = false;
	next = choose(queue);
	if (next != previous) {
		trace_switch(pcpu, previous, next);
		queue->current = next;
		begin_slice(pcpu);
	} else if (queue->slice_over || (next && queue->nr > 1 && !queue->slice_timer.queued)) {
		begin_slice(pcpu);
	}
	return next;
}
