// SPDX-License-Identifier: BSD-3-Clause
/* The drain thread, the writer thread, and the buffers that go between them. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "acrntrace/record_capture.h"
#include "acrntrace/record_guard.h"
#include "formats/columns.h"
#include "hv/client/client.h"

/*
 * Buffers a ring: 16 of CHUNK_RECORDS and more are half a second of 2 M records/s, which covers an
 * fdatasync on a slow disk. Their memory is taken only when the sink falls behind: the one freed
 * last is used first. Machines with many rings share 256 buffers, or have two a ring.
 */
#define BUFFERS_PER_RING 16U
#define BUFFERS_SHARED 256U
#define BUFFERS_MIN_PER_RING 2U

/* A drain is to find rings filled to a quarter at most, but does not come more often than this. */
#define MIN_POLL_NS 200000U

#define DRAIN_NICE (-20)

struct capture_ring {
	struct client_ring mapping;
	struct ring ring;
	uint16_t pcpu;
	struct capture_chunk *chunk; /* being filled; the drain thread's */
	struct error error;	     /* why it was dropped; written before dropped is set */
	atomic_bool dropped;
	bool told; /* main thread's */
};

struct capture {
	struct capture_options options;
	struct capture_sink sink;
	unsigned int nr_rings;
	struct capture_ring *rings;
	struct capture_chunk *chunks; /* all of them */
	void *memory;		      /* of their records */
	size_t memory_size;

	pthread_mutex_t lock; /* of the following seven */
	pthread_cond_t freed, queued;
	struct capture_chunk *free;
	struct capture_chunk *head, **end;
	struct capture_chunk sync_mark; /* stands in the queue for a call of sink.sync */
	bool sync_queued, drained;

	struct error error; /* of the sink; written before failed is set */
	atomic_int failed;  /* negative errno */
	bool started;
	int stop_fd, event_fd;
	pthread_t drain_thread, write_thread;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void notify(int fd)
{
	uint64_t one = 1;

	/* Cannot fail: the counter has room for 2^64 of these. */
	if (write(fd, &one, sizeof(one)) < 0)
		abort();
}

/* --- buffers --- */

static struct capture_chunk *take_chunk(struct capture *capture, unsigned int ring)
{
	struct capture_chunk *chunk;

	pthread_mutex_lock(&capture->lock);
	while (!capture->free)
		pthread_cond_wait(&capture->freed, &capture->lock);
	chunk = capture->free;
	capture->free = chunk->next;
	pthread_mutex_unlock(&capture->lock);
	chunk->ring = ring;
	chunk->count = 0;
	chunk->nr_gaps = 0;
	return chunk;
}

static void free_chunk(struct capture *capture, struct capture_chunk *chunk)
{
	pthread_mutex_lock(&capture->lock);
	chunk->next = capture->free;
	capture->free = chunk;
	pthread_cond_signal(&capture->freed);
	pthread_mutex_unlock(&capture->lock);
}

/* With the lock held. */
static void append(struct capture *capture, struct capture_chunk *chunk)
{
	chunk->next = NULL;
	*capture->end = chunk;
	capture->end = &chunk->next;
	pthread_cond_signal(&capture->queued);
}

static void queue_chunk(struct capture *capture, struct capture_chunk *chunk)
{
	pthread_mutex_lock(&capture->lock);
	append(capture, chunk);
	pthread_mutex_unlock(&capture->lock);
}

static void queue_sync(struct capture *capture)
{
	pthread_mutex_lock(&capture->lock);
	if (!capture->sync_queued)
		append(capture, &capture->sync_mark);
	capture->sync_queued = true;
	pthread_mutex_unlock(&capture->lock);
}

/* Waits for the next chunk, or the sync mark. NULL: there will be no more. */
static struct capture_chunk *next_queued(struct capture *capture)
{
	struct capture_chunk *chunk;

