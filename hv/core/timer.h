/* SPDX-License-Identifier: BSD-3-Clause */
/* One-shot timers of a pCPU on its one hardware deadline; used by that pCPU alone. */
#ifndef HV_CORE_TIMER_H
#define HV_CORE_TIMER_H

#include "hv/core/base.h"

struct pcpu;

struct timer {
	uint64_t deadline; /* TSC */
	void (*function)(void *argument);
	void *argument;
	struct timer *next;
	bool queued;
};

struct timer_queue {
	struct timer *first;
	uint64_t armed; /* deadline the hardware has; 0: none */
	uint64_t now;	/* timers up to here are being run; 0: none */
};

static inline void timer_init(struct timer *timer, void (*function)(void *), void *argument)
{
	*timer = (struct timer){ .function = function, .argument = argument };
}

/* Runs the timer's function on this pCPU at deadline; a queued one is moved. */
void timer_add(struct pcpu *pcpu, struct timer *timer, uint64_t deadline);
/* Not queued: nothing. */
void timer_remove(struct pcpu *pcpu, struct timer *timer);
/* The hardware's interrupt: runs what is due, and arms for the next. */
void timer_interrupt(struct pcpu *pcpu);

#endif
