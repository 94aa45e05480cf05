// SPDX-License-Identifier: BSD-3-Clause
/* pCPUs as threads, interrupts as signals. */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "hv/arch/host/port.h"
#include "hv/core/irq.h"
#include "hv/core/pcpu.h"

#define SIGNAL_TIMER SIGRTMIN
#define SIGNAL_KICK (SIGRTMIN + 1)
#define SPIN_TURNS 100U

struct host_pcpu host_pcpus[MAX_PCPUS];
__thread struct host_pcpu *host_this;

static unsigned int nr_pcpus;
static pthread_barrier_t all_started;

unsigned int arch_pcpu_id(void)
{
	return host_this ? host_this->id : 0;
}

unsigned int arch_nr_pcpus(void)
{
	return nr_pcpus;
}

void arch_relax(unsigned int turns)
{
	/* There may be fewer processors than pCPUs: the other side may wait for this one. */
	if (turns < SPIN_TURNS)
		__builtin_ia32_pause();
	else
		sched_yield();
}

/* --- interrupts --- */
static void futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void futex_wait(uint32_t *word, const struct timespec *timeout)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, timeout, NULL, 0);
}

void host_raise(unsigned int id, uint32_t irq)
{
	struct host_pcpu *pcpu = &host_pcpus[id];

	__atomic_fetch_or(&pcpu->irqs, irq, __ATOMIC_SEQ_CST);
	if (pcpu == host_this || !__atomic_load_n(&pcpu->started, __ATOMIC_ACQUIRE))
		return;
	if (SOFT_INTERRUPTS)
		futex_wake(&pcpu->irqs);
	else
		pthread_kill(pcpu->thread, SIGNAL_KICK);
}

uint32_t arch_apic_id(unsigned int pcpu)
{
	return pcpu;
}

void arch_kick(unsigned int pcpu)
{
	host_raise(pcpu, IRQ_KICK);
}

static void look_at_deadline(struct host_pcpu *pcpu)
{
	if (!SOFT_INTERRUPTS || !pcpu->deadline || arch_tsc() < pcpu->deadline)
		return;
	pcpu->deadline = 0;
	__atomic_fetch_or(&pcpu->irqs, IRQ_TIMER, __ATOMIC_RELAXED);
}

bool host_irq_pending(struct host_pcpu *pcpu)
{
	look_at_deadline(pcpu);
	return __atomic_load_n(&pcpu->irqs, __ATOMIC_RELAXED);
}

int host_irq_take(struct host_pcpu *pcpu)
{
	static const struct {
		uint32_t irq;
		uint8_t vector;
	} order[] = {
		{ IRQ_TIMER, VECTOR_TIMER },
		{ IRQ_MAILBOX, MAILBOX_VECTOR },
		{ IRQ_KICK, VECTOR_KICK },
	};

	look_at_deadline(pcpu);
	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++) {
		uint32_t irq = order[i].irq;

		/* Pairs with host_raise(): what came before the interrupt is seen. */
		if (__atomic_fetch_and(&pcpu->irqs, ~irq, __ATOMIC_SEQ_CST) & irq)
			return order[i].vector;
	}
	return -1;
}

/*
 * Runs on whatever stack was running. With guest_mode that is the guest's: the guest is left where
 * it is, and this function returns when it is entered again. Signals are not blocked in here, so
 * leaving it by a switch of stacks leaves nothing behind.
 */
static void on_signal(int number, siginfo_t *info, void *context)
{
	struct host_pcpu *pcpu = host_this;
	const ucontext_t *interrupted = context;

	(void)info;
	if (!pcpu)
		return;
	if (number == SIGNAL_TIMER)
		__atomic_fetch_or(&pcpu->irqs, IRQ_TIMER, __ATOMIC_SEQ_CST);
	if (pcpu->guest_mode)
		host_guest_interrupted(pcpu, (uint64_t)interrupted->uc_mcontext.gregs[REG_RIP]);
}

static int install_handlers(void)
{
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART };

	sigemptyset(&action.sa_mask);
	if (SOFT_INTERRUPTS)
		return 0;
	if (sigaction(SIGNAL_TIMER, &action, NULL) || sigaction(SIGNAL_KICK, &action, NULL))
		return -errno;
	return 0;
}