	pthread_mutex_lock(&capture->lock);
	while (!capture->head && !capture->drained)
		pthread_cond_wait(&capture->queued, &capture->lock);
	chunk = capture->head;
	if (chunk) {
		capture->head = chunk->next;
		if (!capture->head)
			capture->end = &capture->head;
		if (chunk == &capture->sync_mark)
			capture->sync_queued = false;
	}
	pthread_mutex_unlock(&capture->lock);
	return chunk;
}

/* --- the writer thread --- */

static void *write_chunks(void *context)
{
	struct capture *capture = context;
	struct capture_sink *sink = &capture->sink;
	struct capture_chunk *chunk;
	int ret = 0;

	while ((chunk = next_queued(capture)) != NULL) {
		/* After a failure the chunks are only given back, so that the drain can end. */
		if (ret == 0) {
			if (chunk != &capture->sync_mark)
				ret = sink->write(sink->context, chunk, &capture->error);
			else if (sink->sync)
				ret = sink->sync(sink->context, &capture->error);
			if (ret < 0) {
				atomic_store(&capture->failed, ret);
				notify(capture->event_fd);
			}
		}
		if (chunk != &capture->sync_mark)
			free_chunk(capture, chunk);
	}
	return NULL;
}

/* --- the drain thread --- */

static void add_gap(struct capture_chunk *chunk, uint32_t at, uint64_t lost, bool unknown)
{
	chunk->gaps[chunk->nr_gaps++] =
		(struct capture_gap){ .at = at, .lost = lost, .unknown = unknown };
}

static void hand_over(struct capture *capture, struct capture_ring *ring)
{
	unsigned int number = ring->chunk->ring;

	if (ring->chunk->count == 0 && ring->chunk->nr_gaps == 0)
		return;
	queue_chunk(capture, ring->chunk);
	ring->chunk = take_chunk(capture, number);
}

static void drop_ring(struct capture *capture, struct capture_ring *ring)
{
	/* What the hypervisor puts there from now on nobody sees. */
	add_gap(ring->chunk, ring->chunk->count, 0, true);
	hand_over(capture, ring);
	atomic_store(&ring->dropped, true);
	notify(capture->event_fd);
}

/*
 * Drains one ring, last drained elapsed ns ago. Returns after how many ns it will be filled to a
 * quarter if this goes on.
 */
static uint64_t drain_ring(struct capture *capture, struct capture_ring *ring, uint64_t elapsed)
{
	struct capture_chunk *chunk = ring->chunk;
	struct ring_window window;

	if (guard_drain(&ring->ring, chunk->records + chunk->count, &window, &ring->error) < 0) {
		drop_ring(capture, ring);
		return UINT64_MAX;
	}
	for (uint32_t i = 0; i < window.gaps; i++)
		add_gap(chunk, chunk->count + window.gap[i].at, window.gap[i].lost,
			!ring->ring.counts_loss);
	chunk->count += window.count;
	if (chunk->count >= CHUNK_RECORDS || chunk->nr_gaps > CAPTURE_MAX_GAPS - 3 ||
	    capture->options.hold_ns == 0)
		hand_over(capture, ring);
	return window.count ? elapsed * (ring->ring.ele_num / 4) / window.count : UINT64_MAX;
}

/* Drains all rings; returns how long to wait before the next time. */
static uint64_t drain_all(struct capture *capture, uint64_t elapsed)
{
	uint64_t wait = UINT64_MAX;

	for (unsigned int i = 0; i < capture->nr_rings; i++) {
		struct capture_ring *ring = &capture->rings[i];
		uint64_t quarter;

		if (atomic_load_explicit(&ring->dropped, memory_order_relaxed))
			continue;
		quarter = drain_ring(capture, ring, elapsed);
		wait = quarter < wait ? quarter : wait;
	}
	wait = wait < MIN_POLL_NS ? MIN_POLL_NS : wait;
	return wait < capture->options.poll_ns ? wait : capture->options.poll_ns;
}

static void flush_all(struct capture *capture)
{
	for (unsigned int i = 0; i < capture->nr_rings; i++)
		hand_over(capture, &capture->rings[i]);
	queue_sync(capture);
}

/* true: it is time to stop. */
static bool wait_until(const struct capture *capture, uint64_t when)
{
	struct pollfd stop = { .fd = capture->stop_fd, .events = POLLIN };
	uint64_t now = now_ns(), left = when > now ? when - now : 0;
	struct timespec timeout = { .tv_sec = (time_t)(left / 1000000000U),
				    .tv_nsec = (long)(left % 1000000000U) };

	return ppoll(&stop, 1, &timeout, NULL) > 0;
}

/*
 * The drain needs little time, but soon: where we may, it goes before programs that need much. No
 * real-time class: what is being observed must not wait for us.
 */
static void go_first(void)
{
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), DRAIN_NICE);
}

