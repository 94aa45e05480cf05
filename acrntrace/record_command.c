// SPDX-License-Identifier: BSD-3-Clause
/* The command that record runs while it records. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acrntrace/record_command.h"

#define END_TIMEOUT_MS 1000

/* 0: path is a program that we may run. */
static int runnable(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return -errno;
	return S_ISREG(status.st_mode) && access(path, X_OK) == 0 ? 0 : -EACCES;
}

int command_find(const char *name, struct error *error)
{
	const char *path = getenv("PATH"), *at = path && *path ? path : "/usr/bin:/bin";
	char full[4096];
	int ret = -ENOENT;

	if (strchr(name, '/')) {
		ret = runnable(name);
		if (ret < 0)
			return error_set(error, -ret, "%s: %s", name, strerror(-ret));
		return 0;
	}
	for (;;) {
		int length = (int)strcspn(at, ":");

		snprintf(full, sizeof(full), "%.*s%s%s", length, at, length ? "/" : "", name);
		if (runnable(full) == 0)
			return 0;
		at += length;
		if (*at++ == '\0')
			return error_set(error, ENOENT, "%s: command not found", name);
	}
}

static void run_child(char **argv, int hold_fd, int exec_fd)
{
	sigset_t none;
	char go;
	int err;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	if (read(hold_fd, &go, 1) != 1)
		_exit(0);
	execvp(argv[0], argv);
	err = errno;
	if (write(exec_fd, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

int command_prepare(struct record_command *command, char **argv, struct error *error)
{
	int hold[2], exec[2];

	command->argv = argv;
	if (pipe2(hold, O_CLOEXEC) < 0)
		return error_set(error, errno, "pipe: %s", strerror(errno));
	if (pipe2(exec, O_CLOEXEC) < 0) {
		close(hold[0]);
		close(hold[1]);
		return error_set(error, errno, "pipe: %s", strerror(errno));
	}
	command->pid = fork();
	if (command->pid == 0) {
		close(hold[1]);
		run_child(argv, hold[0], exec[1]);
	}
	close(hold[0]);
	close(exec[1]);
	command->hold_fd = hold[1];
	command->exec_fd = exec[0];
	if (command->pid > 0)
		return 0;
	command->pid = 0;
	close(hold[1]);
	close(exec[0]);
	return error_set(error, errno, "fork: %s", strerror(errno));
}

int command_go(struct record_command *command, struct error *error)
{
	int err = 0;
	ssize_t got;

	if (write(command->hold_fd, "", 1) != 1)
		err = errno;
	/* Closed by a successful exec. */
	got = read(command->exec_fd, &err, sizeof(err));
	if (got < 0)
		err = errno;
	close(command->hold_fd);
	close(command->exec_fd);
	command->hold_fd = command->exec_fd = -1;
	if (err)
		return error_set(error, err, "%s: %s", command->argv[0], strerror(err));
	return 0;
}

bool command_poll(struct record_command *command)
{
	if (command->pid > 0 && !command->ended)
		command->ended = waitpid(command->pid, &command->status, WNOHANG) == command->pid;
	return command->ended;
}

void command_end(struct record_command *command)
{
	struct pollfd child = { .events = POLLIN };

	if (command->pid <= 0)
		return;
	if (command->hold_fd >= 0) /* it was never told to go, and goes now */
		close(command->hold_fd);
	if (command->exec_fd >= 0)
		close(command->exec_fd);
	command->hold_fd = command->exec_fd = -1;
	if (command_poll(command))
		return;
	kill(command->pid, SIGTERM);
	child.fd = pidfd_open(command->pid, 0);
	if (child.fd >= 0) {
		poll(&child, 1, END_TIMEOUT_MS);
		close(child.fd);
	}
	command_poll(command);
}

void command_describe(const struct record_command *command, char *text, size_t size)
{
	if (!command->ended)
		snprintf(text, size, "is still running");
	else if (WIFSIGNALED(command->status))
		snprintf(text, size, "was killed by SIG%s",
			 sigabbrev_np(WTERMSIG(command->status)));
	else
		snprintf(text, size, "exited with status %d", WEXITSTATUS(command->status));
}
