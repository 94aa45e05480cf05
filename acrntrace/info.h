/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ACRNTRACE_INFO_H
#define ACRNTRACE_INFO_H

#include "acrntrace/input.h"

/*
 * What stream_read_info() says of a stream, of upstream's files. check: each record has a known
 * event in its form, the pCPU of its file, and a TSC not below the one before; -EBADMSG: the first
 * that has not.
 */
int info_read_raw(struct input *input, bool check, struct stream_info *info, struct error *error);

#endif
