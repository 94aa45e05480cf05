/* SPDX-License-Identifier: BSD-3-Clause */
/* The handlers of VM exits, one for each reason, called after vm_exit is traced. */
#ifndef HV_CORE_VMEXIT_H
#define HV_CORE_VMEXIT_H

#include "hv/core/vcpu.h"

/* Calls the handler of vcpu->exit.reason. */
void vmexit_handle(struct vcpu *vcpu);

void cpuid_exit(struct vcpu *vcpu);
void rdmsr_exit(struct vcpu *vcpu);
void wrmsr_exit(struct vcpu *vcpu);
void io_exit(struct vcpu *vcpu);
/* Gives the answer to vcpu->io to the instruction. */
void io_complete(struct vcpu *vcpu, uint64_t value);
void ept_violation_exit(struct vcpu *vcpu);
void ept_misconfiguration_exit(struct vcpu *vcpu);
void apic_write_exit(struct vcpu *vcpu);
void apic_access_exit(struct vcpu *vcpu);
void virtualized_eoi_exit(struct vcpu *vcpu);
void vmcall_exit(struct vcpu *vcpu);
/* A triple fault of a User VM becomes a request to the Service VM. */
void triple_fault_exit(struct vcpu *vcpu);

#endif
