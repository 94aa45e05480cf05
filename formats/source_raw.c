// SPDX-License-Identifier: BSD-3-Clause
/* Upstream's raw capture files as a source: a file a pCPU, nothing but 32-byte records. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/columns.h"
#include "formats/source.h"
#include "formats/stream.h"

struct raw_input {
	int fd;
	uint16_t pcpu;
	char *name;
};

struct raw_source {
	struct source source;
	struct stream_header header;
	struct source_filter filter;
	struct columns_buffer *buffer;
	struct trace_record *records; /* CHUNK_RECORDS */
	unsigned int nr_inputs;
	unsigned int at; /* the input that is being read */
	size_t rest;	 /* bytes behind its last whole record */
	bool failed;
	struct raw_input input[];
};

/* Fills the records from the present input, short only at its end. Bytes, or a negative errno. */
static ssize_t read_chunk(const struct raw_source *raw, const struct raw_input *input,
			  struct error *error)
{
	size_t room = CHUNK_RECORDS * sizeof(struct trace_record), got = 0;

	while (got < room) {
		ssize_t n = read(input->fd, (char *)raw->records + got, room - got);

		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(error, errno, "%s: cannot be read: %s", input->name,
					 strerror(errno));
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/* A chunk of the present input in item; 1, 0 at its end, or a negative errno. */
static int next_chunk(struct raw_source *raw, struct trace_item *item, struct error *error)
{
	const struct raw_input *input = &raw->input[raw->at];
	ssize_t got = raw->rest ? 0 : read_chunk(raw, input, error);
	size_t count = got < 0 ? 0 : (size_t)got / sizeof(struct trace_record);
	int rc;

	if (got < 0)
		return (int)got;
	if (got)
		raw->rest = (size_t)got % sizeof(struct trace_record);
	if (count) {
		item->kind = ITEM_TRACE;
		rc = columns_split(raw->buffer, input->pcpu, raw->records, (uint32_t)count,
				   &item->columns);
		return rc ? error_set(error, -rc, "%s: no memory", input->name) : 1;
	}
	if (raw->rest)
		return error_set(error, EINVAL,
				 "%s: ends inside a record, %zu bytes behind the last whole one; "
				 "the file was cut off",
				 input->name, raw->rest);
	return 0;
}

static int raw_next(struct source *source, struct trace_item *item, struct error *error)
{
	struct raw_source *raw = (struct raw_source *)source;

	while (!raw->failed && raw->at < raw->nr_inputs) {
		bool skip = raw->filter.one_pcpu && raw->input[raw->at].pcpu != raw->filter.pcpu;
		int rc = skip ? 0 : next_chunk(raw, item, error);

		if (rc < 0)
			raw->failed = true;
		if (rc)
			return rc < 0 ? rc : 0;
		raw->at++;
		raw->rest = 0;
	}
	item->kind = ITEM_END;
	return 0;
}

static void raw_close(struct source *source)
{
	struct raw_source *raw = (struct raw_source *)source;

	for (unsigned int i = 0; i < raw->nr_inputs; i++) {
		if (raw->input[i].fd >= 0)
			close(raw->input[i].fd);
		free(raw->input[i].name);
	}
	columns_buffer_free(raw->buffer);
	free(raw->records);
	free(raw);
}

int source_open_raw(struct source **source, const struct raw_file *files, unsigned int nr_files,
		    const struct stream_header *header, const struct source_filter *filter,
		    struct error *error)
{
	struct raw_source *raw = calloc(1, sizeof(*raw) + nr_files * sizeof(raw->input[0]));
	bool names = true;

	if (!raw) {
		for (unsigned int i = 0; i < nr_files; i++)
			close(files[i].fd);
		return error_set(error, ENOMEM, "no memory");
	}
	raw->source = (struct source){ raw_next, raw_close, &raw->header, false };
	raw->header = *header;
	raw->filter = *filter;
	raw->buffer = columns_buffer_new();
	raw->records = malloc(CHUNK_RECORDS * sizeof(struct trace_record));
	raw->nr_inputs = nr_files;
	for (unsigned int i = 0; i < nr_files; i++) {
		raw->input[i] =
			(struct raw_input){ files[i].fd, files[i].pcpu, strdup(files[i].name) };
		names = names && raw->input[i].name;
	}
	if (!raw->buffer || !raw->records || !names) {
		raw_close(&raw->source);
		return error_set(error, ENOMEM, "no memory");
	}
	*source = &raw->source;
	return 0;
}
