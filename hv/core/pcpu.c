// SPDX-License-Identifier: BSD-3-Clause
/* A physical CPU: its loop, and what other pCPUs may ask of it. */
#include "hv/core/pcpu.h"
#include "hv/core/log.h"
#include "hv/core/vcpu.h"

#define CALL_TIMEOUT_MS 10000ULL

struct pcpu pcpus[MAX_PCPUS];

static unsigned int stopped; /* pCPUs that have left their loop */

void pcpu_init(struct pcpu *pcpu, unsigned int id)
{
	memset(pcpu, 0, sizeof(*pcpu));
	pcpu->id = id;
	stopped = 0;
}

static void ask(struct pcpu *pcpu, uint32_t what)
{
	/*
	 * What the other side is to see was written before; pairs with the acquire in
	 * pcpu_service(). A bit that was set already has its kick on the way.
	 */
	if (!(__atomic_fetch_or(&pcpu->pending, what, __ATOMIC_SEQ_CST) & what))
		arch_kick(pcpu->id);
}

void pcpu_reschedule(struct pcpu *pcpu)
{
	if (pcpu == this_pcpu())
		pcpu->runqueue.again = true;
	else
		ask(pcpu, PCPU_RESCHEDULE);
}

static void run_call(struct pcpu_call *call)
{
	call->function(call->argument);
	/* What the function did comes before; pairs with the acquire in pcpu_run_on(). */
	__atomic_store_n(&call->done, true, __ATOMIC_RELEASE);
}

static void serve_call(struct pcpu *pcpu)
{
	uint32_t call = PCPU_CALL;

	if (!(__atomic_load_n(&pcpu->pending, __ATOMIC_RELAXED) & call))
		return;
	/* Pairs with the release in ask(): the call is seen whole. */
	if (__atomic_fetch_and(&pcpu->pending, ~call, __ATOMIC_ACQUIRE) & call)
		run_call(&pcpu->call);
}

void pcpu_service(struct pcpu *pcpu)
{
	uint32_t pending;

	if (likely(!__atomic_load_n(&pcpu->pending, __ATOMIC_RELAXED)))
		return;
	serve_call(pcpu);
	pending = __atomic_fetch_and(&pcpu->pending, ~PCPU_RESCHEDULE, __ATOMIC_ACQUIRE);
	if (!(pending & PCPU_RESCHEDULE))
		return;
	pcpu->runqueue.again = true;
	for (unsigned int i = 0; i < pcpu->runqueue.nr; i++)
		vcpu_take_requests(pcpu->runqueue.vcpus[i]);
}

/*
 * Waiting for others runs only their calls: what else is pending is for the loop, which is not in
 * the middle of an exit.
 */
static void wait_turn(unsigned int turns, uint64_t start)
{
	serve_call(this_pcpu());
	arch_relax(turns);
	if (unlikely(arch_tsc() - start > CALL_TIMEOUT_MS * arch_tsc_khz()))
		hv_panic("a pCPU does not answer");
}

void pcpu_lock(struct lock *lock)
{
	uint64_t start = arch_tsc();

	for (unsigned int turns = 0; !lock_try(lock); turns++)
		wait_turn(turns, start);
}

void pcpu_run_on(struct pcpu *pcpu, void (*function)(void *argument), void *argument)
{
	struct pcpu_call *call = &pcpu->call;
	uint64_t start;

	if (pcpu == this_pcpu() || !pcpu->online) {
		function(argument);
		return;
	}
	pcpu_lock(&call->lock);
	call->function = function;
	call->argument = argument;
	__atomic_store_n(&call->done, false, __ATOMIC_RELAXED);
	ask(pcpu, PCPU_CALL);
	start = arch_tsc();
	/* Pairs with the release in run_call(). */
	for (unsigned int turns = 0; !__atomic_load_n(&call->done, __ATOMIC_ACQUIRE); turns++)
		wait_turn(turns, start);
	lock_release(&call->lock);
}

void pcpu_main(void)
{
	struct pcpu *pcpu = this_pcpu();

	while (!(__atomic_load_n(&pcpu->pending, __ATOMIC_RELAXED) & PCPU_STOP)) {
		struct vcpu *vcpu;

		pcpu_service(pcpu);
		vcpu = sched_next(pcpu);
		if (vcpu)
			vcpu_run(vcpu);
		else if (sched_polls(pcpu))
			arch_relax(0);
		else
			arch_idle();
	}
	/* Who still waits for this pCPU is answered. */
	__atomic_fetch_add(&stopped, 1, __ATOMIC_SEQ_CST);
	for (unsigned int turns = 0; __atomic_load_n(&stopped, __ATOMIC_SEQ_CST) < arch_nr_pcpus();
	     turns++)
		wait_turn(turns, arch_tsc());
}

void pcpu_stop_all(void)
{
	for (unsigned int i = 0; i < arch_nr_pcpus(); i++)
		ask(&pcpus[i], PCPU_STOP);
}
