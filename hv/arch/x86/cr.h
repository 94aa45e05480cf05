/* SPDX-License-Identifier: BSD-3-Clause */
/* Control registers of guests, in the current VMCS. */
#ifndef HV_X86_CR_H
#define HV_X86_CR_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/core/decode.h"

#define GUEST_CR0_PE (1ULL << 0)
#define GUEST_CR0_ET (1ULL << 4)
#define GUEST_CR0_NE (1ULL << 5)
#define GUEST_CR0_WP (1ULL << 16)
#define GUEST_CR0_NW (1ULL << 29)
#define GUEST_CR0_CD (1ULL << 30)
#define GUEST_CR0_PG (1ULL << 31)
#define GUEST_CR4_PSE (1ULL << 4)
#define GUEST_CR4_PAE (1ULL << 5)
#define GUEST_CR4_MCE (1ULL << 6)
#define GUEST_CR4_LA57 (1ULL << 12)
#define GUEST_CR4_VMXE (1ULL << 13)
#define GUEST_CR4_PCIDE (1ULL << 17)
#define GUEST_CR4_OSXSAVE (1ULL << 18)
#define GUEST_EFER_LME (1ULL << 8)
#define GUEST_EFER_LMA (1ULL << 10)
#define SEGMENT_RIGHTS_L (1U << 13)
#define SEGMENT_RIGHTS_D (1U << 14)

/* CR4 clear, CR0 as given. */
void cr_reset(uint64_t cr0);
/* 64-bit paging on. */
void cr_start_in_long_mode(uint64_t cr3);

uint64_t cr0_of_guest(void);
uint64_t cr4_of_guest(void);
enum cpu_mode mode_of_guest(void);

#endif
