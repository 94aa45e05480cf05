/* SPDX-License-Identifier: BSD-3-Clause */
/* The hosted hypervisor as a library: the program acrn-hv and the tests run it by this. */
#ifndef HV_ARCH_HOST_HOST_H
#define HV_ARCH_HOST_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/abi/exit_reasons.h"
#include "formats/abi/sbuf.h"
#include "hv/core/hv.h"
#include "hv/guests/guest.h"

#define HOST_MAX_GUESTS 8U
#define HOST_HVLOG_SIZE (256U << 10)

/* A User VM that the Service VM creates and starts. */
struct host_guest_option {
	char name[ACRN_VM_NAME_LEN]; /* its payload's, with a number behind it if need be */
	uint64_t affinity;	     /* pCPUs; 0: all */
	uint64_t flags;		     /* GUEST_FLAG_.. */
	uint8_t severity;	     /* enum acrn_severity; 0: SEVERITY_STANDARD_VM */
};

struct host_options {
	const char *run_dir; /* NULL: rings are in memory only, and no socket */
	unsigned int nr_pcpus;
	struct host_guest_option guests[HOST_MAX_GUESTS];
	unsigned int nr_guests;
	uint64_t seed;
	uint32_t slice_us;  /* 0: the default */
	uint32_t period_us; /* of the guests' timers; 0: 1000 */
	uint8_t log_level;  /* of the console */
	enum sched_kind sched[MAX_PCPUS];
	uint32_t trace_size;	   /* bytes of a trace ring; 0: SBUF_TRACE_SIZE */
	uint64_t service_affinity; /* 0: all pCPUs that are not noop */
	/* For tests: payloads that come before the table's. */
	const struct guest_payload *payloads;
	unsigned int nr_payloads;
};

/* What a guest did, as its own side counted it. */
struct host_guest_counts {
	uint64_t exits[EXIT_REASONS]; /* things done that exit for this reason */
	uint64_t handled[256];	      /* calls of its handlers */
	uint64_t faults[32];	      /* exceptions raised by what it did */
};

/*
 * Starts the hypervisor; its pCPUs are threads of this process. -errno, with a line on stderr. One
 * at a time.
 */
int host_start(const struct host_options *options);

/* Waits until the Service VM has set itself up; -ETIMEDOUT, or -EIO: it has failed. */
int host_wait_ready(unsigned int timeout_ms);

/* Ends all pCPUs and returns when they are no more; memory and rings stay until host_free(). */
void host_stop(void);
/* Gives everything back and removes the files. Nothing if there is nothing, as host_stop(). */
void host_free(void);

/* A ring's memory, as mapped by the hypervisor. After host_stop(): what was put and lost in it. */
struct shared_buf *host_ring(unsigned int pcpu, enum sbuf_id id, uint32_t *size);
void host_ring_counts(unsigned int pcpu, enum sbuf_id id, uint64_t *put, uint64_t *lost);

/* After host_stop(), of a VM and vCPU that still exists. */
const struct host_guest_counts *host_guest_counts(unsigned int vm, unsigned int vcpu);

/* A hypercall or CPUID by the Service VM, for another thread. */
struct host_call {
	bool is_cpuid;
	uint64_t param[3];
	unsigned int data_param; /* 1 or 2: param[data_param] becomes the gpa of data */
	void *data;
	uint32_t size;
	int64_t result;
	uint32_t regs[4];
	uint32_t fault; /* the exception it raised, or 0 */
};
/* -ETIMEDOUT: the Service VM does not answer; -EIO: the hypervisor is about to end. */
int host_service_call(struct host_call *call);

/* The payload for a VM of that name: the longest whose name it begins with; NULL: none. */
const struct guest_payload *host_find_payload(const char *vm_name);

#endif