/* --- timer and idling --- */
static void to_timespec(uint64_t ns, struct timespec *time)
{
	time->tv_sec = (time_t)(ns / 1000000000U);
	time->tv_nsec = (long)(ns % 1000000000U);
}

static uint64_t ns_until(uint64_t deadline)
{
	uint64_t now = arch_tsc();

	if (deadline <= now)
		return 0;
	return (uint64_t)((unsigned __int128)(deadline - now) * 1000000U / arch_tsc_khz());
}

void arch_timer_arm(uint64_t deadline)
{
	struct host_pcpu *pcpu = host_this;
	struct itimerspec setting = { 0 };
	uint64_t ns;

	if (!pcpu || !pcpu->started)
		return;
	if (SOFT_INTERRUPTS) {
		pcpu->deadline = deadline;
		return;
	}
	/* A setting of 0 disarms. */
	ns = deadline ? ns_until(deadline) : 0;
	to_timespec(deadline && !ns ? 1 : ns, &setting.it_value);
	timer_settime(pcpu->timer, 0, &setting, NULL);
}

void arch_idle(void)
{
	struct host_pcpu *pcpu = host_this;
	struct timespec timeout;
	int vector;

	while (!host_irq_pending(pcpu)) {
		/* Returns at once where irqs is not 0 any more. */
		if (SOFT_INTERRUPTS && pcpu->deadline) {
			to_timespec(ns_until(pcpu->deadline), &timeout);
			futex_wait(&pcpu->irqs, &timeout);
		} else {
			futex_wait(&pcpu->irqs, NULL);
		}
	}
	while ((vector = host_irq_take(pcpu)) >= 0)
		irq_dispatch((uint8_t)vector);
}

/* --- threads --- */
static int create_timer(struct host_pcpu *pcpu)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGNAL_TIMER };

	if (SOFT_INTERRUPTS)
		return 0;
	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	return timer_create(CLOCK_MONOTONIC, &event, &pcpu->timer) ? -errno : 0;
}

static void *pcpu_thread(void *argument)
{
	struct host_pcpu *pcpu = argument;
	sigset_t signals;

	host_this = pcpu;
	coroutine_adopt_thread(&pcpu->main);
	if (create_timer(pcpu)) {
		perror("acrn-hv: timer_create");
		_exit(1);
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGNAL_TIMER);
	sigaddset(&signals, SIGNAL_KICK);
	pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
	__atomic_store_n(&pcpu->started, true, __ATOMIC_RELEASE);
	pthread_barrier_wait(&all_started);
	pcpu_main();
	arch_timer_arm(0);
	/* Nobody sends signals to a thread that is gone. */
	pthread_barrier_wait(&all_started);
	__atomic_store_n(&pcpu->started, false, __ATOMIC_RELEASE);
	if (!SOFT_INTERRUPTS)
		timer_delete(pcpu->timer);
	return NULL;
}

int host_pcpus_init(unsigned int nr)
{
	nr_pcpus = nr;
	memset(host_pcpus, 0, sizeof(host_pcpus));
	for (unsigned int i = 0; i < nr; i++)
		host_pcpus[i].id = i;
	return install_handlers();
}

/* Other signals are for the thread that started the hypervisor. */
int host_pcpus_start(void)
{
	sigset_t all, old;
	int error = 0;

	pthread_barrier_init(&all_started, NULL, nr_pcpus + 1);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (unsigned int i = 0; !error && i < nr_pcpus; i++)
		error = -pthread_create(&host_pcpus[i].thread, NULL, pcpu_thread, &host_pcpus[i]);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	/* Threads that started already wait at the barrier and cannot be called back. */
	if (error) {
		fprintf(stderr, "acrn-hv: pCPU thread: %s\n", strerror(-error));
		_exit(1);
	}
	pthread_barrier_wait(&all_started);
	return 0;
}

void host_pcpus_join(void)
{
	pthread_barrier_wait(&all_started);
	for (unsigned int i = 0; i < nr_pcpus; i++)
		pthread_join(host_pcpus[i].thread, NULL);
	pthread_barrier_destroy(&all_started);
}
