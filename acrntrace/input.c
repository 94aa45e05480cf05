// SPDX-License-Identifier: BSD-3-Clause
/* Finds out what a user named as input, and opens sources over it. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acrntrace/input.h"
#include "formats/cli.h"
#include "formats/events.h"
#include "formats/timespan.h"

#define ZSTD_MAGIC 0xfd2fb528U
#define ZSTD_SKIPPABLE 0x184d2a50U /* to ...5f */

struct input_file {
	char *path;
	uint16_t pcpu;
};

struct input {
	char *name; /* what the user called it */
	struct stream_header header;
	uint64_t tsc_khz; /* given by the user, or 0 */

	bool is_stream;
	int fd;	       /* of the stream; -1 for raw files */
	bool is_pipe;  /* can be read once only */
	bool consumed; /* and was */
	off_t start;   /* of the stream in the file */

	struct input_file *files; /* raw */
	unsigned int nr_files;
};

/* --- what kind of file it is --- */

enum kind { KIND_STREAM, KIND_RAW, KIND_PIPE, KIND_UNKNOWN };

/* Ids of 24 bits: also events that are newer than this program, but hardly text or other data. */
static bool plausible_record(const struct trace_record *record)
{
	uint8_t n_data = TRACE_WORD_N_DATA(record->word);

	return TRACE_WORD_EVENT(record->word) < 1U << 24 &&
	       (n_data == TRACE_2L || n_data == TRACE_4I || n_data == TRACE_6C ||
		n_data == TRACE_16STR);
}

/* Looks at the first bytes of fd without moving its offset; first holds a raw file's record. */
static int find_kind(int fd, const char *path, enum kind *kind, struct trace_record *first,
		     struct error *error)
{
	uint32_t magic;
	struct stat st;
	ssize_t got;

	if (fstat(fd, &st) < 0)
		return error_set(error, errno, "%s: %s", path, strerror(errno));
	*kind = KIND_PIPE;
	if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
		return 0;
	got = pread(fd, first, sizeof(*first), lseek(fd, 0, SEEK_CUR));
	if (got < 0)
		return error_set(error, errno, "%s: cannot be read: %s", path, strerror(errno));
	memcpy(&magic, first, sizeof(magic));
	*kind = KIND_UNKNOWN;
	if (got >= (ssize_t)sizeof(magic) &&
	    (magic == ZSTD_MAGIC || (magic & ~0xfU) == ZSTD_SKIPPABLE))
		*kind = KIND_STREAM;
	else if (got == sizeof(*first) && plausible_record(first))
		*kind = KIND_RAW;
	else if (got == 0)
		return error_set(error, EINVAL, "%s: the file is empty", path);
	return 0;
}

/* --- raw files --- */

/* The number that a file of an upstream directory is named by, or -1. */
static int name_pcpu(const char *name)
{
	int value = 0;

	for (const char *c = name; *c; c++) {
		if (!isdigit((unsigned char)*c) || c - name > 3)
			return -1;
		value = value * 10 + (*c - '0');
	}
	return *name && value < (int)STREAM_MAX_PCPUS ? value : -1;
}

static int add_raw(struct input *input, const char *path, unsigned int pcpu, struct error *error)
{
	struct input_file *files;

	for (unsigned int i = 0; i < input->nr_files; i++)
		if (input->files[i].pcpu == pcpu)
			return error_set(error, EINVAL,
					 "%s: pCPU %u again, which %s already has; give the "
					 "files of one capture",
					 path, pcpu, input->files[i].path);
	files = realloc(input->files, (input->nr_files + 1) * sizeof(*files));
	if (!files)
		return error_set(error, ENOMEM, "no memory");
	input->files = files;
	files[input->nr_files].pcpu = (uint16_t)pcpu;
	files[input->nr_files].path = strdup(path);
	if (!files[input->nr_files].path)
		return error_set(error, ENOMEM, "no memory");
	input->nr_files++;
	return 0;
}

/* That a file of a directory holds records, or nothing: an idle pCPU's may be empty. */
static int check_raw(const char *path, struct error *error)
{
	struct trace_record first;
	enum kind kind = KIND_UNKNOWN;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return error_set(error, errno, "%s: cannot be opened: %s", path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0)
		rc = 0;
	else if ((rc = find_kind(fd, path, &kind, &first, error)) == 0 && kind != KIND_RAW)
		rc = error_set(error, EINVAL,
			       "%s: holds no trace records; name the capture's own files", path);
	close(fd);
	return rc;
}

static int compare_files(const void *a, const void *b)
{
	return (int)((const struct input_file *)a)->pcpu -
	       (int)((const struct input_file *)b)->pcpu;
}

static int add_directory(struct input *input, const char *path, struct error *error)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	char file[4096];
	int rc = 0;

	if (!dir)
		return error_set(error, errno, "%s: cannot be opened: %s", path, strerror(errno));
	while (rc == 0 && (entry = readdir(dir))) {
		int pcpu = name_pcpu(entry->d_name);

		if (pcpu < 0)
			continue;
		if ((size_t)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name) >=
		    sizeof(file))
			rc = error_set(error, ENAMETOOLONG, "%s: the path is too long", path);
		else if ((rc = check_raw(file, error)) == 0)
			rc = add_raw(input, file, (unsigned int)pcpu, error);
	}
	closedir(dir);
	if (rc == 0 && input->nr_files == 0)
		rc = error_set(error, ENOENT,
			       "%s: the directory has no trace; a capture has files named by "
			       "pCPU: 0, 1, ...",
			       path);
	return rc;
}

