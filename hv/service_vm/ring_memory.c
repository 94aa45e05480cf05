// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of the rings; acrn-sbuf(5).
 *
 * Memory that the hypervisor may still write into is never given back. Whether it stops when it is
 * asked to cannot be seen from its answer, which is -1 in any case. A hypervisor that counts losses
 * does stop: its cookie was in the header right after set-up, before anybody else could map the
 * ring. From any other one the memory does not come back: this module then stays loaded, and has
 * the rings ready for the next module that asks for them.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "rings_internal.h"

struct ring_memory {
	struct list_head list;
	const char *name;
	u32 id, size, ele_size;
	unsigned int pcpu;
	struct shared_buf *shared;
	bool written; /* the hypervisor may write into it */
	bool stops;   /* the hypervisor is one that does stop */
};

static LIST_HEAD(all_rings);
static DEFINE_MUTEX(lock); /* of the list and of what is in it */
static bool pinned;

static struct ring_memory *find(const struct acrn_ring_kind *kind, unsigned int pcpu)
{
	struct ring_memory *ring;

	list_for_each_entry (ring, &all_rings, list)
		if (ring->id == kind->id && ring->pcpu == pcpu)
			return ring->size == kind->size ? ring : ERR_PTR(-EBUSY);
	return NULL;
}

static struct ring_memory *create(const struct acrn_ring_kind *kind, unsigned int pcpu)
{
	struct ring_memory *ring = kzalloc(sizeof(*ring), GFP_KERNEL);

	if (!ring)
		return ERR_PTR(-ENOMEM);
	ring->shared = alloc_pages_exact(kind->size, GFP_KERNEL | __GFP_ZERO | __GFP_RETRY_MAYFAIL |
							     __GFP_NOWARN);
	if (!ring->shared) {
		kfree(ring);
		pr_info("%s: pCPU %u: no %u KiB of contiguous memory are free; load earlier\n",
			kind->name, pcpu, kind->size >> 10);
		return ERR_PTR(-ENOMEM);
	}
	ring->id = kind->id;
	ring->size = kind->size;
	ring->ele_size = kind->ele_size;
	ring->pcpu = pcpu;
	list_add_tail(&ring->list, &all_rings);
	return ring;
}

/* An empty ring, whatever a program that had it mapped has left in the header. */
static void make_header(struct ring_memory *ring)
{
	struct shared_buf *shared = ring->shared;
	u32 ele_num = (ring->size - SBUF_HEADER_SIZE) / ring->ele_size;
	u32 size = ele_num * ring->ele_size, tail = READ_ONCE(shared->tail);

	/* A hypervisor that writes on owns tail. */
	if (!ring->written || tail >= size || tail % ring->ele_size)
		tail = 0;
	shared->ele_num = ele_num;
	shared->ele_size = ring->ele_size;
	shared->size = size;
	shared->flags = 0;
	shared->reserved = 0;
	shared->overrun_cnt = 0;
	memset(shared->padding, 0, sizeof(shared->padding));
	WRITE_ONCE(shared->tail, tail);
	WRITE_ONCE(shared->head, tail);
	/* Whoever finds the magic finds a ring. */
	smp_store_release(&shared->magic, SBUF_MAGIC);
}

static int start(struct ring_memory *ring)
{
	int error;

	make_header(ring);
	error = acrn_setup_sbuf(ring->id, ring->pcpu, virt_to_phys(ring->shared));
	if (error)
		return error;
	ring->written = true;
	ring->stops = READ_ONCE(sbuf_loss_of(ring->shared)->cookie) == SBUF_LOSS_COOKIE;
	if (!ring->stops && !pinned) {
		__module_get(THIS_MODULE);
		pinned = true;
	}
	return 0;
}

struct ring_memory *ring_memory_start(const struct acrn_ring_kind *kind, unsigned int pcpu)
{
	struct ring_memory *ring;
	int error;

	mutex_lock(&lock);
	ring = find(kind, pcpu);
	if (!ring)
		ring = create(kind, pcpu);
	if (!IS_ERR(ring)) {
		error = start(ring);
		if (error) {
			pr_info("%s: pCPU %u: the hypervisor refuses the ring (%d)\n", kind->name,
				pcpu, error);
			ring = ERR_PTR(error);
		}
	}
	mutex_unlock(&lock);
	return ring;
}

static bool stop(struct ring_memory *ring)
{
	if (ring->written) {
		acrn_setup_sbuf(ring->id, ring->pcpu, 0);
		ring->written = !ring->stops;
	}
	return !ring->written;
}

bool ring_memory_stop(struct ring_memory *ring)
{
	bool stopped;

	mutex_lock(&lock);
	stopped = stop(ring);
	mutex_unlock(&lock);
	return stopped;
}

phys_addr_t ring_memory_address(const struct ring_memory *ring)
{
	return virt_to_phys(ring->shared);
}

void ring_memory_stop_all(void)
{
	struct ring_memory *ring;

	mutex_lock(&lock);
	list_for_each_entry (ring, &all_rings, list)
		stop(ring);
	mutex_unlock(&lock);
}

void ring_memory_free_all(void)
{
	struct ring_memory *ring, *next;

	list_for_each_entry_safe (ring, next, &all_rings, list) {
		/* Only where this module was unloaded by force. */
		if (ring->written)
			continue;
		free_pages_exact(ring->shared, ring->size);
		list_del(&ring->list);
		kfree(ring);
	}
}
