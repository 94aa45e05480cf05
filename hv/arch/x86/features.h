/* SPDX-License-Identifier: BSD-3-Clause */
/* What the CPU must have. */
#ifndef HV_X86_FEATURES_H
#define HV_X86_FEATURES_H

/* Says each feature that is needed and missing, and halts if there is one. */
void features_check(void);

#endif
