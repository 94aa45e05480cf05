// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acrntrace/options.h"
#include "formats/cli.h"

int bad_option(const char *command, char *const *argv)
{
	const char *word = argv[optind - 1];
	char short_option[] = { '-', (char)optopt, '\0' };

	/* a short one may stand among others in one word */
	if (optopt > 0 && optopt < 0x80 && strncmp(word, "--", 2) != 0)
		word = short_option;
	return cli_usage("%s: unknown option, or its value is missing or too much; "
			 "'acrntrace %s --help' lists them",
			 word, command);
}

bool is_file(const char *path, const struct stat *file)
{
	struct stat other;

	return stat(path, &other) == 0 && other.st_dev == file->st_dev &&
	       other.st_ino == file->st_ino;
}

int open_output(const char *path, bool force, char *const *inputs, int nr, struct error *error)
{
	struct stat output;
	int fd;

	if (strcmp(path, "-") == 0)
		return STDOUT_FILENO;
	if (force && stat(path, &output) == 0)
		for (int i = 0; i < nr; i++)
			if (is_file(inputs[i], &output))
				return error_set(error, EINVAL,
						 "%s: is the input; name another output", path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL), 0666);
	if (fd < 0 && errno == EEXIST)
		return error_set(error, EEXIST, "%s: exists; give --force to replace it", path);
	if (fd < 0)
		return error_set(error, errno, "%s: %s", path, strerror(errno));
	return fd;
}
