// SPDX-License-Identifier: BSD-3-Clause
/* Rings are found, mapped and locked; the acrn_hsm socket is asked, and its bad answers refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "formats/abi/cpuid.h"
#include "formats/abi/hypercall.h"
#include "formats/abi/sbuf.h"
#include "hv/client/client.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test_client.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void make_file(const char *name, off_t size)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void test_dev_dir(void **state)
{
	(void)state;
	unsetenv("ACRN_DEV_DIR");
	assert_string_equal(client_dev_dir(NULL), "/dev");
	setenv("ACRN_DEV_DIR", "", 1);
	assert_string_equal(client_dev_dir(NULL), "/dev");
	setenv("ACRN_DEV_DIR", "/run/hv", 1);
	assert_string_equal(client_dev_dir(NULL), "/run/hv");
	assert_string_equal(client_dev_dir("x"), "x");
	unsetenv("ACRN_DEV_DIR");
}

static void test_find(void **state)
{
	static const char *const others[] = { "acrn_trace_",   "acrn_trace_1x",
					      "acrn_trace_-1", "acrn_trace_01",
					      "acrn_hvlog_0",  "acrn_trace_256",
					      "xacrn_trace_4", "acrn_trace_99999999999999999999" };
	struct pcpu_set found;
	struct error error;

	(void)state;
	assert_int_equal(client_find_rings("/no/such", CLIENT_TRACE_PREFIX, &found, &error),
			 -ENOENT);
	assert_string_equal(error.text, "/no/such: No such file or directory");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		make_file(others[i], 64);
	assert_int_equal(client_find_rings(dir, CLIENT_TRACE_PREFIX, &found, &error), -ENODEV);
	assert_non_null(strstr(error.text, "no acrn_trace_<n>"));
	make_file("acrn_trace_0", 64);
	make_file("acrn_trace_255", 64);
	make_file("acrn_trace_70", 64);
	assert_int_equal(client_find_rings(dir, CLIENT_TRACE_PREFIX, &found, &error), 0);
	for (unsigned int i = 0; i < CLI_MAX_PCPUS; i++)
		assert_int_equal(pcpu_set_has(&found, i), i == 0 || i == 70 || i == 255);
}

static void test_open_ring(void **state)
{
	struct client_ring ring, second;
	struct error error;
	char path[256];
	FILE *file;

	(void)state;
	make_file("acrn_trace_3", 8192);
	assert_int_equal(client_ring_open(&ring, dir, CLIENT_TRACE_PREFIX, 3, 4096, &error), 0);
	assert_int_equal(ring.length, 8192);
	assert_string_equal(ring.name, "acrn_trace_3");
	assert_int_equal(client_ring_open(&second, dir, CLIENT_TRACE_PREFIX, 3, 4096, &error),
			 -EBUSY);
	assert_string_equal(error.text, "acrn_trace_3: in use by another reader (EBUSY)");
	/* It is the file itself that is mapped, for reading and writing. */
	memcpy(ring.memory, "ring", 4);
	snprintf(path, sizeof(path), "%s/acrn_trace_3", dir);
	file = fopen(path, "re");
	assert_int_equal(fgetc(file), 'r');
	fclose(file);
	client_ring_close(&ring);
	assert_int_equal(client_ring_open(&second, dir, CLIENT_TRACE_PREFIX, 3, 4096, &error), 0);
	client_ring_close(&second);
}

