/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VMs that run a payload of hv/guests, chosen by the options guests= and duration=: one of them as
 * Service VM, which makes the others its User VMs.
 */
#ifndef HV_X86_PAYLOAD_VM_H
#define HV_X86_PAYLOAD_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/core/hv.h"

struct vcpu;

/*
 * Finds memory for them, fills it, and writes the configuration. Boot pCPU, before hv_init(). -1:
 * the option guests= makes no sense, or there is no room, which it says.
 */
int payload_configure(struct hv_config *config);

/* The vCPU, whose VMCS is in the state after INIT, starts as a payload. */
void payload_start_state(struct vcpu *vcpu);

/* An output of the Service VM's to a port. -HV_ENODEV: not that port. */
int payload_doorbell(uint16_t port, uint32_t value);

/* Says what hypervisor and guests have counted; false: they do not agree. After the end. */
bool payload_report(void);

#endif
