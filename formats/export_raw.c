// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/export.h"
#include "formats/stream.h"

struct raw_export {
	int dir_fd;
	const char *dir;
	bool replace;
	int fds[STREAM_MAX_PCPUS]; /* one more than the file descriptor; 0: not open */
	struct trace_record *records;
	struct raw_summary *summary;
};

/* The file of the pCPU, made when its first records come; or a negative errno. */
static int raw_file_of(struct raw_export *raw, uint16_t pcpu, struct error *error)
{
	char name[8];
	int fd;

	if (pcpu >= STREAM_MAX_PCPUS)
		return error_set(error, EINVAL, "%s: pCPU %u: there are at most %u", raw->dir, pcpu,
				 STREAM_MAX_PCPUS);
	if (raw->fds[pcpu])
		return raw->fds[pcpu] - 1;
	snprintf(name, sizeof(name), "%u", pcpu);
	fd = openat(raw->dir_fd, name,
		    O_WRONLY | O_CREAT | O_CLOEXEC | (raw->replace ? O_TRUNC : O_EXCL), 0666);
	if (fd < 0)
		return error_set(error, errno, "%s/%s: %s", raw->dir, name, strerror(errno));
	raw->fds[pcpu] = fd + 1;
	raw->summary->files++;
	return fd;
}

static int write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static int raw_chunk(struct raw_export *raw, const struct trace_columns *columns,
		     struct error *error)
{
	int fd = raw_file_of(raw, columns->pcpu, error), err;

	if (fd < 0)
		return fd;
	err = columns_join(columns, raw->records);
	if (err)
		return error_set(error, -err, "pCPU %u: a chunk lacks its payload", columns->pcpu);
	err = write_all(fd, raw->records, columns->count * sizeof(*raw->records));
	if (err)
		return error_set(error, -err, "%s/%u: cannot write: %s", raw->dir, columns->pcpu,
				 strerror(-err));
	raw->summary->records += columns->count;
	return 0;
}

static int raw_items(struct raw_export *raw, struct source *source, struct error *error)
{
	struct trace_item item;

	for (;;) {
		int err = source_next(source, &item, error);

		if (!err && item.kind == ITEM_END)
			return 0;
		if (!err && item.kind == ITEM_TRACE)
			err = raw_chunk(raw, &item.columns, error);
		if (err)
			return err;
		if (item.kind == ITEM_LOSS) {
			raw->summary->gaps++;
			raw->summary->lost += item.loss.count;
			raw->summary->lost_unknown |= item.loss.unknown;
		}
	}
}

int export_raw(struct source *source, int dir_fd, const char *dir, bool replace,
	       struct raw_summary *summary, struct error *error)
{
	struct raw_export raw = { dir_fd, dir, replace, { 0 }, NULL, summary };
	int err;

	memset(summary, 0, sizeof(*summary));
	raw.records = malloc(CHUNK_RECORDS * sizeof(*raw.records));
	if (!raw.records)
		return error_set(error, ENOMEM, "%s: no memory", dir);
	err = raw_items(&raw, source, error);
	for (unsigned int i = 0; i < STREAM_MAX_PCPUS; i++) {
		/* some file systems tell of a full disk only here */
		if (raw.fds[i] && close(raw.fds[i] - 1) < 0 && !err)
			err = error_set(error, errno, "%s/%u: cannot write: %s", dir, i,
					strerror(errno));
	}
	free(raw.records);
	return err;
}