static void *drain_rings(void *context)
{
	struct capture *capture = context;
	uint64_t last = now_ns(), next = last, flush = last + capture->options.hold_ns;

	go_first();
	do {
		uint64_t now = now_ns(), wait = drain_all(capture, now - last);

		last = now;
		if (capture->options.hold_ns && now >= flush) {
			flush_all(capture);
			flush = now + capture->options.hold_ns;
		}
		next = next + wait > now ? next + wait : now;
	} while (!wait_until(capture, next));
	drain_all(capture, 1);
	flush_all(capture);

	pthread_mutex_lock(&capture->lock);
	capture->drained = true;
	pthread_cond_signal(&capture->queued);
	pthread_mutex_unlock(&capture->lock);
	return NULL;
}

/* --- opening and closing --- */

static int choose_rings(const struct capture_options *options, struct pcpu_set *rings,
			struct error *error)
{
	int ret = client_find_rings(options->dev_dir, CLIENT_TRACE_PREFIX, rings, error);

	if (ret == -ENODEV)
		return error_set(error, ENODEV,
				 "%s: no " CLIENT_TRACE_PREFIX "<n> here: is the hypervisor's "
				 "trace driver loaded? --dev-dir names another directory",
				 options->dev_dir);
	if (ret < 0 || !options->pcpus)
		return ret;
	for (unsigned int i = 0; i < CLI_MAX_PCPUS; i++)
		if (pcpu_set_has(options->pcpus, i) && !pcpu_set_has(rings, i))
			return error_set(error, ENOENT, "%s: no " CLIENT_TRACE_PREFIX "%u here",
					 options->dev_dir, i);
	*rings = *options->pcpus;
	return 0;
}

static int open_ring(struct capture *capture, unsigned int pcpu, struct error *error)
{
	struct capture_ring *ring = &capture->rings[capture->nr_rings];
	struct error why;
	int ret;

	ring->pcpu = (uint16_t)pcpu;
	ret = client_ring_open(&ring->mapping, capture->options.dev_dir, CLIENT_TRACE_PREFIX, pcpu,
			       SBUF_TRACE_SIZE, error);
	if (ret < 0)
		return ret;
	capture->nr_rings++;
	ret = guard_attach(&ring->ring, ring->mapping.memory, ring->mapping.length,
			   capture->options.keep, &why);
	if (ret < 0)
		return error_set(error, -ret, "%s: %s", ring->mapping.name, why.text);
	return 0;
}

static unsigned int buffers_for(unsigned int nr_rings)
{
	unsigned int wanted = nr_rings * BUFFERS_PER_RING;

	wanted = wanted < BUFFERS_SHARED ? wanted : BUFFERS_SHARED;
	return wanted > nr_rings * BUFFERS_MIN_PER_RING ? wanted : nr_rings * BUFFERS_MIN_PER_RING;
}

