// SPDX-License-Identifier: BSD-3-Clause
/*
 * The socket acrn_hsm of the run directory: what a program in the Service VM would reach by CPUID
 * and its HSM driver. A client is as untrusted as a guest: a message of the wrong shape costs it
 * the connection and the log one line.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hv/arch/host/port.h"
#include "hv/client/hsm_wire.h"

#define MAX_CLIENTS 16
#define SEND_TIMEOUT_S 1

_Static_assert(HSM_DATA_MAX <= MAILBOX_DATA_MAX, "a message's data fits into the mailbox");

static struct {
	pthread_t thread;
	bool running;
	int stop; /* eventfd */
	int directory;
	struct pollfd fds[2 + MAX_CLIENTS]; /* stop, the listening socket, clients */
	unsigned int nr;
} hsm;

static void complain(const char *what)
{
	fprintf(stderr, "acrn-hv: %s: %s\n", HSM_SOCKET_NAME, what);
}

/* The result, and what belongs into the reply. */
static int32_t make_call(struct hsm_request *request, struct hsm_reply *reply)
{
	struct host_call call = { .is_cpuid = request->op == HSM_CPUID };
	int error;

	memcpy(call.param, request->param, sizeof(call.param));
	if (request->op == HSM_HYPERCALL) {
		call.data_param = request->data_param;
		call.data = request->data;
		call.size = request->size;
	}
	error = host_service_call(&call);
	if (error)
		return error;
	if (call.is_cpuid) {
		reply->size = sizeof(struct hsm_cpuid);
		memcpy(reply->data, call.regs, sizeof(struct hsm_cpuid));
	} else {
		reply->size = request->size;
		memcpy(reply->data, request->data, request->size);
	}
	return (int32_t)call.result;
}

static int32_t answer(struct hsm_request *request, struct hsm_reply *reply)
{
	if (request->op != HSM_CPUID && request->op != HSM_HYPERCALL)
		return -ENOSYS;
	if (request->data_param > HSM_DATA_PARAM2 ||
	    (request->data_param == HSM_DATA_NONE && request->size))
		return -EINVAL;
	return make_call(request, reply);
}

/* The length is what was received, which may be more than there is room for. */
static const char *what_is_wrong(const struct hsm_request *request, ssize_t length)
{
	if (length < (ssize_t)HSM_REQUEST_SIZE(0))
		return "a message is too short; connection closed";
	if (request->magic != HSM_MAGIC)
		return "a message has not the magic of this version; connection closed";
	if (request->size > HSM_DATA_MAX || length != (ssize_t)HSM_REQUEST_SIZE(request->size))
		return "a message has not the length it claims; connection closed";
	return NULL;
}

/* False: the connection is to be closed. */
static bool serve(int client)
{
	static struct hsm_request request;
	static struct hsm_reply reply;
	ssize_t length = recv(client, &request, sizeof(request), MSG_TRUNC | MSG_DONTWAIT);
	const char *wrong;

	if (length < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!length)
		return false;
	wrong = what_is_wrong(&request, length);
	if (wrong) {
		complain(wrong);
		return false;
	}
	reply.magic = HSM_MAGIC;
	reply.size = 0;
	reply.reserved = 0;
	reply.result = answer(&request, &reply);
	length = (ssize_t)HSM_REPLY_SIZE(reply.size);
	return send(client, &reply, (size_t)length, MSG_NOSIGNAL) == length;
}

static void accept_client(int listener)
{
	const struct timeval timeout = { .tv_sec = SEND_TIMEOUT_S };
	int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (client < 0)
		return;
	if (hsm.nr == ARRAY_SIZE(hsm.fds)) {
		complain("too many clients; connection closed");
		close(client);
		return;
	}
	/* A client that does not read its answers cannot hold up the others for longer. */
	setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	hsm.fds[hsm.nr++] = (struct pollfd){ .fd = client, .events = POLLIN };
}

static void *hsm_thread(void *argument)
{
	(void)argument;
	while (poll(hsm.fds, hsm.nr, -1) >= 0 || errno == EINTR) {
		if (hsm.fds[0].revents)
			break;
		for (unsigned int i = hsm.nr; i-- > 2;) {
			if (!hsm.fds[i].revents || serve(hsm.fds[i].fd))
				continue;
			close(hsm.fds[i].fd);
			hsm.fds[i] = hsm.fds[--hsm.nr];
		}
		if (hsm.fds[1].revents)
			accept_client(hsm.fds[1].fd);
	}
	return NULL;
}

/* Through /proc, as a socket's path is limited to some 100 bytes and a directory's is not. */
static int listen_in(int directory)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", directory,
		 HSM_SOCKET_NAME);
	unlinkat(directory, HSM_SOCKET_NAME, 0);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
	    !fchmodat(directory, HSM_SOCKET_NAME, 0600, 0) && !listen(fd, MAX_CLIENTS))
		return fd;
	if (fd >= 0) {
		int error = errno;

		close(fd);
		errno = error;
	}
	return -errno;
}

int host_hsm_start(int directory)
{
	int listener = listen_in(directory), error;
	sigset_t all, old;

	if (listener < 0) {
		complain(strerror(-listener));
		return listener;
	}
	hsm.directory = directory;
	hsm.stop = eventfd(0, EFD_CLOEXEC);
	hsm.fds[0] = (struct pollfd){ .fd = hsm.stop, .events = POLLIN };
	hsm.fds[1] = (struct pollfd){ .fd = listener, .events = POLLIN };
	hsm.nr = 2;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = -pthread_create(&hsm.thread, NULL, hsm_thread, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	hsm.running = !error;
	return error;
}

void host_hsm_stop(void)
{
	const uint64_t one = 1;

	if (!hsm.running)
		return;
	if (write(hsm.stop, &one, sizeof(one)) != sizeof(one))
		return;
	pthread_join(hsm.thread, NULL);
	for (unsigned int i = 0; i < hsm.nr; i++)
		close(hsm.fds[i].fd);
	unlinkat(hsm.directory, HSM_SOCKET_NAME, 0);
	hsm.running = false;
}
