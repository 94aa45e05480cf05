// SPDX-License-Identifier: BSD-3-Clause
/* acrntrace convert: upstream's capture, or a stream, into a stream. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acrntrace/acrntrace.h"
#include "acrntrace/input.h"
#include "acrntrace/options.h"
#include "formats/cli.h"
#include "formats/timespan.h"

enum { OPT_TSC_KHZ = 0x2000, OPT_LEVEL, OPT_FORCE };

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "level", required_argument, NULL, OPT_LEVEL },
	{ "tsc-khz", required_argument, NULL, OPT_TSC_KHZ },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct convert {
	const char *output;
	uint64_t level;
	uint64_t tsc_khz;
	bool force, help;
};

static int print_help(void)
{
	printf("Usage: acrntrace convert -o FILE [OPTION]... INPUT...\n"
	       "Make a stream of upstream's capture directory or files, or of another stream.\n\n"
	       "  -o, --output FILE  the stream to write; - is standard output\n"
	       "      --level N      compression, zstd's 1 (fast) to 19 (small); default %d\n"
	       "      --tsc-khz N    frequency of the TSC, to be kept in the stream\n"
	       "      --force        replace FILE if it exists\n"
	       "  -h, --help         print this\n",
	       STREAM_LEVEL_DEFAULT);
	return CLI_OK;
}

/* CLI_OK, or CLI_USAGE after a message. */
static int parse_options(int argc, char **argv, struct convert *convert)
{
	struct error error;
	int option, err = 0;

	opterr = 0;
	while (!err && (option = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1) {
		switch (option) {
		case 'o':
			convert->output = optarg;
			break;
		case OPT_LEVEL:
			err = cli_parse_number(optarg, "the level", 1, 19, &convert->level, &error);
			break;
		case OPT_TSC_KHZ:
			err = cli_parse_number(optarg, "the TSC's frequency in kHz", 1, TSC_KHZ_MAX,
					       &convert->tsc_khz, &error);
			break;
		case OPT_FORCE:
			convert->force = true;
			break;
		case 'h':
			convert->help = true;
			return CLI_OK;
		default:
			return bad_option("convert", argv);
		}
	}
	if (err)
		return cli_usage("%s", error.text);
	if (!convert->output)
		return cli_usage("convert: name the stream to write with -o FILE");
	if (optind == argc)
		return cli_usage("convert: name an upstream capture directory, files, or a stream");
	if (strcmp(convert->output, "-") == 0 && isatty(STDOUT_FILENO))
		return cli_usage("convert: a stream is not for a terminal; name a file with -o");
	return CLI_OK;
}

/* The losses that cannot be counted are unknown in the new stream too. */
static void copy_loss_unknown(struct stream_writer *writer, const struct source *source)
{
	if (source->loss_counted)
		return;
	for (unsigned int i = 0; i < source->header->nr_pcpus; i++)
		stream_writer_loss_unknown(writer, source->header->pcpus[i]);
}

static int copy_item(struct stream_writer *writer, const struct trace_item *item,
		     struct trace_record *records, struct error *error)
{
	int err;

	if (item->kind == ITEM_LOSS)
		return stream_write_loss(writer, &item->loss, error);
	err = columns_join(&item->columns, records);
	if (err)
		return error_set(error, -err, "pCPU %u: a chunk lacks its payload",
				 item->columns.pcpu);
	return stream_write_trace(writer, item->columns.pcpu, records, item->columns.count, error);
}

/* All items. *write_failed tells whose error it is: the output's, or the input's. */
static int copy_items(struct stream_writer *writer, struct source *source, bool *write_failed,
		      struct error *error)
{
	struct trace_record *records = malloc(CHUNK_RECORDS * sizeof(*records));
	struct trace_item item = { .kind = ITEM_TRACE };
	int err = 0;

	if (!records)
		return error_set(error, ENOMEM, "no memory for a chunk of records");
	while (!err) {
		err = source_next(source, &item, error);
		if (err || item.kind == ITEM_END)
			break;
		err = copy_item(writer, &item, records, error);
		*write_failed = err != 0;
	}
	free(records);
	return err;
}

static void print_summary(const char *output, const struct stream_totals *totals)
{
	fprintf(stderr, "%s: %llu records, ", output, (unsigned long long)totals->records);
	if (totals->lost_unknown)
		fprintf(stderr, "lost unknown, ");
	else
		fprintf(stderr, "%llu lost, ", (unsigned long long)totals->lost);
	fprintf(stderr, "%llu bytes", (unsigned long long)totals->bytes);
	if (totals->records)
		fprintf(stderr, ", %.2f a record", (double)totals->bytes / (double)totals->records);
	fputc('\n', stderr);
}

/* Copies, ends the stream, and says how it went; also a part of an input is a whole stream. */
static int convert_source(const struct convert *convert, const struct input *input,
			  struct source *source, int fd)
{
	struct error error, close_error;
	struct stream_writer *writer;
	struct stream_totals totals;
	struct stat file;
	bool write_failed = false;
	int err, close_err = 0;

	err = stream_writer_open(&writer, fd, (int)convert->level, input_header(input), &error);
	if (err)
		return cli_error("%s: %s", convert->output, error.text);
	copy_loss_unknown(writer, source);
	err = copy_items(writer, source, &write_failed, &error);
	stream_writer_totals(writer, -1, &totals);
	if (write_failed) {
		stream_writer_abandon(writer);
		return cli_error("%s: %s", convert->output, error.text);
	}
	close_err = stream_writer_close(writer, err ? "the input broke off" : "converted",
					&close_error);
	if (close_err)
		return cli_error("%s: %s", convert->output, close_error.text);
	if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode))
		totals.bytes = (uint64_t)file.st_size; /* with its end */
	print_summary(convert->output, &totals);
	return err ? cli_error("%s", error.text) : CLI_OK;
}

static int convert_input(const struct convert *convert, struct input *input, char **paths, int nr)
{
	struct source_filter filter = { .payload = true };
	struct source *source = NULL;
	struct error error;
	int status, fd, err;

	err = input_source(input, &filter, &source, &error);
	if (err)
		return cli_error("%s", error.text);
	fd = open_output(convert->output, convert->force, paths, nr, &error);
	if (fd < 0) {
		status = cli_error("%s", error.text);
	} else {
		status = convert_source(convert, input, source, fd);
		if (fd != STDOUT_FILENO && close(fd) < 0 && status == CLI_OK)
			status =
				cli_error("%s: cannot write: %s", convert->output, strerror(errno));
	}
	source_close(source);
	return status;
}

int cmd_convert(int argc, char **argv)
{
	struct convert convert = { .level = STREAM_LEVEL_DEFAULT };
	int status = parse_options(argc, argv, &convert);
	struct input *input;
	struct error error;

	if (status != CLI_OK)
		return status;
	if (convert.help)
		return print_help();
	if (input_open(&input, argv + optind, argc - optind, convert.tsc_khz, &error))
		return cli_error("%s", error.text);
	status = convert_input(&convert, input, argv + optind, argc - optind);
	input_close(input);
	return status;
}
