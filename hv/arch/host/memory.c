// SPDX-License-Identifier: BSD-3-Clause
/*
 * "Physical" memory: one range of addresses, hva = base + hpa.
 *
 *	   0   page 0 is never used: hpa 0 says "none"
 *	   ..  pages of the hypervisor (EPTs, virtual APIC pages)
 *	 64 MiB  the Service VM's RAM, of which it gives its User VMs theirs
 *	256 MiB  the rings: files of the run directory, or anonymous memory
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hv/arch/host/port.h"
#include "hv/core/lock.h"

#define POOL_SIZE (16ULL << 20)
#define SERVICE_RAM (64ULL << 20)
#define SERVICE_RAM_SIZE (64ULL << 20)
#define RINGS (256ULL << 20)
#define PHYSICAL_SIZE (RINGS + (uint64_t)MAX_PCPUS * (SBUF_TRACE_SIZE + HOST_HVLOG_SIZE))
#define NR_POOL_PAGES (POOL_SIZE / PAGE_SIZE)

static uint8_t *base;
static struct {
	struct lock lock;
	uint32_t free[NR_POOL_PAGES]; /* page numbers */
	unsigned int nr;
} pool;
static unsigned int ring_pcpus;
static uint32_t trace_ring_size;

void *arch_hpa_to_hva(uint64_t hpa)
{
	return base + hpa;
}

uint64_t arch_page_alloc(void)
{
	uint64_t hpa = 0;

	lock_take(&pool.lock);
	if (pool.nr)
		hpa = pool.free[--pool.nr] * PAGE_SIZE;
	lock_release(&pool.lock);
	if (hpa)
		memset(base + hpa, 0, PAGE_SIZE);
	return hpa;
}

void arch_page_free(uint64_t hpa)
{
	lock_take(&pool.lock);
	pool.free[pool.nr++] = (uint32_t)(hpa / PAGE_SIZE);
	lock_release(&pool.lock);
}

/* As a race is what it is for, the thread sanitizer must neither see it nor a call of memcpy. */
#if SOFT_INTERRUPTS
__attribute__((no_sanitize("thread"))) void arch_copy_guest(void *to, const void *from,
							    size_t length)
{
	volatile uint8_t *out = to;
	const volatile uint8_t *in = from;

	while (length--)
		*out++ = *in++;
}
#else
void arch_copy_guest(void *to, const void *from, size_t length)
{
	memcpy(to, from, length);
}
#endif

uint64_t host_service_ram(void)
{
	return SERVICE_RAM;
}

uint64_t host_service_ram_size(void)
{
	return SERVICE_RAM_SIZE;
}

static uint32_t ring_size(enum sbuf_id id)
{
	return id == SBUF_TRACE ? trace_ring_size : HOST_HVLOG_SIZE;
}

/* Trace rings, then log rings, without a gap: one region of the Service VM's map. */
uint64_t host_ring_hpa(unsigned int pcpu, enum sbuf_id id)
{
	uint64_t first = id == SBUF_TRACE ? 0 : (uint64_t)ring_pcpus * trace_ring_size;

	return RINGS + first + (uint64_t)pcpu * ring_size(id);
}

uint64_t host_rings_size(void)
{
	return (uint64_t)ring_pcpus * (trace_ring_size + HOST_HVLOG_SIZE);
}

struct shared_buf *host_ring(unsigned int pcpu, enum sbuf_id id, uint32_t *size)
{
	*size = ring_size(id);
	return arch_hpa_to_hva(host_ring_hpa(pcpu, id));
}

static void ring_name(char name[32], unsigned int pcpu, enum sbuf_id id)
{
	snprintf(name, 32, id == SBUF_TRACE ? "acrn_trace_%u" : "acrn_hvlog_cur_%u", pcpu);
}

/* directory -1: no files. */
static int map_ring(int directory, unsigned int pcpu, enum sbuf_id id)
{
	int flags = MAP_FIXED | MAP_SHARED | (directory < 0 ? MAP_ANONYMOUS : 0), fd = -1;
	int error = 0;
	char name[32];

	ring_name(name, pcpu, id);
	if (directory >= 0) {
		unlinkat(directory, name, 0);
		fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 || ftruncate(fd, ring_size(id)) ||
		    (error = posix_fallocate(fd, 0, ring_size(id))))
			error = error ? -error : -errno;
	}
	if (!error && mmap(base + host_ring_hpa(pcpu, id), ring_size(id), PROT_READ | PROT_WRITE,
			   flags, fd, 0) == MAP_FAILED)
		error = -errno;
	if (fd >= 0)
		close(fd);
	if (error)
		fprintf(stderr, "acrn-hv: %s: %s\n", name, strerror(-error));
	return error;
}

static int map_ram(uint64_t hpa, uint64_t size)
{
	void *memory = mmap(base + hpa, size, PROT_READ | PROT_WRITE,
			    MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? -errno : 0;
}

int host_memory_init(int directory, unsigned int nr_pcpus, uint32_t trace_size)
{
	int error;

	ring_pcpus = nr_pcpus;
	trace_ring_size = trace_size;
	base = mmap(NULL, PHYSICAL_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		    0);
	if (base == MAP_FAILED) {
		base = NULL;
		return -errno;
	}
	error = map_ram(0, POOL_SIZE);
	if (!error)
		error = map_ram(SERVICE_RAM, SERVICE_RAM_SIZE);
	for (unsigned int i = 0; !error && i < nr_pcpus; i++) {
		error = map_ring(directory, i, SBUF_TRACE);
		if (!error)
			error = map_ring(directory, i, SBUF_HVLOG);
	}
	pool.nr = 0;
	for (uint32_t page = NR_POOL_PAGES - 1; page > 0; page--)
		pool.free[pool.nr++] = page;
	return error;
}

void host_memory_free(int directory)
{
	char name[32];

	for (unsigned int i = 0; directory >= 0 && i < ring_pcpus; i++) {
		ring_name(name, i, SBUF_TRACE);
		unlinkat(directory, name, 0);
		ring_name(name, i, SBUF_HVLOG);
		unlinkat(directory, name, 0);
	}
	if (base)
		munmap(base, PHYSICAL_SIZE);
	base = NULL;
}
