/* SPDX-License-Identifier: BSD-3-Clause */
/* What every file of core uses: limits, errors, hints. */
#ifndef HV_CORE_BASE_H
#define HV_CORE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_PCPUS 16U
#define MAX_VMS 16U

#define PAGE_SIZE 4096ULL
#define PAGE_MASK (~(PAGE_SIZE - 1))

/* Negative errno as the ABI has it; a freestanding core has no errno.h. */
#define HV_EFAULT 14
#define HV_EBUSY 16
#define HV_ENODEV 19
#define HV_EINVAL 22
#define HV_ENOTTY 25
#define HV_ENOMEM 12

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Freestanding compilers emit calls of these anyway; a port links them. */
void *memcpy(void *restrict to, const void *restrict from, size_t length);
void *memset(void *to, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);

#endif