/* --- opening --- */

static int use_stream(struct input *input, int fd, bool is_pipe)
{
	input->is_stream = true;
	input->is_pipe = is_pipe;
	input->fd = fd;
	input->start = is_pipe ? 0 : lseek(fd, 0, SEEK_CUR);
	return 0;
}

static int add_file(struct input *input, int fd, const char *path, bool only, struct error *error)
{
	struct trace_record first;
	const char *slash = strrchr(path, '/');
	enum kind kind = KIND_UNKNOWN;
	int pcpu, rc = find_kind(fd, path, &kind, &first, error);

	if (rc == 0 && kind == KIND_UNKNOWN)
		rc = error_set(error, EINVAL,
			       "%s: not a trace; give a stream that acrntrace record wrote, or "
			       "upstream's per-pCPU files",
			       path);
	if (rc == 0 && kind != KIND_RAW && !only)
		rc = error_set(error, EINVAL, "%s: a stream is read alone, not with other inputs",
			       path);
	if (rc == 0 && kind != KIND_RAW)
		return use_stream(input, fd, kind == KIND_PIPE);
	if (rc == 0) {
		pcpu = name_pcpu(slash ? slash + 1 : path);
		rc = add_raw(input, fd == STDIN_FILENO ? "/dev/stdin" : path,
			     pcpu < 0 ? TRACE_WORD_PCPU(first.word) : (unsigned int)pcpu, error);
	}
	if (fd != STDIN_FILENO)
		close(fd);
	return rc;
}

static int add_path(struct input *input, const char *path, bool only, struct error *error)
{
	struct stat st;
	int fd;

	if (strcmp(path, "-") == 0)
		return add_file(input, STDIN_FILENO, "-", only, error);
	if (stat(path, &st) < 0)
		return error_set(error, errno, "%s: %s", path,
				 errno == ENOENT ? "no such file or directory" : strerror(errno));
	if (S_ISDIR(st.st_mode))
		return add_directory(input, path, error);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(error, errno, "%s: cannot be opened: %s", path, strerror(errno));
	return add_file(input, fd, path, only, error);
}

/* What a header of raw files says. */
static void make_header(struct input *input)
{
	struct stream_header *header = &input->header;

	if (input->nr_files)
		qsort(input->files, input->nr_files, sizeof(input->files[0]), compare_files);
	for (unsigned int i = 0; i < input->nr_files; i++)
		header->pcpus[header->nr_pcpus++] = input->files[i].pcpu;
}

static void override_frequency(struct input *input)
{
	if (input->header.tsc_khz > TSC_KHZ_MAX)
		input->header.tsc_khz = 0; /* no such processor: not to be believed */
	if (input->tsc_khz == 0)
		return;
	input->header.tsc_khz = input->tsc_khz;
	snprintf(input->header.tsc_source, sizeof(input->header.tsc_source), "command line");
}

static int read_header(struct input *input, struct error *error)
{
	const struct source_filter nothing = { .from_tsc = UINT64_MAX };
	struct source *source;
	int rc = input_source(input, &nothing, &source, error);

	if (rc == 0)
		source_close(source);
	return rc;
}

int input_open(struct input **result, char *const *paths, int nr, uint64_t tsc_khz,
	       struct error *error)
{
	struct input *input = calloc(1, sizeof(*input));
	int rc = 0;

	if (!input)
		return error_set(error, ENOMEM, "no memory");
	input->fd = -1;
	input->tsc_khz = tsc_khz;
	input->name = strdup(nr == 1 ? paths[0] : "capture");
	for (int i = 0; i < nr && rc == 0; i++)
		rc = add_path(input, paths[i], nr == 1, error);
	if (rc == 0 && !input->is_stream)
		make_header(input);
	else if (rc == 0 && !input->is_pipe)
		rc = read_header(input, error);
	if (rc == 0 && !input->name)
		rc = error_set(error, ENOMEM, "no memory");
	override_frequency(input);
	if (rc)
		input_close(input);
	else
		*result = input;
	return rc;
}

const struct stream_header *input_header(const struct input *input)
{
	return &input->header;
}

