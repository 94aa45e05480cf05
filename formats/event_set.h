/* SPDX-License-Identifier: BSD-3-Clause */
/* A set of trace events as a user names them. */
#ifndef FORMATS_EVENT_SET_H
#define FORMATS_EVENT_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/error.h"

#define EVENT_SET_MAX 64U

struct event_set {
	unsigned int nr;
	uint64_t ids[EVENT_SET_MAX];
};

/*
 * "vm_exit,vmexit,timer_*,0x20": names, beginnings of names up to an underscore, shell patterns of
 * names, ids; separated by commas. -EINVAL with a message that names what is wrong.
 */
int event_set_parse(const char *text, struct event_set *set, struct error *error);

/* id: bits 47..0 of a record's word. */
bool event_set_has(const struct event_set *set, uint64_t id);

#endif
