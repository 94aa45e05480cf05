/* SPDX-License-Identifier: BSD-3-Clause */
/* The freestanding headers of formats/abi ask for <stdbool.h>; the kernel has it under another name. */
#include <linux/types.h>