static void test_open_no_ring(void **state)
{
	struct client_ring ring;
	struct error error;
	char path[256], longname[5000];

	(void)state;
	assert_int_equal(client_ring_open(&ring, dir, CLIENT_TRACE_PREFIX, 4, 4096, &error),
			 -ENOENT);
	make_file("acrn_trace_4", 63);
	assert_int_equal(client_ring_open(&ring, dir, CLIENT_TRACE_PREFIX, 4, 4096, &error),
			 -EBADMSG);
	assert_string_equal(error.text, "acrn_trace_4: 63 bytes are too short for a ring");
	snprintf(path, sizeof(path), "%s/acrn_trace_5", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(client_ring_open(&ring, dir, CLIENT_TRACE_PREFIX, 5, 4096, &error),
			 -EISDIR);
	snprintf(path, sizeof(path), "%s/acrn_trace_6", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(client_ring_open(&ring, dir, CLIENT_TRACE_PREFIX, 6, 4096, &error),
			 -ENODEV);
	/* A device that cannot be mapped. */
	snprintf(path, sizeof(path), "%s/acrn_trace_7", dir);
	assert_int_equal(symlink("/dev/tty", path), 0);
	assert_true(client_ring_open(&ring, dir, CLIENT_TRACE_PREFIX, 7, 4096, &error) < 0);
	snprintf(path, sizeof(path), "%s/acrn_trace_8", dir);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(client_ring_open(&ring, dir, CLIENT_TRACE_PREFIX, 8, 4096, &error),
			 -ENODEV);
	assert_non_null(strstr(error.text, "cannot be mapped"));
	memset(longname, 'x', sizeof(longname));
	longname[sizeof(longname) - 1] = '\0';
	assert_int_equal(client_ring_open(&ring, longname, CLIENT_TRACE_PREFIX, 0, 4096, &error),
			 -ENAMETOOLONG);
}

/* A device tells no size. /dev/zero stands for one that can be mapped. */
static void test_open_device(void **state)
{
	struct client_ring ring;
	struct error error;
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/acrn_trace_9", dir);
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_int_equal(client_ring_open(&ring, dir, CLIENT_TRACE_PREFIX, 9, 12288, &error), 0);
	assert_int_equal(ring.length, 12288);
	client_ring_close(&ring);
}

/* --- a server that answers one connection --- */

struct server {
	int listener;
	pthread_t thread;
	struct hsm_request got;
	ssize_t got_length;
	struct hsm_reply reply;
	size_t reply_length; /* 0: hang up */
	bool real;	     /* answer as a hypervisor; else with reply */
};

static void answer(struct server *server)
{
	struct hsm_reply *reply = &server->reply;
	const struct hsm_request *got = &server->got;
	struct hsm_cpuid leaf = { 0 };

	reply->magic = HSM_MAGIC;
	reply->result = 0;
	reply->size = got->size;
	memcpy(reply->data, got->data, got->size);
	if (got->op == HSM_CPUID) {
		if (got->param[0] == CPUID_HV_SIGNATURE)
			leaf = (struct hsm_cpuid){ CPUID_HV_MAX_LEAF, CPUID_HV_NAME, CPUID_HV_NAME,
						   CPUID_HV_NAME };
		if (got->param[0] == CPUID_HV_TSC_KHZ)
			leaf.eax = 1881600;
		reply->size = sizeof(leaf);
		memcpy(reply->data, &leaf, sizeof(leaf));
	} else if (got->param[0] == HC_GET_API_VERSION) {
		memcpy(reply->data, &(struct hc_api_version){ 1, 0 }, 8);
	} else {
		reply->result = -25;
		reply->data[0] ^= 0xff;
	}
	server->reply_length = HSM_REPLY_SIZE(reply->size);
}

static void *serve(void *context)
{
	struct server *server = context;
	int fd = accept(server->listener, NULL, NULL);

	while ((server->got_length = recv(fd, &server->got, sizeof(server->got), 0)) > 0) {
		if (server->real)
			answer(server);
		if (server->reply_length == 0 ||
		    send(fd, &server->reply, server->reply_length, MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
	return NULL;
}

static void start_server(struct server *server)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/acrn_hsm", dir);
	unlink(address.sun_path);
	server->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(server->listener >= 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->listener, 1), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static struct client_hsm hsm;
static struct server server;

static void test_hsm_absent(void **state)
{
	struct client_hypervisor hypervisor;
	struct hsm_cpuid leaf;
	struct error error;
	char path[256];

	(void)state;
	assert_int_equal(client_hsm_open(&hsm, dir, &error), 0);
	assert_int_equal(hsm.fd, -1);
	assert_false(hsm.gone);
	assert_int_equal(client_hsm_cpuid(&hsm, 0, 0, &leaf), -ENOTCONN);
	/* A device node of that name is the kernel driver's: not for us. */
	make_file("acrn_hsm", 0);
	assert_int_equal(client_hsm_open(&hsm, dir, &error), 0);
	assert_int_equal(hsm.fd, -1);
	/* Asks this processor, which cannot fail. */
	client_hypervisor(&hsm, &hypervisor);
	assert_int_equal(hypervisor.tsc_khz == 0, hypervisor.tsc_source[0] == '\0');
	snprintf(path, sizeof(path), "%s/acrn_hsm", dir);
	unlink(path);
}

static void test_hsm_calls(void **state)
{
	struct client_hypervisor hypervisor;
	uint64_t param[2] = { 7, 8 };
	uint8_t data[HSM_DATA_MAX];
	struct error error;
	int32_t result = 0;

	(void)state;
	server = (struct server){ .real = true };
	start_server(&server);
	assert_int_equal(client_hsm_open(&hsm, dir, &error), 0);
	assert_true(hsm.fd >= 0);
	client_hypervisor(&hsm, &hypervisor);
	assert_int_equal(hypervisor.tsc_khz, 1881600);
	assert_string_equal(hypervisor.version, "ACRN API 1.0, hosted");
	assert_non_null(strstr(hypervisor.tsc_source, "0x40000010"));

	memset(data, 0x5a, sizeof(data));
	assert_int_equal(client_hsm_call(&hsm, HC_CREATE_VM, param, HSM_DATA_PARAM2, data,
					 sizeof(data), &result),
			 0);
	assert_int_equal(result, -25);
	assert_int_equal(data[0], 0xa5);
	assert_int_equal(data[sizeof(data) - 1], 0x5a);
	assert_int_equal(server.got_length, HSM_REQUEST_SIZE(HSM_DATA_MAX));
	assert_int_equal(server.got.op, HSM_HYPERCALL);
	assert_int_equal(server.got.param[0], HC_CREATE_VM);
	assert_int_equal(server.got.param[1], 7);
	assert_int_equal(server.got.param[2], 8);
	assert_int_equal(server.got.data_param, HSM_DATA_PARAM2);
	assert_int_equal(
		client_hsm_call(&hsm, HC_CREATE_VM, param, HSM_DATA_NONE, NULL, 0, &result), 0);
	assert_int_equal(server.got_length, HSM_REQUEST_SIZE(0));
	/* Data without a parameter that names it, and the other way round. */
	assert_int_equal(client_hsm_call(&hsm, 0, param, HSM_DATA_NONE, data, 8, &result), -EINVAL);
	assert_int_equal(client_hsm_call(&hsm, 0, param, HSM_DATA_PARAM1, data, 0, &result),
			 -EINVAL);
	assert_int_equal(
		client_hsm_call(&hsm, 0, param, HSM_DATA_PARAM1, data, HSM_DATA_MAX + 1, &result),
		-EINVAL);
	client_hsm_close(&hsm);
	pthread_join(server.thread, NULL);
	close(server.listener);
}

/* Sends one CPUID request, to which the server says what it was given. */
static int bad_answer(uint32_t magic, uint32_t size, size_t length)
{
	struct hsm_cpuid leaf;
	struct error error;
	int ret;

	server = (struct server){ .reply = { .magic = magic, .size = size },
				  .reply_length = length };
	start_server(&server);
	assert_int_equal(client_hsm_open(&hsm, dir, &error), 0);
	ret = client_hsm_cpuid(&hsm, 0, 0, &leaf);
	client_hsm_close(&hsm);
	pthread_join(server.thread, NULL);
	close(server.listener);
	return ret;
}

static void test_hsm_bad_answers(void **state)
{
	(void)state;
	assert_int_equal(bad_answer(HSM_MAGIC, 16, HSM_REPLY_SIZE(16)), 0);
	assert_int_equal(bad_answer(HSM_MAGIC + 1, 16, HSM_REPLY_SIZE(16)), -EPROTO);
	assert_int_equal(bad_answer(HSM_MAGIC, 16, HSM_REPLY_SIZE(15)), -EPROTO);
	assert_int_equal(bad_answer(HSM_MAGIC, 15, HSM_REPLY_SIZE(15)), -EPROTO);
	assert_int_equal(bad_answer(HSM_MAGIC, UINT32_MAX, HSM_REPLY_SIZE(16)), -EPROTO);
	assert_int_equal(bad_answer(HSM_MAGIC, 0, 4), -EPROTO);
	assert_int_equal(bad_answer(HSM_MAGIC, 0, 0), -ECONNRESET);
}

static void test_hsm_gone(void **state)
{
	struct pollfd hang_up = { 0 };
	struct error error;
	char deep[200];

	(void)state;
	server = (struct server){ .real = true };
	start_server(&server);
	assert_int_equal(client_hsm_open(&hsm, dir, &error), 0);
	shutdown(hsm.fd, SHUT_WR); /* the server takes this for the end */
	pthread_join(server.thread, NULL);
	hang_up.fd = hsm.fd;
	assert_int_equal(poll(&hang_up, 1, 10000), 1);
	assert_true(hang_up.revents & POLLHUP);
	client_hsm_close(&hsm);
	/* The socket stays behind, and nobody listens. */
	close(server.listener);
	assert_int_equal(client_hsm_open(&hsm, dir, &error), 0);
	assert_true(hsm.gone);
	assert_int_equal(hsm.fd, -1);
	/* A directory too deep for a socket's address. */
	snprintf(deep, sizeof(deep), "%s%.*s", dir, 120,
		 "/././././././././././././././././././././././././././././././././././././././."
		 "/././././././././././././././././././././.");
	assert_int_equal(client_hsm_open(&hsm, deep, &error), -ENAMETOOLONG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dev_dir),
		cmocka_unit_test_setup_teardown(test_find, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_open_ring, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_open_no_ring, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_open_device, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_hsm_absent, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_hsm_calls, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_hsm_bad_answers, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_hsm_gone, make_dir, remove_dir),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
