/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which vCPU a pCPU runs. A pCPU's schedule is touched by that pCPU alone. Two schedulers, chosen
 * per pCPU: round robin preempts after a slice, noop gives the pCPU to one vCPU.
 */
#ifndef HV_CORE_SCHED_H
#define HV_CORE_SCHED_H

#include "hv/core/base.h"
#include "hv/core/timer.h"

struct pcpu;
struct vcpu;

enum sched_kind {
	SCHED_ROUND_ROBIN = 0,
	SCHED_NOOP = 1,
};

#define SCHED_SLICE_US_DEFAULT 10000U

struct runqueue {
	enum sched_kind kind;
	struct vcpu *vcpus[MAX_VMS]; /* a VM has at most one vCPU a pCPU */
	unsigned int nr;
	unsigned int last; /* place of current, or of the last one that was */
	struct vcpu *current;
	bool again;	 /* choose again before the next entry */
	bool slice_over; /* current has had its share */
	uint64_t slice;	 /* TSC ticks */
	struct timer slice_timer;
};

void sched_init(struct pcpu *pcpu, enum sched_kind kind, uint32_t slice_us);

/* -EBUSY: no place on this pCPU. Run on the pCPU itself, as all below. */
int sched_add(struct pcpu *pcpu, struct vcpu *vcpu);
void sched_remove(struct pcpu *pcpu, struct vcpu *vcpu);

/* The vCPU to run now; NULL: idle. Traces each change. */
struct vcpu *sched_next(struct pcpu *pcpu);

/* Whether a vCPU here waits for memory to change, so that the pCPU must not sleep. */
bool sched_polls(const struct pcpu *pcpu);

#endif
