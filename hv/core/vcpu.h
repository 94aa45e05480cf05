/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual CPU, as core and ports see it. */
#ifndef HV_CORE_VCPU_H
#define HV_CORE_VCPU_H

#include "formats/abi/exit_reasons.h"
#include "formats/abi/vm.h"
#include "hv/core/base.h"
#include "hv/core/ioreq.h"
#include "hv/core/vlapic.h"
#include "hv/include/arch.h"

struct pcpu;
struct vm;

enum vcpu_state {
	VCPU_OFFLINE = 0,
	VCPU_INIT = 1,
	VCPU_RUNNING = 2,
	VCPU_ZOMBIE = 3,
};

/* What a running vCPU waits for. */
enum vcpu_wait {
	WAIT_NOTHING = 0,
	WAIT_INTERRUPT = 1, /* HLT */
	WAIT_IOREQ = 2,
};

/* Bits of vcpu.requests. */
#define VCPU_REQUEST_INIT (1U << 0)
#define VCPU_REQUEST_SIPI (1U << 1)

/* Interruption information of exits and entries; Intel SDM 3, 25.9.2 and 25.8.3. */
#define INTR_INFO_VALID (1U << 31)
#define INTR_INFO_ERROR_CODE (1U << 11)
#define INTR_INFO_TYPE_EXTERNAL (0U << 8)
#define INTR_INFO_TYPE_NMI (2U << 8)
#define INTR_INFO_TYPE_EXCEPTION (3U << 8)
#define INTR_INFO_TYPE (7U << 8)
#define INTR_INFO_VECTOR 0xffU

/* Why the guest has left. */
struct vm_exit {
	uint32_t reason;	     /* basic reason in bits 15..0 */
	uint32_t instruction_length; /* of an instruction that caused it */
	uint64_t qualification;
	uint64_t gpa;	     /* EPT violation, misconfiguration */
	uint32_t intr_info;  /* exception, NMI, external interrupt */
	uint32_t error_code; /* where intr_info says so */
};

/* What the guest takes when it is entered. */
struct vm_entry {
	uint32_t intr_info; /* without INTR_INFO_VALID: nothing */
	uint32_t error_code;
	bool window; /* exit as soon as the guest can take an interrupt */
};

#define RFLAGS_RESERVED 2U
#define RFLAGS_IF (1U << 9)

#define VECTOR_UD 6U
#define VECTOR_GP 13U

struct vcpu {
	struct vm *vm;
	uint16_t id;
	struct pcpu *pcpu;
	char name[16]; /* "vm0:vcpu0" */

	enum vcpu_state state;
	enum vcpu_wait wait;
	uint32_t requests; /* set by any pCPU */
	uint8_t sipi_vector;

	struct acrn_gp_regs regs;
	uint64_t rip;
	uint64_t rflags;
	uint8_t cpl;
	bool interruptible; /* the guest could take an interrupt now */
	struct vm_exit exit;
	struct vm_entry entry;
	struct { /* an exception to deliver before anything else */
		bool pending;
		uint8_t vector;
		bool has_error_code;
		uint32_t error_code;
	} exception;

	struct vlapic vlapic;
	struct io_wait io;
	bool io_notified; /* set by any pCPU */
	struct arch_vcpu *arch;
};

/* -ENOMEM. A vCPU that is offline, on the given pCPU. */
int vcpu_init(struct vcpu *vcpu, struct vm *vm, uint16_t id, struct pcpu *pcpu);
void vcpu_free(struct vcpu *vcpu);
/* The initial state; on its pCPU. */
void vcpu_reset(struct vcpu *vcpu);

/* One run of the guest, with what comes before and after. */
void vcpu_run(struct vcpu *vcpu);
bool vcpu_can_run(const struct vcpu *vcpu);
/* Takes INIT and SIPI; on its pCPU. */
void vcpu_take_requests(struct vcpu *vcpu);
/* Makes the vCPU look at its events; any pCPU. */
void vcpu_notify(struct vcpu *vcpu);
void vcpu_request(struct vcpu *vcpu, uint32_t request);

void vcpu_inject_gp(struct vcpu *vcpu);
void vcpu_inject_ud(struct vcpu *vcpu);
/*
 * What the guest did is done; it goes on behind the instruction, and the shadow of an STI or MOV SS
 * before it is over.
 */
static inline void vcpu_skip_instruction(struct vcpu *vcpu)
{
	vcpu->rip += vcpu->exit.instruction_length;
	vcpu->interruptible = vcpu->rflags & RFLAGS_IF;
}
void vcpu_inject_exception(struct vcpu *vcpu, uint8_t vector, bool has_error_code,
			   uint32_t error_code);

#endif
