// SPDX-License-Identifier: BSD-3-Clause
/* The acrn_hsm socket of a hosted hypervisor, and what a program wants to know of any. */
#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "formats/abi/cpuid.h"
#include "formats/abi/hypercall.h"
#include "hv/client/client.h"

/* An answer takes microseconds; a hypervisor that is stopped in a debugger must not hang us. */
#define ANSWER_TIMEOUT_S 5

static int connect_to(struct client_hsm *hsm, const struct sockaddr_un *address)
{
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };

	hsm->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (hsm->fd < 0 ||
	    setsockopt(hsm->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    setsockopt(hsm->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    connect(hsm->fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	return 0;
}

int client_hsm_open(struct client_hsm *hsm, const char *dir, struct error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[4096];
	struct stat status;
	int ret;

	hsm->fd = -1;
	hsm->gone = false;
	snprintf(path, sizeof(path), "%s/" HSM_SOCKET_NAME, dir);
	if (stat(path, &status) < 0 || !S_ISSOCK(status.st_mode))
		return 0;
	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(error, ENAMETOOLONG,
				 "%s: a socket's path has at most %zu characters; go there and say "
				 "--dev-dir .",
				 path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path));
	ret = connect_to(hsm, &address);
	if (ret == 0)
		return 0;
	client_hsm_close(hsm);
	hsm->gone = ret == -ECONNREFUSED;
	return hsm->gone ? 0 : error_set(error, -ret, "%s: %s", path, strerror(-ret));
}

void client_hsm_close(struct client_hsm *hsm)
{
	if (hsm->fd >= 0)
		close(hsm->fd);
	hsm->fd = -1;
}

/* Sends hsm->request and waits for hsm->reply, which is sound when this returns 0. */
static int exchange(struct client_hsm *hsm)
{
	size_t length = HSM_REQUEST_SIZE(hsm->request.size);
	ssize_t got;

	if (hsm->fd < 0)
		return -ENOTCONN;
	hsm->request.magic = HSM_MAGIC;
	if (send(hsm->fd, &hsm->request, length, MSG_NOSIGNAL) != (ssize_t)length)
		return -errno;
	got = recv(hsm->fd, &hsm->reply, sizeof(hsm->reply), 0);
	if (got < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (got == 0)
		return -ECONNRESET;
	if ((size_t)got < HSM_REPLY_SIZE(0) || hsm->reply.magic != HSM_MAGIC ||
	    hsm->reply.size > HSM_DATA_MAX || (size_t)got != HSM_REPLY_SIZE(hsm->reply.size))
		return -EPROTO;
	return 0;
}

int client_hsm_cpuid(struct client_hsm *hsm, uint32_t leaf, uint32_t subleaf,
		     struct hsm_cpuid *result)
{
	int ret;

	memset(&hsm->request, 0, HSM_REQUEST_SIZE(0));
	hsm->request.op = HSM_CPUID;
	hsm->request.param[0] = leaf;
	hsm->request.param[1] = subleaf;
	ret = exchange(hsm);
	if (ret < 0)
		return ret;
	if (hsm->reply.result != 0 || hsm->reply.size != sizeof(*result))
		return -EPROTO;
	memcpy(result, hsm->reply.data, sizeof(*result));
	return 0;
}

int client_hsm_call(struct client_hsm *hsm, uint32_t id, const uint64_t param[2],
		    enum hsm_data_param data_param, void *data, uint32_t size, int32_t *result)
{
	int ret;

	if (size > HSM_DATA_MAX || (size == 0) != (data_param == HSM_DATA_NONE))
		return -EINVAL;
	memset(&hsm->request, 0, HSM_REQUEST_SIZE(0));
	hsm->request.op = HSM_HYPERCALL;
	hsm->request.data_param = data_param;
	hsm->request.size = size;
	hsm->request.param[0] = id;
	hsm->request.param[1] = param[0];
	hsm->request.param[2] = param[1];
	if (size > 0)
		memcpy(hsm->request.data, data, size);
	ret = exchange(hsm);
	if (ret < 0)
		return ret;
	if (hsm->reply.size != size)
		return -EPROTO;
	if (size > 0)
		memcpy(data, hsm->reply.data, size);
	*result = hsm->reply.result;
	return 0;
}

static int read_cpuid(struct client_hsm *hsm, uint32_t leaf, struct hsm_cpuid *result)
{
	if (hsm->fd >= 0)
		return client_hsm_cpuid(hsm, leaf, 0, result);
	__cpuid_count(leaf, 0, result->eax, result->ebx, result->ecx, result->edx);
	return 0;
}

static bool is_acrn(const struct hsm_cpuid *leaf)
{
	return leaf->ebx == CPUID_HV_NAME && leaf->ecx == CPUID_HV_NAME &&
	       leaf->edx == CPUID_HV_NAME && leaf->eax >= CPUID_HV_TSC_KHZ;
}

void client_hypervisor(struct client_hsm *hsm, struct client_hypervisor *hypervisor)
{
	static const uint64_t no_param[2];
	struct hc_api_version version = { 0 };
	struct hsm_cpuid leaf = { 0 };
	const char *port = hsm->fd >= 0 ? ", hosted" : "";
	int32_t result;

	memset(hypervisor, 0, sizeof(*hypervisor));
	if (read_cpuid(hsm, CPUID_HV_SIGNATURE, &leaf) < 0 || !is_acrn(&leaf))
		return;
	snprintf(hypervisor->version, sizeof(hypervisor->version), "ACRN%s", port);
	if (client_hsm_call(hsm, HC_GET_API_VERSION, no_param, HSM_DATA_PARAM1, &version,
			    sizeof(version), &result) == 0 &&
	    result == 0)
		snprintf(hypervisor->version, sizeof(hypervisor->version), "ACRN API %u.%u%s",
			 version.major_version, version.minor_version, port);
	if (read_cpuid(hsm, CPUID_HV_TSC_KHZ, &leaf) < 0 || leaf.eax == 0)
		return;
	hypervisor->tsc_khz = leaf.eax;
	snprintf(hypervisor->tsc_source, sizeof(hypervisor->tsc_source), "%s",
		 hsm->fd >= 0 ? "CPUID 0x40000010 through " HSM_SOCKET_NAME : "CPUID 0x40000010");
}
