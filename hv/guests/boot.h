/* SPDX-License-Identifier: BSD-3-Clause */
/* What guests find in their memory when they start. */
#ifndef HV_GUESTS_BOOT_H
#define HV_GUESTS_BOOT_H

#include <stdint.h>

#include "formats/abi/vm.h"

#define BOOT_MAX_PCPUS 16U
#define BOOT_MAX_VMS 16U
#define GUEST_PAGE_SIZE 4096ULL

/* --- of a User VM, written by the Service VM --- */
#define USER_BOOT_GPA 0x1000ULL
#define USER_RAM_SIZE (2ULL << 20) /* from gpa 0 */

struct guest_boot {
	uint64_t seed;
	uint32_t period_us; /* of its timer */
	uint32_t vm;	    /* its number */
};

/* --- of the Service VM, written by the port, in place of devices, drivers and command line --- */
struct service_user_vm {
	char name[ACRN_VM_NAME_LEN];
	uint64_t flags;
	uint64_t affinity;
	struct guest_boot boot;
};

struct service_boot {
	uint32_t nr_pcpus;
	uint32_t nr_user_vms;
	uint64_t trace_gpa[BOOT_MAX_PCPUS]; /* contiguous memory for rings, */
	uint64_t hvlog_gpa[BOOT_MAX_PCPUS];
	uint32_t trace_size; /* bytes each, header included */
	uint32_t hvlog_size;
	uint64_t mailbox_gpa; /* struct service_mailbox; 0: none */
	uint64_t scratch_gpa; /* pages for parameters and request buffers */
	uint64_t free_gpa;    /* memory for User VMs, 2 MiB aligned */
	uint64_t free_size;
	uint32_t period_us; /* of the Service VM's own timer */
	uint32_t tsc_khz;
	struct service_user_vm user_vms[BOOT_MAX_VMS];
};

/* A device of the port's: requests of programs in the Service VM. */
#define MAILBOX_VECTOR 0x50U /* its interrupt */
#define MAILBOX_DATA_MAX 16384U
#define DOORBELL_PORT 0xcafU
#define DOORBELL_READY 1U  /* the Service VM has set itself and its User VMs up */
#define DOORBELL_ANSWER 2U /* the mailbox holds an answer */
#define DOORBELL_FAILED 3U /* setting up has failed */

enum mailbox_state {
	MAILBOX_EMPTY = 0,
	MAILBOX_REQUEST = 1,
	MAILBOX_ANSWER = 2,
};

/* The request is a hypercall with id and parameters, or CPUID with param[0] leaf, [1] subleaf. */
struct service_mailbox {
	uint32_t state; /* enum mailbox_state */
	uint32_t is_cpuid;
	uint64_t param[3];
	int64_t result;	  /* RAX */
	uint32_t regs[4]; /* of CPUID */
	uint32_t fault;	  /* the exception that the call raised */
	uint32_t reserved;
	uint8_t data[MAILBOX_DATA_MAX] __attribute__((aligned(4096)));
};

#endif
