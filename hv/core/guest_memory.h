/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies from and to a VM's memory by guest-physical address, through its EPT, page by page. */
#ifndef HV_CORE_GUEST_MEMORY_H
#define HV_CORE_GUEST_MEMORY_H

#include "hv/core/base.h"

struct vm;

/* -EFAULT: not all of it is mapped so. Part of it may have been copied then. */
int copy_from_gpa(struct vm *vm, void *to, uint64_t gpa, size_t length);
int copy_to_gpa(struct vm *vm, uint64_t gpa, const void *from, size_t length);

/* How far memory that can be written is contiguous in hpa from gpa on, at most length; its hpa. */
uint64_t contiguous_from_gpa(struct vm *vm, uint64_t gpa, uint64_t length, uint64_t *hpa);

#endif
