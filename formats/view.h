/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Results as a table for a person, as JSON and as CSV: one list of columns drives all three.
 */
#ifndef FORMATS_VIEW_H
#define FORMATS_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum view_type {
	VIEW_TEXT,
	VIEW_NUMBER,
	VIEW_HEX,    /* a number; hexadecimal in a table */
	VIEW_CYCLES, /* a time in TSC cycles; its key ends in "cycles", and "_ns" or "ns" is put
			beside it where the frequency is known */
	VIEW_SHARE,  /* 0..1; per cent in a table */
	VIEW_RATE,   /* per second */
};

struct view_value {
	bool known; /* else null, and - in a table */
	uint64_t number;
	double real; /* VIEW_SHARE, VIEW_RATE */
	char text[64];
	const char *shown; /* for a table, instead of the value; or NULL */
};

struct view_column {
	const char *name; /* in a table's head and in --columns */
	const char *key;  /* in JSON and CSV */
	enum view_type type;
	const char *help;
	/* Where not all fit into a table, those with the highest rank go first; 0 never goes, -1 is
	 * never in a table. */
	int rank;
	void (*get)(const void *row, const void *context, struct view_value *value);
};

struct view {
	const struct view_column *const *columns;
	unsigned int nr_columns;
	unsigned int nr_keys; /* the first of them: what rows are told apart by; a total has none */
	const void *context;  /* for get() */
	uint64_t tsc_khz;     /* 0: not known */
};

/*
 * Prints the rows (pointers) as a table that fits into width columns by leaving out columns; width
 * 0: nothing is left out. total_last: the last row is a total. -ENOMEM.
 */
int view_table(const struct view *view, const void *const *rows, size_t nr_rows, FILE *out,
	       unsigned int width, bool color, bool total_last);

/* One row as a JSON object; rows as an array, a row a line. */
void view_json_row(const struct view *view, const void *row, FILE *out);
void view_json_rows(const struct view *view, const void *const *rows, size_t nr_rows, FILE *out);

/* A line with the keys, then a line a row. */
void view_csv(const struct view *view, const void *const *rows, size_t nr_rows, FILE *out);

/* For help: "  NAME  what it is", a line a column. */
void view_columns_help(const struct view_column *columns, unsigned int nr, FILE *out);

/* A time as a person reads it, three digits: "12.3us", or "12.3kc" (cycles) with tsc_khz 0. */
void view_format_time(uint64_t cycles, uint64_t tsc_khz, char text[16]);

/* How wide a table on that file may be: its terminal's width, else 80. */
unsigned int view_width(int fd);

#endif
