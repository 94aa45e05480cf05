// SPDX-License-Identifier: BSD-3-Clause
/* The port's one device: calls that other threads have the Service VM make, and its doorbell. */
#include <errno.h>
#include <string.h>

#include "hv/arch/host/port.h"
#include "hv/core/pcpu.h"
#include "hv/core/vm.h"

#define ANSWER_TIMEOUT_MS 20000U

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* one caller at a time */
static pthread_mutex_t bell_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t bell = PTHREAD_COND_INITIALIZER;
static unsigned int answers;
static int ready;  /* 0 not yet, 1 ready, negative: failed */
static bool ended; /* nobody answers any more */

void host_mailbox_init(void)
{
	answers = 0;
	ready = 0;
	ended = false;
}

void host_mailbox_end(void)
{
	pthread_mutex_lock(&bell_mutex);
	ended = true;
	pthread_cond_broadcast(&bell);
	pthread_mutex_unlock(&bell_mutex);
	/* Who was calling has gone, and nobody raises an interrupt any more. */
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
}

static bool has_ended(void)
{
	bool result;

	pthread_mutex_lock(&bell_mutex);
	result = ended;
	pthread_mutex_unlock(&bell_mutex);
	return result;
}

/* On a pCPU, outside of any guest: it may lock. */
void host_doorbell(uint32_t value)
{
	pthread_mutex_lock(&bell_mutex);
	if (value == DOORBELL_READY)
		ready = 1;
	else if (value == DOORBELL_FAILED)
		ready = -EIO;
	else if (value == DOORBELL_ANSWER)
		answers++;
	pthread_cond_broadcast(&bell);
	pthread_mutex_unlock(&bell_mutex);
}

static void deadline_in(struct timespec *deadline, uint64_t ms)
{
	clock_gettime(CLOCK_REALTIME, deadline);
	deadline->tv_sec += (time_t)(ms / 1000);
	deadline->tv_nsec += (long)(ms % 1000) * 1000000;
	if (deadline->tv_nsec >= 1000000000) {
		deadline->tv_nsec -= 1000000000;
		deadline->tv_sec++;
	}
}

int host_wait_ready(unsigned int timeout_ms)
{
	struct timespec deadline;
	int result;

	deadline_in(&deadline, timeout_ms);
	pthread_mutex_lock(&bell_mutex);
	while (!ready && !pthread_cond_timedwait(&bell, &bell_mutex, &deadline))
		;
	result = ready > 0 ? 0 : ready ? ready : -ETIMEDOUT;
	pthread_mutex_unlock(&bell_mutex);
	return result;
}

static int wait_for_answer(unsigned int seen)
{
	struct timespec deadline;
	int result;

	deadline_in(&deadline, ANSWER_TIMEOUT_MS);
	pthread_mutex_lock(&bell_mutex);
	while (answers == seen && !ended && !pthread_cond_timedwait(&bell, &bell_mutex, &deadline))
		;
	result = answers != seen ? 0 : ended ? -EIO : -ETIMEDOUT;
	pthread_mutex_unlock(&bell_mutex);
	return result;
}

static int exchange(struct host_call *call, struct service_mailbox *mailbox, uint64_t data_gpa)
{
	unsigned int seen;
	int error;

	memcpy(mailbox->param, call->param, sizeof(mailbox->param));
	if (call->data_param)
		mailbox->param[call->data_param] = data_gpa;
	mailbox->is_cpuid = call->is_cpuid;
	if (call->size)
		arch_copy_guest(mailbox->data, call->data, call->size);
	pthread_mutex_lock(&bell_mutex);
	seen = answers;
	pthread_mutex_unlock(&bell_mutex);
	/* The request before its state. */
	__atomic_store_n(&mailbox->state, MAILBOX_REQUEST, __ATOMIC_RELEASE);
	host_raise(service_vm()->vcpus[0].pcpu->id, IRQ_MAILBOX);
	error = wait_for_answer(seen);
	if (error)
		return error;
	if (__atomic_load_n(&mailbox->state, __ATOMIC_ACQUIRE) != MAILBOX_ANSWER)
		return -EIO;
	call->result = mailbox->result;
	call->fault = mailbox->fault;
	memcpy(call->regs, mailbox->regs, sizeof(call->regs));
	if (call->size)
		arch_copy_guest(call->data, mailbox->data, call->size);
	return 0;
}

int host_service_call(struct host_call *call)
{
	const struct service_boot *boot = arch_hpa_to_hva(host_service_ram());
	uint64_t gpa = boot->mailbox_gpa;
	int error;

	if (call->size > MAILBOX_DATA_MAX || call->data_param > 2)
		return -EINVAL;
	pthread_mutex_lock(&mutex);
	error = has_ended() ? -EIO
			    : exchange(call, arch_hpa_to_hva(gpa),
				       gpa + offsetof(struct service_mailbox, data));
	pthread_mutex_unlock(&mutex);
	return error;
}
