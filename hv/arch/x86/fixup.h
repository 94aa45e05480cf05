/* SPDX-License-Identifier: BSD-3-Clause */
/* Instructions of the hypervisor that may fault, and where it goes on then. */
#ifndef HV_X86_FIXUP_H
#define HV_X86_FIXUP_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/arch/x86/exception.h"

/* False: the CPU has no such MSR. */
bool read_msr_checked(uint32_t msr, uint64_t *value);

/* Sends a #GP in read_msr_checked() to its end. False: it was elsewhere. */
bool fixup_exception(struct interrupt_frame *frame);

#endif
