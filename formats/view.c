// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "formats/cli.h"
#include "formats/timespan.h"
#include "formats/view.h"

/* --- numbers --- */

/* Three digits and a unit, the next unit being step times as large. */
static void format_scaled(double value, const char *const *units, char text[16])
{
	while (value >= 999.5 && units[1]) {
		value /= 1000;
		units++;
	}
	if (value < 9.995 && value != (double)(uint64_t)value)
		snprintf(text, 16, "%.2f%s", value, *units);
	else if (value < 99.95 && value != (double)(uint64_t)value)
		snprintf(text, 16, "%.1f%s", value, *units);
	else
		snprintf(text, 16, "%.0f%s", value, *units);
}

void view_format_time(uint64_t cycles, uint64_t tsc_khz, char text[16])
{
	static const char *const times[] = { "ns", "us", "ms", "s", NULL };
	static const char *const counts[] = { "c", "kc", "Mc", "Gc", "Tc", "Pc", "Ec", NULL };

	if (tsc_khz)
		format_scaled((double)tsc_to_ns(cycles, tsc_khz), times, text);
	else
		format_scaled((double)cycles, counts, text);
}

unsigned int view_width(int fd)
{
	struct winsize size;

	if (isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return 80;
}

/* --- table --- */

#define TEXT_SIZE 64

static void table_text(const struct view *view, const struct view_column *column, const void *row,
		       char text[TEXT_SIZE])
{
	static const char *const counts[] = { "", "k", "M", "G", NULL };
	struct view_value value = { .known = true };

	column->get(row, view->context, &value);
	if (value.shown)
		snprintf(text, TEXT_SIZE, "%s", value.shown);
	else if (!value.known)
		snprintf(text, TEXT_SIZE, "-");
	else if (column->type == VIEW_TEXT)
		snprintf(text, TEXT_SIZE, "%s", value.text);
	else if (column->type == VIEW_NUMBER)
		snprintf(text, TEXT_SIZE, "%llu", (unsigned long long)value.number);
	else if (column->type == VIEW_HEX)
		snprintf(text, TEXT_SIZE, "0x%llx", (unsigned long long)value.number);
	else if (column->type == VIEW_CYCLES)
		view_format_time(value.number, view->tsc_khz, text);
	else if (column->type == VIEW_SHARE)
		snprintf(text, TEXT_SIZE, "%.1f", value.real * 100);
	else
		format_scaled(value.real, counts, text);
}

/* The texts of all cells, row after row. */
static char (*table_texts(const struct view *view, const void *const *rows, size_t nr_rows,
			  bool total_last))[TEXT_SIZE]
{
	char(*texts)[TEXT_SIZE] = calloc(nr_rows * view->nr_columns + 1, TEXT_SIZE);

	for (size_t r = 0; texts && r < nr_rows; r++)
		for (unsigned int c = 0; c < view->nr_columns; c++)
			if (view->columns[c]->rank >= 0 &&
			    (c >= view->nr_keys || !total_last || r + 1 < nr_rows))
				table_text(view, view->columns[c], rows[r],
					   texts[r * view->nr_columns + c]);
	if (texts && total_last && nr_rows && view->nr_keys)
		snprintf(texts[(nr_rows - 1) * view->nr_columns], TEXT_SIZE, "total");
	return texts;
}

/* Marks which columns are shown: as many as fit, the least important left out first. */
static void choose_columns(const struct view *view, char (*texts)[TEXT_SIZE], size_t nr_rows,
			   unsigned int width, bool *shown)
{
	for (;;) {
		unsigned int c, total = 0, drop = view->nr_columns;

		for (c = 0; c < view->nr_columns; c++) {
			size_t widest = strlen(view->columns[c]->name);

			if (!shown[c])
				continue;
			for (size_t r = 0; r < nr_rows; r++) {
				size_t n = strlen(texts[r * view->nr_columns + c]);

				widest = n > widest ? n : widest;
			}
			total += (unsigned int)widest + (total ? 1 : 0);
			if (view->columns[c]->rank > 0 &&
			    (drop == view->nr_columns ||
			     view->columns[c]->rank > view->columns[drop]->rank))
				drop = c;
		}
		if (width == 0 || total <= width || drop == view->nr_columns)
			return;
		shown[drop] = false;
	}
}

static bool left_aligned(const struct view *view, unsigned int column)
{
	return column < view->nr_keys || view->columns[column]->type == VIEW_TEXT;
}

static int fill_table(struct libscols_table *table, const struct view *view,
		      char (*texts)[TEXT_SIZE], size_t nr_rows, const bool *shown, bool total_last)
{
	unsigned int c;
	int rc = 0;

	for (c = 0; c < view->nr_columns; c++)
		if (shown[c] && !scols_table_new_column(table, view->columns[c]->name, 0,
							left_aligned(view, c) ? 0 : SCOLS_FL_RIGHT))
			return -ENOMEM;
	for (size_t r = 0; r < nr_rows && rc == 0; r++) {
		struct libscols_line *line = scols_table_new_line(table, NULL);
		size_t at = 0;

		if (!line)
			return -ENOMEM;
		for (c = 0; c < view->nr_columns && rc == 0; c++)
			if (shown[c])
				rc = scols_line_set_data(line, at++,
							 texts[r * view->nr_columns + c]);
		if (total_last && r == nr_rows - 1 && rc == 0)
			rc = scols_line_set_color(line, "bold");
	}
	return rc ? -ENOMEM : 0;
}

int view_table(const struct view *view, const void *const *rows, size_t nr_rows, FILE *out,
	       unsigned int width, bool color, bool total_last)
{
	char(*texts)[TEXT_SIZE] = table_texts(view, rows, nr_rows, total_last);
	bool *shown = calloc(view->nr_columns + 1, sizeof(*shown));
	struct libscols_table *table = scols_new_table();
	int rc = -ENOMEM;

	if (texts && shown && table) {
		for (unsigned int c = 0; c < view->nr_columns; c++)
			shown[c] = view->columns[c]->rank >= 0;
		choose_columns(view, texts, nr_rows, width, shown);
		rc = fill_table(table, view, texts, nr_rows, shown, total_last);
	}
	if (rc == 0) {
		scols_table_set_stream(table, out);
		scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
		scols_table_set_termwidth(table, width ? width : 4096);
		scols_table_enable_colors(table, color);
		scols_table_enable_minout(table, 1);
		rc = scols_print_table(table) ? -ENOMEM : 0;
	}
	scols_unref_table(table);
	free(shown);
	free(texts);
	return rc;
}

/* --- JSON --- */

/* "min_cycles" is min_ns in nanoseconds, "cycles" ns. */
static void print_ns_key(const char *key, FILE *out)
{
	fprintf(out, "%.*sns", (int)(strlen(key) - strlen("cycles")), key);
}

static void print_number(const struct view_column *column, const struct view_value *value,
			 FILE *out)
{
	if (column->type == VIEW_SHARE || column->type == VIEW_RATE)
		fprintf(out, "%.6g", value->real);
	else
		fprintf(out, "%llu", (unsigned long long)value->number);
}

static void json_value(const struct view *view, const struct view_column *column,
		       const struct view_value *value, FILE *out)
{
	fprintf(out, "\"%s\": ", column->key);
	if (!value->known)
		fputs("null", out);
	else if (column->type == VIEW_TEXT)
		cli_print_json_string(value->text, out);
	else
		print_number(column, value, out);
	if (column->type != VIEW_CYCLES || !view->tsc_khz)
		return;
	fputs(", \"", out);
	print_ns_key(column->key, out);
	if (value->known)
		fprintf(out, "\": %llu",
			(unsigned long long)tsc_to_ns(value->number, view->tsc_khz));
	else
		fputs("\": null", out);
}

void view_json_row(const struct view *view, const void *row, FILE *out)
{
	fputc('{', out);
	for (unsigned int c = 0; c < view->nr_columns; c++) {
		struct view_value value = { .known = true };

		view->columns[c]->get(row, view->context, &value);
		if (c)
			fputs(", ", out);
		json_value(view, view->columns[c], &value, out);
	}
	fputc('}', out);
}

void view_json_rows(const struct view *view, const void *const *rows, size_t nr_rows, FILE *out)
{
	fputc('[', out);
	for (size_t r = 0; r < nr_rows; r++) {
		fputs(r ? ",\n  " : "\n  ", out);
		view_json_row(view, rows[r], out);
	}
	fputs(nr_rows ? "\n]" : "]", out);
}

/* --- CSV --- */

static void csv_text(const char *text, FILE *out)
{
	if (!strpbrk(text, ",\"\n\r")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (const char *c = text; *c; c++) {
		if (*c == '"')
			fputc('"', out);
		fputc(*c, out);
	}
	fputc('"', out);
}

static void csv_value(const struct view *view, const struct view_column *column,
		      const struct view_value *value, FILE *out)
{
	bool both = column->type == VIEW_CYCLES && view->tsc_khz;

	if (value->known && column->type == VIEW_TEXT)
		csv_text(value->text, out);
	else if (value->known)
		print_number(column, value, out);
	if (both)
		fputc(',', out);
	if (both && value->known)
		fprintf(out, "%llu", (unsigned long long)tsc_to_ns(value->number, view->tsc_khz));
}

void view_csv(const struct view *view, const void *const *rows, size_t nr_rows, FILE *out)
{
	for (unsigned int c = 0; c < view->nr_columns; c++) {
		fprintf(out, "%s%s", c ? "," : "", view->columns[c]->key);
		if (view->columns[c]->type == VIEW_CYCLES && view->tsc_khz) {
			fputc(',', out);
			print_ns_key(view->columns[c]->key, out);
		}
	}
	fputc('\n', out);
	for (size_t r = 0; r < nr_rows; r++) {
		for (unsigned int c = 0; c < view->nr_columns; c++) {
			struct view_value value = { .known = true };

			view->columns[c]->get(rows[r], view->context, &value);
			if (c)
				fputc(',', out);
			csv_value(view, view->columns[c], &value, out);
		}
		fputc('\n', out);
	}
}

void view_columns_help(const struct view_column *columns, unsigned int nr, FILE *out)
{
	for (unsigned int c = 0; c < nr; c++)
		if (columns[c].rank >= 0)
			fprintf(out, "  %-10s %s\n", columns[c].name, columns[c].help);
}
