/* SPDX-License-Identifier: BSD-3-Clause */
/* What the programs' command lines and messages have in common. */
#ifndef FORMATS_CLI_H
#define FORMATS_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "formats/error.h"

/* Exit status of every program. */
enum cli_status {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_LOST = 3, /* done, but records were lost and --fail-on-loss was given */
};

#define CLI_MAX_PCPUS 256U

/* A set of pCPUs. */
struct pcpu_set {
	uint64_t bits[CLI_MAX_PCPUS / 64];
};

bool pcpu_set_has(const struct pcpu_set *set, unsigned int pcpu);
void pcpu_set_add(struct pcpu_set *set, unsigned int pcpu);

/* "0-3,6": -EINVAL with a message that names what is wrong. */
int cli_parse_pcpus(const char *text, struct pcpu_set *set, struct error *error);

/* A whole decimal or 0x number within min..max; what names it in the message. */
int cli_parse_number(const char *text, const char *what, uint64_t min, uint64_t max,
		     uint64_t *value, struct error *error);

/* Seconds, also "1.5", "200ms", "10us", "5m", "1h"; more than 0. In nanoseconds. */
int cli_parse_duration(const char *text, uint64_t *ns, struct error *error);

/* Set once by main: the program's name, and whether errors are also to be JSON on stdout. */
void cli_init(const char *program);
void cli_set_json(bool json);

/*
 * Prints "program: text" to stderr, and {"error": "text"} to stdout after cli_set_json(true). The
 * text is "subject: what is wrong". Returns CLI_FAILED, cli_usage() CLI_USAGE.
 */
int cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* text (UTF-8) as a JSON string, with its quotes. */
void cli_print_json_string(const char *text, FILE *out);

/* --color=auto|always|never; auto asks whether fd is a terminal, TERM and NO_COLOR. */
enum cli_color { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER };
int cli_parse_color(const char *text, enum cli_color *color, struct error *error);
bool cli_use_color(enum cli_color color, int fd);

#endif