/* A file descriptor of its own on the stream, at its start. */
static int reopen_stream(struct input *input, struct error *error)
{
	char path[64];
	int fd;

	if (input->is_pipe) {
		if (input->consumed)
			return error_set(error, ESPIPE, "%s: a pipe can be read only once",
					 input->name);
		input->consumed = true;
		fd = fcntl(input->fd, F_DUPFD_CLOEXEC, 3);
	} else {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", input->fd);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0 || (!input->is_pipe && lseek(fd, input->start, SEEK_SET) < 0))
		return error_set(error, errno, "%s: cannot be opened: %s", input->name,
				 strerror(errno));
	return fd;
}

static int open_stream(struct input *input, const struct source_filter *filter,
		       struct source **source, struct error *error)
{
	int rc, fd = reopen_stream(input, error);

	if (fd < 0)
		return fd;
	rc = source_open_stream(source, fd, input->name, filter, error);
	if (rc)
		return rc;
	input->header = *(*source)->header;
	override_frequency(input);
	return 0;
}

static int open_raw(const struct input *input, const struct source_filter *filter,
		    struct source **source, struct error *error)
{
	struct raw_file files[STREAM_MAX_PCPUS];
	unsigned int nr = 0;
	int rc = 0;

	for (unsigned int i = 0; i < input->nr_files && rc == 0; i++) {
		const struct input_file *file = &input->files[i];

		if (filter->one_pcpu && file->pcpu != filter->pcpu)
			continue;
		files[nr] = (struct raw_file){ open(file->path, O_RDONLY | O_CLOEXEC), file->pcpu,
					       file->path };
		if (files[nr].fd < 0)
			rc = error_set(error, errno, "%s: cannot be opened: %s", file->path,
				       strerror(errno));
		else
			nr++;
	}
	if (rc == 0)
		return source_open_raw(source, files, nr, &input->header, filter, error);
	while (nr > 0)
		close(files[--nr].fd);
	return rc;
}

int input_source(struct input *input, const struct source_filter *filter, struct source **source,
		 struct error *error)
{
	return input->is_stream ? open_stream(input, filter, source, error)
				: open_raw(input, filter, source, error);
}

static int copy_all(int from, int to)
{
	char buffer[65536];
	ssize_t got;

	while ((got = read(from, buffer, sizeof(buffer))) != 0) {
		if (got < 0 && errno != EINTR)
			return -errno;
		for (ssize_t done = 0; done < got;) {
			ssize_t n = write(to, buffer + done, (size_t)(got - done));

			if (n < 0 && errno != EINTR)
				return -errno;
			done += n > 0 ? n : 0;
		}
	}
	return 0;
}

int input_spool(struct input *input, struct error *error)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];
	int fd, rc;

	if (!input->is_pipe)
		return 0;
	dir = dir && *dir ? dir : "/tmp";
	snprintf(path, sizeof(path), "%s/acrntrace-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return error_set(error, errno, "%s: no temporary file for what the pipe has: %s",
				 path, strerror(errno));
	unlink(path);
	rc = copy_all(input->fd, fd);
	if (rc == 0 && lseek(fd, 0, SEEK_SET) < 0)
		rc = -errno;
	if (rc) {
		close(fd);
		return error_set(error, -rc, "%s: cannot be copied to %s: %s", input->name, dir,
				 strerror(-rc));
	}
	if (input->fd != STDIN_FILENO)
		close(input->fd);
	input->fd = fd;
	input->is_pipe = false;
	input->start = 0;
	return read_header(input, error);
}

static int raw_first_tsc(const struct input *input, uint64_t *tsc, struct error *error)
{
	struct trace_record record;

	for (unsigned int i = 0; i < input->nr_files; i++) {
		const char *path = input->files[i].path;
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t got = fd < 0 ? -1 : pread(fd, &record, sizeof(record), 0);
		int err = errno;

		if (fd >= 0)
			close(fd);
		if (got < 0)
			return error_set(error, err, "%s: %s", path, strerror(err));
		if (got == sizeof(record) && record.tsc < *tsc)
			*tsc = record.tsc;
	}
	return 0;
}

static int stream_first_tsc(struct input *input, uint64_t *tsc, struct error *error)
{
	struct stream_info *info = calloc(1, sizeof(*info));
	int fd, rc;

	if (!info)
		return error_set(error, ENOMEM, "no memory");
	rc = input_spool(input, error);
	fd = rc ? rc : reopen_stream(input, error);
	if (fd >= 0) {
		/* Damage is the report's to tell, behind the rows of what is good. */
		stream_read_info(fd, input->name, false, info, NULL);
		close(fd);
	}
	for (unsigned int i = 0; fd >= 0 && i < info->nr_pcpus; i++)
		if (info->pcpu[i].records && info->pcpu[i].first_tsc < *tsc)
			*tsc = info->pcpu[i].first_tsc;
	free(info);
	return fd < 0 ? fd : 0;
}

int input_first_tsc(struct input *input, uint64_t *tsc, struct error *error)
{
	int rc;

	*tsc = UINT64_MAX;
	rc = input->is_stream ? stream_first_tsc(input, tsc, error)
			      : raw_first_tsc(input, tsc, error);
	if (*tsc == UINT64_MAX)
		*tsc = 0;
	return rc;
}

int input_stream_fd(const struct input *input)
{
	return input->fd;
}

const char *input_name(const struct input *input)
{
	return input->name;
}

void input_close(struct input *input)
{
	if (!input)
		return;
	if (input->fd >= 0 && input->fd != STDIN_FILENO)
		close(input->fd);
	for (unsigned int i = 0; i < input->nr_files; i++)
		free(input->files[i].path);
	free(input->files);
	free(input->name);
	free(input);
}
