// SPDX-License-Identifier: BSD-3-Clause
/* What the main thread does while the others record. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "acrntrace/record_summary.h"
#include "acrntrace/record_wait.h"

#define PROGRESS_NS 500000000U
#define SAME_SIGNAL_NS 500000000U

static const int end_signals[] = { SIGINT, SIGTERM, SIGHUP };
static uint64_t ended_ns; /* CLOCK_MONOTONIC */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

int wait_prepare(struct record_wait *wait, struct error *error)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(end_signals) / sizeof(end_signals[0]); i++)
		sigaddset(&set, end_signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	wait->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (wait->signal_fd < 0)
		return error_set(error, errno, "signalfd: %s", strerror(errno));
	return 0;
}

/*
 * A signal that comes with the one that ended us (timeout(1) sends two) does nothing; one that
 * comes later finds somebody out of patience.
 */
static void on_late_signal(int number)
{
	if (now_ns() - ended_ns < SAME_SIGNAL_NS)
		return;
	signal(number, SIG_DFL);
	raise(number);
}

void wait_done(struct record_wait *wait)
{
	struct sigaction action = { .sa_handler = on_late_signal, .sa_flags = SA_RESTART };
	sigset_t set;

	ended_ns = now_ns();
	if (wait->signal_fd >= 0)
		close(wait->signal_fd);
	wait->signal_fd = -1;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(end_signals) / sizeof(end_signals[0]); i++) {
		sigaction(end_signals[i], &action, NULL);
		sigaddset(&set, end_signals[i]);
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static bool end(struct record_wait *wait, const char *reason)
{
	snprintf(wait->reason, sizeof(wait->reason), "%s", reason);
	return true;
}

/* Says what is wrong, and keeps it for the summary. */
static void fail(struct record_wait *wait, const char *text)
{
	if (!wait->failed)
		error_set(&wait->failure, 0, "%s", text);
	wait->failed = true;
	if (wait->progress)
		progress_clear();
	cli_error("%s", text);
}

static bool on_signal(struct record_wait *wait)
{
	struct signalfd_siginfo info;

	while (read(wait->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		char name[32];

		if (info.ssi_signo == SIGCHLD) {
			if (wait->command && command_poll(wait->command))
				return end(wait, "the command ended");
			continue;
		}
		snprintf(name, sizeof(name), "SIG%s", sigabbrev_np((int)info.ssi_signo));
		return end(wait, name);
	}
	return false;
}

static bool on_capture_event(struct record_wait *wait)
{
	struct error error;
	uint64_t events;
	int ret;

	/* Only to make it unreadable. */
	if (read(capture_event_fd(wait->capture), &events, sizeof(events)) < 0)
		return false;
	while (capture_next_dropped(wait->capture, &error))
		fail(wait, error.text);
	ret = capture_failed(wait->capture, &error);
	if (ret == 0)
		return false;
	if (!wait->failure_told)
		fail(wait, error.text);
	wait->failure_told = true;
	return end(wait, ret == -ENODEV ? "no ring was left" : "the output failed");
}

/* true: "q" was typed. stdin is no longer looked at after its end. */
static bool on_key(struct pollfd *in)
{
	char line[256];
	ssize_t got = read(STDIN_FILENO, line, sizeof(line));

	if (got <= 0)
		in->fd = -1;
	return got > 0 && memchr(line, 'q', (size_t)got);
}

bool wait_check(struct record_wait *wait)
{
	struct error error;
	int ret;

	on_capture_event(wait);
	ret = capture_failed(wait->capture, &error);
	return ret < 0 && ret != -ENODEV;
}

static bool hypervisor_ended(struct record_wait *wait)
{
	fail(wait, "the hypervisor has ended");
	return end(wait, "the hypervisor ended");
}

enum { FD_SIGNAL, FD_CAPTURE, FD_HSM, FD_KEYS, NR_FDS };

static bool look(struct record_wait *wait, struct pollfd *fds)
{
	if (fds[FD_CAPTURE].revents && on_capture_event(wait))
		return true;
	if (fds[FD_SIGNAL].revents && on_signal(wait))
		return true;
	if (fds[FD_HSM].revents & (POLLHUP | POLLERR))
		return hypervisor_ended(wait);
	if (fds[FD_KEYS].revents && on_key(&fds[FD_KEYS]))
		return end(wait, "q was typed");
	return false;
}

void wait_for_end(struct record_wait *wait)
{
	struct pollfd fds[NR_FDS] = {
		[FD_SIGNAL] = { .fd = wait->signal_fd, .events = POLLIN },
		[FD_CAPTURE] = { .fd = capture_event_fd(wait->capture), .events = POLLIN },
		[FD_HSM] = { .fd = wait->hsm ? wait->hsm->fd : -1 }, /* POLLHUP comes unasked */
		[FD_KEYS] = { .fd = wait->keys ? STDIN_FILENO : -1, .events = POLLIN },
	};
	uint64_t start = now_ns();
	bool ended = false;

	if (wait->hsm && wait->hsm->gone)
		ended = hypervisor_ended(wait);
	while (!ended) {
		uint64_t elapsed = now_ns() - start,
			 left = wait->progress ? PROGRESS_NS : UINT64_MAX;
		struct timespec timeout;

		if (wait->duration_ns && elapsed >= wait->duration_ns)
			break;
		if (wait->duration_ns && wait->duration_ns - elapsed < left)
			left = wait->duration_ns - elapsed;
		timeout = (struct timespec){ .tv_sec = (time_t)(left / 1000000000U),
					     .tv_nsec = (long)(left % 1000000000U) };
		if (ppoll(fds, NR_FDS, left == UINT64_MAX ? NULL : &timeout, NULL) > 0)
			ended = look(wait, fds);
		if (wait->progress)
			wait->progress(wait->context, now_ns() - start);
	}
	if (!ended)
		end(wait, "the time was over");
	wait->elapsed_ns = now_ns() - start;
}
