/* SPDX-License-Identifier: BSD-3-Clause */
/* With what a VM starts: a payload of the hypervisor's own, or a Linux. */
#ifndef HV_X86_VM_START_H
#define HV_X86_VM_START_H

struct vcpu;

/* Gives the vCPU, whose VMCS is in the state after INIT, the state it starts with. */
void vm_start_state(struct vcpu *vcpu);

#endif
