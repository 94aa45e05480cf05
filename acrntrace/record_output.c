// SPDX-License-Identifier: BSD-3-Clause
/* The file that record writes to. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acrntrace/record_output.h"

const char *output_file_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard output" : path;
}

static int keep_old(const char *path, struct error *error)
{
	char old[4096];
	int length = snprintf(old, sizeof(old), "%s.old", path);

	if (length < 0 || (size_t)length >= sizeof(old))
		return error_set(error, ENAMETOOLONG, "%s: the name is too long", path);
	if (rename(path, old) < 0)
		return error_set(error, errno, "%s: cannot be renamed to %s: %s", path, old,
				 strerror(errno));
	return 0;
}

static int use_stdout(struct error *error)
{
	int fd;

	if (isatty(STDOUT_FILENO))
		return error_set(error, EINVAL,
				 "standard output: a terminal cannot show a stream; give -o FILE, "
				 "or a pipe");
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? error_set(error, errno, "standard output: %s", strerror(errno)) : fd;
}

int output_file_open(const char *path, struct error *error)
{
	struct stat status;
	int fd, flags;

	if (strcmp(path, "-") == 0)
		return use_stdout(error);
	if (stat(path, &status) == 0) {
		int ret = S_ISREG(status.st_mode) ? keep_old(path, error) : 0;

		if (ret < 0)
			return ret;
		if (S_ISDIR(status.st_mode))
			return error_set(error, EISDIR, "%s: is a directory; -o takes a file",
					 path);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
	if (fd < 0 && errno == ENXIO)
		return error_set(error, errno, "%s: nobody reads from this FIFO", path);
	if (fd < 0)
		return error_set(error, errno, "%s: %s", path, strerror(errno));
	/* Not to wait was for the open only. */
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) {
		int err = errno;

		close(fd);
		return error_set(error, err, "%s: %s", path, strerror(err));
	}
	return fd;
}
