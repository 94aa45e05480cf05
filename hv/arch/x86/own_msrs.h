/* SPDX-License-Identifier: BSD-3-Clause */
/* MSRs that a guest reads and writes without an exit: the CPU switches them, or own_state.c does.
 */
#ifndef HV_X86_OWN_MSRS_H
#define HV_X86_OWN_MSRS_H

#include <stdbool.h>
#include <stdint.h>

#define MSR_TSC_AUX 0xc0000103U

static const uint32_t own_msr_list[] = {
	0x174,	    0x175,	0x176,	    0x277,		     /* SYSENTER, PAT */
	0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083,	 0xc0000084, /* EFER, STAR.. FMASK */
	0xc0000100, 0xc0000101, 0xc0000102, MSR_TSC_AUX,	     /* FS, GS, kernel GS base */
};

static inline bool msr_is_own(uint32_t msr)
{
	for (unsigned int i = 0; i < sizeof(own_msr_list) / sizeof(own_msr_list[0]); i++)
		if (own_msr_list[i] == msr)
			return true;
	return false;
}

#endif
