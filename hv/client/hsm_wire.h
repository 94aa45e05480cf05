/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a program says to the hosted hypervisor through its acrn_hsm socket (SOCK_SEQPACKET), in
 * place of CPUID and vmcall in the Service VM. One message is one request; the answer is one
 * message, and the next request comes after it. A message ends behind its data: HSM_REQUEST_SIZE()
 * and HSM_REPLY_SIZE(). Who gets a message of another length or magic closes the connection. The
 * socket's hang-up says that the hypervisor is gone.
 */
#ifndef HSM_WIRE_H
#define HSM_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define HSM_SOCKET_NAME "acrn_hsm"
#define HSM_MAGIC 0x314d5348U /* "HSM1"; the digit is the version */
#define HSM_DATA_MAX 16384U

enum hsm_op {
	/* param[0] leaf, param[1] subleaf; result 0, data of the reply struct hsm_cpuid. */
	HSM_CPUID = 0,
	/*
	 * param[0] hypercall id, param[1] and param[2] its two parameters (RDI, RSI). The data is
	 * placed at a page-aligned address of Service VM memory, which replaces the parameter named
	 * by data_param. result is RAX; data of the reply is that memory after the call, as long as
	 * it was in the request.
	 */
	HSM_HYPERCALL = 1,
};

/* Which parameter is the gpa of the data. */
enum hsm_data_param {
	HSM_DATA_NONE = 0, /* size is 0 */
	HSM_DATA_PARAM1 = 1,
	HSM_DATA_PARAM2 = 2,
};

struct hsm_request {
	uint32_t magic;
	uint32_t op;	     /* enum hsm_op; an unknown one is answered by -ENOSYS (-38) */
	uint32_t data_param; /* enum hsm_data_param */
	uint32_t size;	     /* of data, 0..HSM_DATA_MAX */
	uint64_t param[3];
	uint8_t data[HSM_DATA_MAX];
};

struct hsm_reply {
	uint32_t magic;
	int32_t result;
	uint32_t size; /* of data, 0..HSM_DATA_MAX */
	uint32_t reserved;
	uint8_t data[HSM_DATA_MAX];
};

/* As the Service VM sees them. */
struct hsm_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* Lengths of messages with size bytes of data. */
#define HSM_REQUEST_SIZE(size) (offsetof(struct hsm_request, data) + (size))
#define HSM_REPLY_SIZE(size) (offsetof(struct hsm_reply, data) + (size))

#endif
