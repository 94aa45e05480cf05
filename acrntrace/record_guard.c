// SPDX-License-Identifier: BSD-3-Clause
/* SIGBUS while a ring is read becomes an error of that ring. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "acrntrace/record_guard.h"
#include "formats/abi/trace.h"

/* Where this thread goes on SIGBUS; NULL outside of an access. */
static __thread sigjmp_buf *volatile way_out;

static void on_bus_error(int signal_number)
{
	if (way_out)
		siglongjmp(*way_out, 1);
	/* Not ours: happens again on return, and then does what it always does. */
	signal(signal_number, SIG_DFL);
}

void guard_install(void)
{
	/* The jump leaves the signal mask alone, so the signal must not be blocked meanwhile. */
	struct sigaction action = { .sa_handler = on_bus_error, .sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &action, NULL);
}

static int memory_gone(struct error *error)
{
	way_out = NULL;
	return error_set(error, EIO, "the ring's memory is gone (was its file truncated?)");
}

int guard_attach(struct ring *ring, void *memory, size_t length, bool keep, struct error *error)
{
	sigjmp_buf here;
	int ret;

	if (sigsetjmp(here, 0))
		return memory_gone(error);
	way_out = &here;
	ret = ring_attach(ring, memory, length, sizeof(struct trace_record), keep, error);
	way_out = NULL;
	return ret;
}

int guard_drain(struct ring *ring, void *elements, struct ring_window *window, struct error *error)
{
	sigjmp_buf here;
	int ret;

	if (sigsetjmp(here, 0))
		return memory_gone(error);
	way_out = &here;
	ret = ring_drain(ring, elements, window, error);
	way_out = NULL;
	return ret;
}
