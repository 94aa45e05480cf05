/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linux as Service VM: GRUB's first module is a bzImage, the second an initramfs. The 64-bit boot
 * protocol (Documentation/x86/boot.rst); memory, ports and devices are the machine's own, but for
 * what the hypervisor keeps.
 */
#ifndef HV_X86_LINUX_VM_H
#define HV_X86_LINUX_VM_H

#include <stdbool.h>

#include "hv/core/hv.h"

struct vcpu;

/* Is the first module a kernel? */
bool linux_is_there(void);

/* Loads it and writes the configuration. -1: it cannot be loaded, which it says. */
int linux_configure(struct hv_config *config);

/* The first vCPU, whose VMCS is in the state after INIT, starts in the kernel. */
void linux_start_state(struct vcpu *vcpu);

#endif
