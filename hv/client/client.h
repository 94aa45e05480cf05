/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a program in the Service VM reaches the hypervisor: the rings and the acrn_hsm node in the
 * device directory, CPUID, and the socket of a hosted hypervisor that stands for the last two.
 */
#ifndef HV_CLIENT_H
#define HV_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/cli.h"
#include "formats/error.h"
#include "hv/client/hsm_wire.h"

#define CLIENT_TRACE_PREFIX "acrn_trace_"

/* The directory with the device nodes: option where given, else $ACRN_DEV_DIR, else /dev. */
const char *client_dev_dir(const char *option);

/*
 * Finds all <prefix><number> in dir, numbers below CLI_MAX_PCPUS. 0 with at least one in found;
 * -ENODEV where there is none; -ENOENT and others where dir cannot be read.
 */
int client_find_rings(const char *dir, const char *prefix, struct pcpu_set *found,
		      struct error *error);

/* A ring mapped into this process, header included; ours alone until it is closed. */
struct client_ring {
	int fd;
	void *memory;
	size_t length; /* bytes */
	char name[64]; /* without the directory, for messages */
};

/*
 * Maps <dir>/<prefix><pcpu>. device_length is the size where it is a device node, which does not
 * tell; a regular file is mapped whole. -EBUSY: somebody else reads it.
 */
int client_ring_open(struct client_ring *ring, const char *dir, const char *prefix,
		     unsigned int pcpu, size_t device_length, struct error *error);
void client_ring_close(struct client_ring *ring);

/* A connection to the acrn_hsm socket of a hosted hypervisor. */
struct client_hsm {
	int fd;	   /* -1: there is none. Hangs up (POLLHUP) when the hypervisor ends */
	bool gone; /* there is a socket, and no hypervisor behind it any more */
	struct hsm_request request;
	struct hsm_reply reply;
};

/* Where dir has an acrn_hsm that is a socket, connects. 0 also where there is none, or gone. */
int client_hsm_open(struct client_hsm *hsm, const char *dir, struct error *error);
void client_hsm_close(struct client_hsm *hsm);

/* CPUID as the Service VM sees it. Negative errno: no connection, or no proper answer. */
int client_hsm_cpuid(struct client_hsm *hsm, uint32_t leaf, uint32_t subleaf,
		     struct hsm_cpuid *result);

/*
 * A hypercall; result gets RAX. size bytes of data (0..HSM_DATA_MAX) go to the parameter data_param
 * and are overwritten by what the hypervisor left there. Negative errno as above.
 */
int client_hsm_call(struct client_hsm *hsm, uint32_t id, const uint64_t param[2],
		    enum hsm_data_param data_param, void *data, uint32_t size, int32_t *result);

/* What a program says of the hypervisor in the head of its files. */
struct client_hypervisor {
	uint64_t tsc_khz;    /* 0: unknown */
	char tsc_source[64]; /* "": unknown */
	char version[128];
};

/* Asks hsm where it is connected, else CPUID of this processor. */
void client_hypervisor(struct client_hsm *hsm, struct client_hypervisor *hypervisor);

#endif