/* Each buffer takes CHUNK_RECORDS - 1 records and then still a whole ring. */
static int make_buffers(struct capture *capture, struct error *error)
{
	unsigned int nr = buffers_for(capture->nr_rings);
	size_t records = CHUNK_RECORDS, largest = 0;

	for (unsigned int i = 0; i < capture->nr_rings; i++)
		if (capture->rings[i].ring.ele_num > largest)
			largest = capture->rings[i].ring.ele_num;
	records += largest;
	capture->memory_size = nr * records * sizeof(struct trace_record);
	capture->memory = mmap(NULL, capture->memory_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	capture->chunks = calloc(nr, sizeof(*capture->chunks));
	if (capture->memory == MAP_FAILED || !capture->chunks)
		return error_set(error, ENOMEM, "no memory for %u buffers of %zu bytes", nr,
				 records * sizeof(struct trace_record));
	for (unsigned int i = 0; i < nr; i++) {
		struct capture_chunk *chunk = &capture->chunks[i];

		chunk->records = (struct trace_record *)capture->memory + i * records;
		chunk->next = capture->free;
		capture->free = chunk;
	}
	for (unsigned int i = 0; i < capture->nr_rings; i++)
		capture->rings[i].chunk = take_chunk(capture, i);
	return 0;
}

static int open_all(struct capture *capture, struct error *error)
{
	struct pcpu_set rings;
	int ret = choose_rings(&capture->options, &rings, error);

	capture->rings = calloc(CLI_MAX_PCPUS, sizeof(*capture->rings));
	if (!capture->rings)
		return error_set(error, ENOMEM, "no memory");
	for (unsigned int pcpu = 0; ret == 0 && pcpu < CLI_MAX_PCPUS; pcpu++)
		if (pcpu_set_has(&rings, pcpu))
			ret = open_ring(capture, pcpu, error);
	if (ret < 0)
		return ret;
	capture->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	capture->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (capture->stop_fd < 0 || capture->event_fd < 0)
		return error_set(error, errno, "eventfd: %s", strerror(errno));
	return make_buffers(capture, error);
}

int capture_open(struct capture **result, const struct capture_options *options,
		 struct error *error)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	int ret;

	if (!capture)
		return error_set(error, ENOMEM, "no memory");
	capture->options = *options;
	capture->memory = MAP_FAILED;
	capture->stop_fd = capture->event_fd = -1;
	capture->end = &capture->head;
	pthread_mutex_init(&capture->lock, NULL);
	pthread_cond_init(&capture->freed, NULL);
	pthread_cond_init(&capture->queued, NULL);
	guard_install();
	ret = open_all(capture, error);
	if (ret < 0) {
		capture_close(capture);
		capture = NULL;
	}
	*result = capture;
	return ret;
}

unsigned int capture_rings(const struct capture *capture)
{
	return capture->nr_rings;
}

uint16_t capture_pcpu(const struct capture *capture, unsigned int ring)
{
	return capture->rings[ring].pcpu;
}

bool capture_counts_loss(const struct capture *capture, unsigned int ring)
{
	return capture->rings[ring].ring.counts_loss;
}

int capture_event_fd(const struct capture *capture)
{
	return capture->event_fd;
}

int capture_start(struct capture *capture, const struct capture_sink *sink, struct error *error)
{
	int ret;

	capture->sink = *sink;
	ret = pthread_create(&capture->write_thread, NULL, write_chunks, capture);
	if (ret)
		return error_set(error, ret, "cannot start a thread: %s", strerror(ret));
	ret = pthread_create(&capture->drain_thread, NULL, drain_rings, capture);
	if (ret == 0) {
		capture->started = true;
		return 0;
	}
	pthread_mutex_lock(&capture->lock);
	capture->drained = true;
	pthread_cond_signal(&capture->queued);
	pthread_mutex_unlock(&capture->lock);
	pthread_join(capture->write_thread, NULL);
	return error_set(error, ret, "cannot start a thread: %s", strerror(ret));
}

bool capture_next_dropped(struct capture *capture, struct error *error)
{
	for (unsigned int i = 0; i < capture->nr_rings; i++) {
		struct capture_ring *ring = &capture->rings[i];

		if (ring->told || !atomic_load(&ring->dropped))
			continue;
		ring->told = true;
		error_set(error, EIO, "%s: %s; recording goes on without it", ring->mapping.name,
			  ring->error.text);
		return true;
	}
	return false;
}

int capture_failed(const struct capture *capture, struct error *error)
{
	int ret = atomic_load(&capture->failed);

	if (ret < 0) {
		*error = capture->error;
		return ret;
	}
	for (unsigned int i = 0; i < capture->nr_rings; i++)
		if (!atomic_load(&capture->rings[i].dropped))
			return 0;
	return error_set(error, ENODEV, "no ring is left to record from");
}

void capture_stop(struct capture *capture)
{
	if (!capture->started)
		return;
	notify(capture->stop_fd);
	pthread_join(capture->drain_thread, NULL);
	pthread_join(capture->write_thread, NULL);
	capture->started = false;
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	for (unsigned int i = 0; i < capture->nr_rings; i++)
		client_ring_close(&capture->rings[i].mapping);
	if (capture->stop_fd >= 0)
		close(capture->stop_fd);
	if (capture->event_fd >= 0)
		close(capture->event_fd);
	if (capture->memory != MAP_FAILED)
		munmap(capture->memory, capture->memory_size);
	free(capture->chunks);
	free(capture->rings);
	free(capture);
}
