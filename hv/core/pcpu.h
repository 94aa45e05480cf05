/* SPDX-License-Identifier: BSD-3-Clause */
/* A physical CPU: its loop, its rings, and what other pCPUs may ask of it. */
#ifndef HV_CORE_PCPU_H
#define HV_CORE_PCPU_H

#include "formats/abi/sbuf.h"
#include "hv/core/base.h"
#include "hv/core/lock.h"
#include "hv/core/sbuf.h"
#include "hv/core/sched.h"
#include "hv/core/timer.h"
#include "hv/include/arch.h"

/* A function that another pCPU runs here; it takes no lock. */
struct pcpu_call {
	struct lock lock; /* one caller at a time */
	void (*function)(void *argument);
	void *argument;
	bool done;
};

/* Bits of pcpu.pending. */
#define PCPU_RESCHEDULE (1U << 0) /* a vCPU here has got an event */
#define PCPU_CALL (1U << 1)
#define PCPU_STOP (1U << 2)

/* All but pending and call belongs to the pCPU itself. */
struct pcpu {
	struct sbuf_producer *trace; /* NULL: tracing is off */
	unsigned int id;
	bool online;	  /* set once, before any pCPU runs its loop */
	uint32_t pending; /* set by any pCPU, taken by this one */
	struct pcpu_call call;
	struct sbuf_producer rings[SBUF_PER_PCPU];
	bool ring_on[SBUF_PER_PCPU];
	struct runqueue runqueue;
	struct timer_queue timers;
};

extern struct pcpu pcpus[MAX_PCPUS];

static inline struct pcpu *this_pcpu(void)
{
	return &pcpus[arch_pcpu_id()];
}

/* Before any pCPU runs. */
void pcpu_init(struct pcpu *pcpu, unsigned int id);

/* Runs vCPUs until pcpu_stop_all(). */
void pcpu_main(void);
void pcpu_stop_all(void);

/* Runs what other pCPUs have asked of this one. Whoever waits for another pCPU does it in turns. */
void pcpu_service(struct pcpu *pcpu);

/* Asks a pCPU to choose again what it runs. */
void pcpu_reschedule(struct pcpu *pcpu);

/*
 * Runs function(argument) on a pCPU, outside of any guest, and returns when it is done. A pCPU that
 * does not answer for 10 s is a panic: what was asked for must not happen later.
 */
void pcpu_run_on(struct pcpu *pcpu, void (*function)(void *argument), void *argument);

/* lock_take() for a lock that may be held while its holder waits for this pCPU. */
void pcpu_lock(struct lock *lock);

#endif
