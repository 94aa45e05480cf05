/* SPDX-License-Identifier: BSD-3-Clause */
/* What a payload VM's vCPU keeps at the lower end of its stack; GS leads there. */
#ifndef HV_X86_PAYLOAD_LIB_H
#define HV_X86_PAYLOAD_LIB_H

#include "hv/arch/x86/payload/layout.h"
#include "hv/guests/guest.h"

struct payload_cpu {
	struct payload_counts counts; /* first: the hypervisor reads it */
	struct payload_cpu *self;
	unsigned int id;
	uint64_t ram_end; /* gpa behind which accesses exit; 0: none do */
	uint64_t fixup;	  /* where an exception goes on; 0: it is the end */
	uint32_t fault;	  /* the vector that came there */
	struct {
		guest_handler *handler;
		void *argument;
	} handlers[256];
};

void payload_main(uint64_t boot_gpa, unsigned int payload, unsigned int vcpu);

#endif
