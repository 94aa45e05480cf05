// SPDX-License-Identifier: BSD-3-Clause
/* One-shot timers of a pCPU on its one hardware deadline. */
#include "hv/core/timer.h"
#include "hv/core/trace.h"

/* Gives the hardware the first deadline, if it has another. */
static void arm(struct pcpu *pcpu)
{
	struct timer_queue *queue = &pcpu->timers;
	uint64_t deadline = queue->first ? queue->first->deadline : 0;

	/* timer_interrupt() arms once, at its end. */
	if (deadline == queue->armed || queue->now)
		return;
	queue->armed = deadline;
	trace_2l(pcpu, TRACE_TIMER_UPDATED, deadline, 0);
	arch_timer_arm(deadline);
}

static void unlink(struct timer_queue *queue, struct timer *timer)
{
	struct timer **link = &queue->first;

	if (!timer->queued)
		return;
	while (*link != timer)
		link = &(*link)->next;
	*link = timer->next;
	timer->queued = false;
}

void timer_add(struct pcpu *pcpu, struct timer *timer, uint64_t deadline)
{
	struct timer **link = &pcpu->timers.first;

	unlink(&pcpu->timers, timer);
	/* Behind those that are being run now; and 0 says "never" to the hardware. */
	timer->deadline = deadline > pcpu->timers.now ? deadline : pcpu->timers.now + 1;
	while (*link && (*link)->deadline <= timer->deadline)
		link = &(*link)->next;
	timer->next = *link;
	*link = timer;
	timer->queued = true;
	trace_2l(pcpu, TRACE_TIMER_ADDED, timer->deadline, 0);
	arm(pcpu);
}

void timer_remove(struct pcpu *pcpu, struct timer *timer)
{
	unlink(&pcpu->timers, timer);
	arm(pcpu);
}

void timer_interrupt(struct pcpu *pcpu)
{
	struct timer_queue *queue = &pcpu->timers;

	trace_2l(pcpu, TRACE_TIMER_IRQ, 0, 0);
	queue->armed = 0;
	/* What functions add from here on is for the next interrupt, however soon. */
	queue->now = arch_tsc();
	while (queue->first && queue->first->deadline <= queue->now) {
		struct timer *timer = queue->first;

		queue->first = timer->next;
		timer->queued = false;
		trace_2l(pcpu, TRACE_TIMER_PICKUP, timer->deadline, 0);
		timer->function(timer->argument);
	}
	queue->now = 0;
	arm(pcpu);
}
