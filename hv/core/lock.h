/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Locks between pCPUs. The hypervisor runs with interrupts off, so a holder is never interrupted.
 * Order: that of the slots, a VM's lock, then a pCPU's call lock, then those of log and port, which
 * are leaves.
 */
#ifndef HV_CORE_LOCK_H
#define HV_CORE_LOCK_H

#include "hv/core/base.h"
#include "hv/include/arch.h"

struct lock {
	bool held;
};

static inline bool lock_try(struct lock *lock)
{
	return !__atomic_exchange_n(&lock->held, true, __ATOMIC_ACQUIRE);
}

/* A leaf lock, held for a few instructions. */
static inline void lock_take(struct lock *lock)
{
	for (unsigned int turns = 0; !lock_try(lock); turns++)
		arch_relax(turns);
}

static inline void lock_release(struct lock *lock)
{
	/* What was written under the lock comes before; pairs with the acquire in lock_try(). */
	__atomic_store_n(&lock->held, false, __ATOMIC_RELEASE);
}

#endif
