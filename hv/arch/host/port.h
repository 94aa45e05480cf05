/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the host port share. */
#ifndef HV_ARCH_HOST_PORT_H
#define HV_ARCH_HOST_PORT_H

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "hv/arch/host/coroutine.h"
#include "hv/arch/host/host.h"
#include "hv/core/vcpu.h"
#include "hv/guests/boot.h"

/*
 * The thread sanitizer puts asynchronous signals off, so interrupts cannot preempt there: guests
 * look for them in what they call, and the timer is a deadline that they look at.
 */
#if defined(__SANITIZE_THREAD__)
#define SOFT_INTERRUPTS true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SOFT_INTERRUPTS true
#endif
#endif
#ifndef SOFT_INTERRUPTS
#define SOFT_INTERRUPTS false
#endif

/* Interrupts that wait to be taken: bits of host_pcpu.irqs. */
#define IRQ_TIMER (1U << 0)
#define IRQ_KICK (1U << 1)
#define IRQ_MAILBOX (1U << 2)

struct host_pcpu {
	unsigned int id;
	uint32_t irqs; /* set by signal handlers and other threads; a futex */
	/*
	 * Guest code is running and may be interrupted. Else a signal only leaves its bit in irqs;
	 * whoever sets this looks there afterwards.
	 */
	volatile bool guest_mode;
	struct vcpu *vcpu;     /* whose guest is or was running */
	struct coroutine main; /* the hypervisor's side */
	pthread_t thread;
	bool started;
	timer_t timer;
	uint64_t deadline; /* TSC, with SOFT_INTERRUPTS; 0: none */
};

extern struct host_pcpu host_pcpus[MAX_PCPUS];
/* NULL: this thread is none. */
extern __thread struct host_pcpu *host_this;

struct arch_vcpu {
	struct coroutine coroutine;
	void (*entry)(uint64_t boot_gpa);
	uint64_t boot_gpa;
	struct mmio_access access; /* under way */
	struct {
		guest_handler *handler;
		void *argument;
	} handlers[256];
	struct host_guest_counts counts;
};

/* pcpu.c */
int host_pcpus_init(unsigned int nr);
int host_pcpus_start(void);
void host_pcpus_join(void);
void host_raise(unsigned int pcpu, uint32_t irq);
/* Whether an interrupt waits for this pCPU. */
bool host_irq_pending(struct host_pcpu *pcpu);
/* Takes one: its vector, or -1. */
int host_irq_take(struct host_pcpu *pcpu);

/* memory.c */
int host_memory_init(int directory, unsigned int nr_pcpus, uint32_t trace_size);
void host_memory_free(int directory);
uint64_t host_service_ram(void);
uint64_t host_service_ram_size(void);
uint64_t host_ring_hpa(unsigned int pcpu, enum sbuf_id id);
uint64_t host_rings_size(void);

/* guest.c */
void host_guest_start(struct vcpu *vcpu);
/* The interrupted guest, on its stack, from the signal handler. */
void host_guest_interrupted(struct host_pcpu *pcpu, uint64_t rip);

/* machine.c */
int host_calibrate(void);

/* mailbox.c */
void host_mailbox_init(void);
/* No call is under way after it, and no more are made. */
void host_mailbox_end(void);
void host_doorbell(uint32_t value);

/* hsm.c: the socket in the run directory; -errno, with a line on stderr. */
int host_hsm_start(int directory);
void host_hsm_stop(void);

#endif
