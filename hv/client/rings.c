// SPDX-License-Identifier: BSD-3-Clause
/* The rings in the device directory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/abi/sbuf.h"
#include "hv/client/client.h"

const char *client_dev_dir(const char *option)
{
	const char *env = getenv("ACRN_DEV_DIR");

	if (option)
		return option;
	return env && *env ? env : "/dev";
}

/* The number in <prefix><number>, or -1 where name is something else. */
static int ring_number(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);
	unsigned long number;
	char again[16], *end;

	if (strncmp(name, prefix, length) != 0 || name[length] < '0' || name[length] > '9')
		return -1;
	errno = 0;
	number = strtoul(name + length, &end, 10);
	if (errno || *end != '\0' || number >= CLI_MAX_PCPUS)
		return -1;
	snprintf(again, sizeof(again), "%lu", number);
	return strcmp(again, name + length) == 0 ? (int)number : -1;
}

int client_find_rings(const char *dir, const char *prefix, struct pcpu_set *found,
		      struct error *error)
{
	struct dirent *entry;
	bool any = false;
	DIR *stream = opendir(dir);

	memset(found, 0, sizeof(*found));
	if (!stream)
		return error_set(error, errno, "%s: %s", dir, strerror(errno));
	while ((entry = readdir(stream)) != NULL) {
		int number = ring_number(entry->d_name, prefix);

		if (number < 0)
			continue;
		pcpu_set_add(found, (unsigned int)number);
		any = true;
	}
	closedir(stream);
	if (!any)
		return error_set(error, ENODEV, "%s: there is no %s<n> here", dir, prefix);
	return 0;
}

/* A device has one opener; a file of a hosted hypervisor gets the same by a lock. */
static int claim_ring(const struct client_ring *ring, const struct stat *status)
{
	if (!S_ISREG(status->st_mode) || flock(ring->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? -EBUSY : -errno;
}

static int map_ring(struct client_ring *ring, size_t device_length, struct error *error)
{
	struct stat status;
	int ret;

	if (fstat(ring->fd, &status) < 0)
		return error_set(error, errno, "%s: %s", ring->name, strerror(errno));
	if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode))
		return error_set(error, ENODEV, "%s: neither a device nor a file", ring->name);
	ret = claim_ring(ring, &status);
	if (ret == -EBUSY)
		return error_set(error, EBUSY, "%s: in use by another reader (EBUSY)", ring->name);
	if (ret < 0)
		return error_set(error, -ret, "%s: %s", ring->name, strerror(-ret));
	ring->length = S_ISREG(status.st_mode) ? (size_t)status.st_size : device_length;
	if (ring->length < SBUF_HEADER_SIZE)
		return error_set(error, EBADMSG, "%s: %zu bytes are too short for a ring",
				 ring->name, ring->length);
	ring->memory = mmap(NULL, ring->length, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (ring->memory == MAP_FAILED) {
		ring->memory = NULL;
		return error_set(error, errno, "%s: cannot be mapped: %s", ring->name,
				 strerror(errno));
	}
	return 0;
}

int client_ring_open(struct client_ring *ring, const char *dir, const char *prefix,
		     unsigned int pcpu, size_t device_length, struct error *error)
{
	char path[4096];
	int ret;

	memset(ring, 0, sizeof(*ring));
	snprintf(ring->name, sizeof(ring->name), "%s%u", prefix, pcpu);
	ret = snprintf(path, sizeof(path), "%s/%s", dir, ring->name);
	if (ret < 0 || (size_t)ret >= sizeof(path))
		return error_set(error, ENAMETOOLONG, "%s: the name is too long", dir);
	/* Not to wait where the name is a FIFO. */
	ring->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (ring->fd < 0 && errno == EBUSY)
		return error_set(error, EBUSY, "%s: in use by another reader (EBUSY)", ring->name);
	if (ring->fd < 0)
		return error_set(error, errno, "%s: %s", path, strerror(errno));
	ret = map_ring(ring, device_length, error);
	if (ret < 0)
		client_ring_close(ring);
	return ret;
}

void client_ring_close(struct client_ring *ring)
{
	if (ring->memory)
		munmap(ring->memory, ring->length);
	if (ring->fd >= 0)
		close(ring->fd);
	ring->memory = NULL;
	ring->fd = -1;
}
