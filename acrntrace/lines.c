// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "acrntrace/lines.h"
#include "acrntrace/options.h"
#include "formats/output.h"

/*
 * Puts line after line into the output. 0: the end; a negative errno of the input, with error. If
 * writing fails it ends early, and output says so. gaps counts losses.
 */
static int put_lines(const struct lines_options *options, struct selection *selection,
		     struct output *output, uint64_t *gaps, struct error *error)
{
	const struct line_format *format = options->format;
	size_t room = options->rules ? RULES_LINE_MAX : TEXT_MAX;
	struct merge_record record;
	struct text text;
	char *out;
	int got;

	text_init(&text, selection->first_tsc, selection->tsc_khz);
	text.raw_tsc = options->raw_tsc;
	if (format->head && (out = output_room(output, room)))
		output_end(output, format->head(out));
	while ((got = select_next(selection, &record, error)) > 0) {
		out = output_room(output, room);
		if (!out)
			return 0;
		if (!record.record) {
			++*gaps;
			out = format->loss(&text, out, &record.loss);
		} else if (options->rules) {
			out = rules_record(options->rules, out, record.pcpu, record.record);
		} else {
			out = format->record(&text, out, record.pcpu, record.record);
		}
		output_end(output, out);
	}
	return got;
}

/* The selection into the output; as lines_write(). */
static int write_selection(const struct lines_options *options, struct selection *selection, int fd)
{
	const char *name = fd == STDOUT_FILENO ? "standard output" : options->output;
	struct error input_error, output_error;
	struct output output;
	uint64_t gaps = 0;
	int err, output_err;

	if (output_open(&output, fd, name))
		return cli_error("%s: no memory", name);
	err = put_lines(options, selection, &output, &gaps, &input_error);
	output_err = output_close(&output, &output_error);
	if (output_err == -EPIPE) /* whoever reads has had enough, and knows it */
		return CLI_FAILED;
	if (output_err)
		return cli_error("%s", output_error.text);
	if (err)
		return cli_error("%s", input_error.text);
	return options->fail_on_loss && gaps ? CLI_LOST : CLI_OK;
}

int lines_write(const struct lines_options *options, char *const *paths, int nr)
{
	struct selection selection;
	struct error error;
	int status, fd;

	if (select_open(&selection, &options->select, paths, nr, &error))
		return cli_error("%s", error.text);
	fd = open_output(options->output, options->force, paths, nr, &error);
	if (fd < 0) {
		status = cli_error("%s", error.text);
	} else {
		status = write_selection(options, &selection, fd);
		if (fd != STDOUT_FILENO && close(fd) < 0 && status == CLI_OK)
			status =
				cli_error("%s: cannot write: %s", options->output, strerror(errno));
	}
	select_close(&selection);
	return status;
}
