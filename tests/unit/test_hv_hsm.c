// SPDX-License-Identifier: BSD-3-Clause
/* The acrn_hsm socket: calls through the Service VM, and clients that send what they should not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hv/client/hsm_wire.h"
#include "tests/unit/hv_test.h"

static char run_dir[] = "/tmp/test_hv_hsm.XXXXXX";
static struct hsm_request request;
static struct hsm_reply reply;

static int setup(void **state)
{
	struct host_options options = { .run_dir = run_dir, .nr_pcpus = 2 };

	(void)state;
	assert_non_null(mkdtemp(run_dir));
	start_hv(&options);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	end_hv();
	/* Nothing is left in the directory. */
	assert_int_equal(rmdir(run_dir), 0);
	return 0;
}

static int dial(void)
{
	const struct timeval timeout = { .tv_sec = HV_TEST_TIMEOUT_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", run_dir, HSM_SOCKET_NAME);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	return fd;
}

static void prepare(uint32_t op, uint64_t p0, uint64_t p1, uint64_t p2)
{
	memset(&request, 0, sizeof(request));
	request.magic = HSM_MAGIC;
	request.op = op;
	request.param[0] = p0;
	request.param[1] = p1;
	request.param[2] = p2;
}

static int32_t ask(int fd)
{
	size_t length = HSM_REQUEST_SIZE(request.size);

	assert_int_equal(send(fd, &request, length, 0), length);
	length = (size_t)recv(fd, &reply, sizeof(reply), 0);
	assert_true(length >= HSM_REPLY_SIZE(0) && length <= sizeof(reply));
	assert_int_equal(length, HSM_REPLY_SIZE(reply.size));
	assert_int_equal(reply.magic, HSM_MAGIC);
	return reply.result;
}

static void test_calls(void **state)
{
	struct hsm_cpuid cpuid;
	struct hc_api_version version;
	int fd = dial();

	(void)state;
	prepare(HSM_CPUID, 0x40000000U, 0, 0);
	assert_int_equal(ask(fd), 0);
	assert_int_equal(reply.size, sizeof(cpuid));
	memcpy(&cpuid, reply.data, sizeof(cpuid));
	assert_int_equal(cpuid.eax, 0x40000010U);
	assert_memory_equal(&cpuid.ebx, "ACRNACRNACRN", 12);
	prepare(HSM_CPUID, 0x40000001U, 0, 0);
	assert_int_equal(ask(fd), 0);
	memcpy(&cpuid, reply.data, sizeof(cpuid));
	assert_int_equal(cpuid.eax, 1);
	prepare(HSM_CPUID, 0x40000010U, 0, 0);
	assert_int_equal(ask(fd), 0);
	memcpy(&cpuid, reply.data, sizeof(cpuid));
	assert_int_equal(cpuid.eax, arch_tsc_khz());
	prepare(HSM_CPUID, 1, 0, 0);
	assert_int_equal(ask(fd), 0);
	memcpy(&cpuid, reply.data, sizeof(cpuid));
	assert_true(cpuid.ecx >> 31);
	assert_false(cpuid.ecx >> 5 & 1); /* no VMX for guests */

	prepare(HSM_HYPERCALL, HC_GET_API_VERSION, 0, 0);
	request.data_param = HSM_DATA_PARAM1;
	request.size = sizeof(version);
	assert_int_equal(ask(fd), 0);
	memcpy(&version, reply.data, sizeof(version));
	assert_int_equal(version.major_version, 1);
	/* The most data there may be comes back whole. */
	prepare(HSM_HYPERCALL, 0x80000099U, 0, 0);
	request.data_param = HSM_DATA_PARAM2;
	request.size = HSM_DATA_MAX;
	for (unsigned int i = 0; i < HSM_DATA_MAX; i++)
		request.data[i] = (uint8_t)(i * 7);
	assert_int_equal(ask(fd), -25);
	assert_int_equal(reply.size, HSM_DATA_MAX);
	assert_memory_equal(reply.data, request.data, HSM_DATA_MAX);
	/* What is no operation, or no parameter. */
	prepare(77, 0, 0, 0);
	assert_int_equal(ask(fd), -ENOSYS);
	prepare(HSM_HYPERCALL, HC_GET_API_VERSION, 0, 0);
	request.data_param = 3;
	assert_int_equal(ask(fd), -EINVAL);
	request.data_param = HSM_DATA_NONE;
	request.size = 8;
	assert_int_equal(ask(fd), -EINVAL);
	close(fd);
}

/* Sends it, and is cut off without an answer. */
static void cut_off(const void *message, size_t length)
{
	int fd = dial();

	assert_int_equal(send(fd, message, length, 0), length);
	assert_int_equal(recv(fd, &reply, sizeof(reply), 0), 0);
	close(fd);
}

static void test_bad_messages(void **state)
{
	static uint8_t big[sizeof(struct hsm_request) + 100];

	(void)state;
	prepare(HSM_CPUID, 1, 0, 0);
	cut_off(&request, 1);
	cut_off(&request, HSM_REQUEST_SIZE(0) - 1);
	cut_off(&request, HSM_REQUEST_SIZE(0) + 1);
	memcpy(big, &request, sizeof(request));
	cut_off(big, sizeof(big));
	request.size = HSM_DATA_MAX + 1;
	cut_off(&request, sizeof(request));
	request.size = UINT32_MAX;
	cut_off(&request, HSM_REQUEST_SIZE(0));
	prepare(HSM_CPUID, 1, 0, 0);
	request.magic++;
	cut_off(&request, HSM_REQUEST_SIZE(0));
}

/* Many clients, and such that leave in the middle; then one that is served. */
static void test_crowd(void **state)
{
	int fds[24], fd;

	(void)state;
	prepare(HSM_CPUID, 1, 0, 0);
	for (unsigned int i = 0; i < 24; i++) {
		fds[i] = dial();
		send(fds[i], &request, HSM_REQUEST_SIZE(0), MSG_NOSIGNAL);
	}
	for (unsigned int i = 0; i < 24; i++)
		close(fds[i]);
	WAIT_UNTIL((fd = dial(), send(fd, &request, HSM_REQUEST_SIZE(0), MSG_NOSIGNAL),
		    recv(fd, &reply, sizeof(reply), 0) > 0 || (close(fd), false)));
	assert_int_equal(reply.result, 0);
	close(fd);
}

static void test_files(void **state)
{
	static const char *const names[] = { "acrn_trace_0", "acrn_trace_1", "acrn_hvlog_cur_0",
					     "acrn_hvlog_cur_1", "acrn_hsm" };
	char path[128];

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		struct stat stat_buffer;

		snprintf(path, sizeof(path), "%s/%s", run_dir, names[i]);
		assert_int_equal(stat(path, &stat_buffer), 0);
		assert_int_equal(stat_buffer.st_mode & 0777, 0600);
		if (i < 2)
			assert_int_equal(stat_buffer.st_size, SBUF_TRACE_SIZE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_bad_messages),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("hsm", tests, setup, teardown);
}
