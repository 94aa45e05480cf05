// SPDX-License-Identifier: BSD-3-Clause
/*
 * Both sides of a ring together: what one puts the other gets, in order; every gap is told where it
 * is; put = drained + lost; no damage of the shared header makes either side leave the ring.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "formats/abi/trace.h"
#include "formats/ring.h"
#include "hv/core/sbuf.h"

#define PAGE 4096UL

/* A ring whose last element ends at an inaccessible page, and with one before its header. */
struct guarded {
	uint8_t *map;
	size_t map_size, length;
	struct shared_buf *shared;
};

static void guarded_new(struct guarded *g, uint32_t ele_num, uint32_t ele_size)
{
	size_t pages;

	g->length = SBUF_HEADER_SIZE + (size_t)ele_num * ele_size;
	pages = (g->length + PAGE - 1) / PAGE;
	g->map_size = (pages + 2) * PAGE;
	g->map = mmap(NULL, g->map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(g->map != MAP_FAILED);
	assert_int_equal(mprotect(g->map + PAGE, pages * PAGE, PROT_READ | PROT_WRITE), 0);
	g->shared = (void *)(g->map + (pages + 1) * PAGE - ((g->length + 7) & ~7UL));
	*g->shared = (struct shared_buf){
		.magic = SBUF_MAGIC,
		.ele_num = ele_num,
		.ele_size = ele_size,
		.size = ele_num * ele_size,
	};
}

static void guarded_free(struct guarded *g)
{
	munmap(g->map, g->map_size);
}

static struct trace_record numbered(uint64_t n)
{
	return (struct trace_record){ .tsc = n, .word = ~n, .e = n * 3, .f = n ^ 0x5555 };
}

static void assert_numbered(const struct trace_record *record, uint64_t n)
{
	struct trace_record expected = numbered(n);

	assert_memory_equal(record, &expected, sizeof(expected));
}

/* Alternating on one thread: fill to the brim, lose, drain, many times around. */
static void test_alternate(void **state)
{
	struct trace_record records[8];
	struct ring_window window;
	struct sbuf_producer producer;
	struct guarded g;
	struct ring ring;
	uint64_t next = 1, expected = 1;

	(void)state;
	guarded_new(&g, 8, 32);
	assert_int_equal(sbuf_producer_init(&producer, g.shared, g.length, 32), 0);
	assert_int_equal(ring_attach(&ring, g.shared, g.length, 32, false, NULL), 0);
	assert_true(ring.counts_loss);
	for (unsigned int round = 0; round < 200; round++) {
		unsigned int puts = round % 12, lost = puts > 7 ? puts - 7 : 0;

		for (unsigned int i = 0; i < puts; i++) {
			struct trace_record record = numbered(next);

			assert_int_equal(sbuf_put(&producer, &record, next), i < 7);
			next++;
		}
		assert_int_equal(ring_drain(&ring, records, &window, NULL), 0);
		assert_int_equal(window.count, puts - lost);
		for (uint32_t i = 0; i < window.count; i++)
			assert_numbered(&records[i], expected + i);
		/* After a window that was just full, its end may be the place as well. */
		assert_int_equal(window.gaps, lost ? 1 + (puts == 8) : 0);
		if (lost) {
			assert_int_equal(window.gap[window.gaps - 1].at, 7);
			assert_int_equal(window.gap[window.gaps - 1].lost, lost);
			assert_int_equal(sbuf_loss_of(g.shared)->first_tsc, expected + 7);
		}
		expected = next;
	}
	assert_int_equal(producer.put + producer.lost, next - 1);
	guarded_free(&g);
}

/* Without the cookie a full ring is a place where records may be missing, and no count is given. */
static void test_no_cookie(void **state)
{
	struct trace_record records[4], record = numbered(1);
	struct ring_window window;
	struct sbuf_producer producer;
	struct guarded g;
	struct ring ring;

	(void)state;
	guarded_new(&g, 4, 32);
	assert_int_equal(sbuf_producer_init(&producer, g.shared, g.length, 32), 0);
	sbuf_loss_of(g.shared)->cookie = 0;
	assert_int_equal(ring_attach(&ring, g.shared, g.length, 32, false, NULL), 0);
	assert_false(ring.counts_loss);
	sbuf_put(&producer, &record, 1);
	assert_int_equal(ring_drain(&ring, records, &window, NULL), 0);
	assert_int_equal(window.count, 1);
	assert_int_equal(window.gaps, 0);
	for (int i = 0; i < 5; i++)
		sbuf_put(&producer, &record, 1);
	assert_int_equal(ring_drain(&ring, records, &window, NULL), 0);
	assert_int_equal(window.count, 3);
	assert_int_equal(window.gaps, 1);
	assert_int_equal(window.gap[0].at, 3);
	assert_int_equal(window.gap[0].lost, 0);
	assert_int_equal(ring_drain(&ring, records, &window, NULL), 0);
	assert_int_equal(window.gaps, 0);
	guarded_free(&g);
}

static void test_keep(void **state)
{
	struct trace_record records[8], record;
	struct ring_window window;
	struct sbuf_producer producer;
	struct guarded g;
	struct ring ring;

	(void)state;
	guarded_new(&g, 8, 32);
	assert_int_equal(sbuf_producer_init(&producer, g.shared, g.length, 32), 0);
	for (uint64_t n = 1; n <= 9; n++) {
		record = numbered(n);
		sbuf_put(&producer, &record, n);
	}
	assert_int_equal(ring_attach(&ring, g.shared, g.length, 32, true, NULL), 0);
	assert_int_equal(ring_drain(&ring, records, &window, NULL), 0);
	assert_int_equal(window.count, 7);
	assert_int_equal(window.gaps, 0); /* lost before the start */
	assert_numbered(&records[0], 1);
	record = numbered(10);
	sbuf_put(&producer, &record, 10);
	assert_int_equal(ring_attach(&ring, g.shared, g.length, 32, false, NULL), 0);
	assert_int_equal(ring_drain(&ring, records, &window, NULL), 0);
	assert_int_equal(window.count, 0);
	guarded_free(&g);
}

/* The producer runs freely on its own thread; pace is how many puts go between two yields. */
struct run {
	struct sbuf_producer producer;
	uint64_t total;
	unsigned int pace;
	bool done;
};

static void *produce(void *arg)
{
	struct run *run = arg;
	unsigned int seed = run->pace;

	for (uint64_t n = 1; n <= run->total; n++) {
		struct trace_record record = numbered(n);

		sbuf_put(&run->producer, &record, n);
		if (rand_r(&seed) % run->pace == 0)
			sched_yield();
	}
	__atomic_store_n(&run->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/*
 * The numbers that arrive are the truth: wherever one is missing, a gap must have been told at that
 * very place, and in the end the counts must add up.
 */
static void run_race(uint32_t ele_num, unsigned int pace, uint64_t total)
{
	struct trace_record *records = calloc(ele_num, sizeof(*records));
	struct run run = { .total = total, .pace = pace };
	uint64_t got = 0, lost = 0, last = 0;
	struct ring_window window;
	struct guarded g;
	struct ring ring;
	pthread_t thread;
	bool cut = false, done;

	guarded_new(&g, ele_num, 32);
	assert_int_equal(sbuf_producer_init(&run.producer, g.shared, g.length, 32), 0);
	assert_int_equal(ring_attach(&ring, g.shared, g.length, 32, false, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, produce, &run), 0);
	do {
		uint32_t next_gap = 0;

		done = __atomic_load_n(&run.done, __ATOMIC_ACQUIRE);
		assert_int_equal(ring_drain(&ring, records, &window, NULL), 0);
		for (uint32_t i = 0; i <= window.count; i++) {
			while (next_gap < window.gaps && window.gap[next_gap].at == i) {
				lost += window.gap[next_gap++].lost;
				cut = true;
			}
			if (i == window.count)
				break;
			assert_true(records[i].tsc > last);
			assert_true(records[i].tsc == last + 1 || cut);
			assert_numbered(&records[i], records[i].tsc);
			last = records[i].tsc;
			cut = false;
			got++;
		}
		assert_int_equal(next_gap, window.gaps);
		if (window.count == 0)
			sched_yield();
	} while (!done || window.count);
	pthread_join(thread, NULL);
	assert_int_equal(got, run.producer.put);
	assert_int_equal(lost, run.producer.lost);
	assert_int_equal(got + lost, total);
	guarded_free(&g);
	free(records);
}

static void test_race(void **state)
{
	(void)state;
	run_race(2, 2, 20000);
	run_race(3, 3, 50000);
	run_race(8, 5, 200000);
	run_race(64, 50, 500000);
	run_race(1024, 3000, 2000000);
}

/* Every header that is not one of a ring of that kind in that memory is refused by both sides. */
static void test_bad_setup(void **state)
{
	static const struct {
		size_t offset, size;
		uint64_t value;
	} damages[] = {
		{ 0, 8, SBUF_MAGIC_LAST }, /* a ring of the last boot */
		{ 0, 8, 0 },		   /* magic */
		{ 8, 4, 0 },		   /* ele_num */
		{ 8, 4, 1 },
		{ 8, 4, 9 },
		{ 8, 4, 0xffffffff },
		{ 8, 4, 0x08000001 }, /* times 32 overflows to 32 */
		{ 12, 4, 0 },	      /* ele_size */
		{ 12, 4, 64 },
		{ 16, 4, 256 }, /* head */
		{ 16, 4, 33 },
		{ 20, 4, 256 }, /* tail */
		{ 20, 4, 0xffffffe0 },
		{ 20, 4, 1 },
		{ 36, 4, 255 }, /* size */
		{ 36, 4, 0 },
	};
	struct sbuf_producer producer;
	struct error error;
	struct guarded g;
	struct ring ring;

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		guarded_new(&g, 8, 32);
		memcpy((uint8_t *)g.shared + damages[i].offset, &damages[i].value, damages[i].size);
		assert_int_equal(sbuf_producer_init(&producer, g.shared, g.length, 32), -1);
		assert_int_equal(ring_attach(&ring, g.shared, g.length, 32, false, &error),
				 -EBADMSG);
		assert_true(error.text[0] != '\0');
		guarded_free(&g);
	}
	guarded_new(&g, 8, 32);
	assert_int_equal(sbuf_producer_init(&producer, g.shared, 63, 32), -1);
	assert_int_equal(ring_attach(&ring, g.shared, 63, 32, false, &error), -EBADMSG);
	assert_int_equal(sbuf_producer_init(&producer, g.shared, g.length - 1, 32), -1);
	assert_int_equal(ring_attach(&ring, g.shared, g.length - 1, 32, false, &error), -EBADMSG);
	guarded_free(&g);
}

/* Damage of any kind while the ring is in use: no access outside (guard pages), and no false
 * record. */
static void test_damage_in_use(void **state)
{
	struct trace_record records[8], record = numbered(7);
	struct ring_window window;
	struct sbuf_producer producer;
	struct shared_buf *shared;
	struct guarded g;
	struct ring ring;
	unsigned int seed = 1, refused = 0;

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		guarded_new(&g, 8, 32);
		shared = g.shared;
		assert_int_equal(sbuf_producer_init(&producer, shared, g.length, 32), 0);
		assert_int_equal(ring_attach(&ring, shared, g.length, 32, false, NULL), 0);
		for (unsigned int n = rand_r(&seed) % 9; n; n--)
			sbuf_put(&producer, &record, 7);
		/* One of the 16 words of the header, to something odd. */
		((uint32_t *)(void *)shared)[rand_r(&seed) % 16] =
			rand_r(&seed) % 2 ? (uint32_t)rand_r(&seed) * 2654435761U
					  : (uint32_t)rand_r(&seed) % 512;
		for (unsigned int n = 0; n < 20; n++)
			sbuf_put(&producer, &record, 7);
		if (ring_drain(&ring, records, &window, NULL) == 0) {
			assert_true(window.count < 8);
			assert_true(window.gaps <= 2);
		} else {
			refused++;
		}
		guarded_free(&g);
	}
	assert_in_range(refused, 1, 19999);
}

/* A head that is damaged stops the producer, and what it cannot put it counts. */
static void test_bad_head(void **state)
{
	struct trace_record record = numbered(1);
	struct sbuf_producer producer;
	struct guarded g;

	(void)state;
	guarded_new(&g, 8, 32);
	assert_int_equal(sbuf_producer_init(&producer, g.shared, g.length, 32), 0);
	g.shared->head = 256;
	assert_false(sbuf_put(&producer, &record, 1));
	g.shared->head = 31;
	assert_false(sbuf_put(&producer, &record, 1));
	g.shared->head = 0;
	assert_true(sbuf_put(&producer, &record, 1));
	assert_int_equal(producer.lost, 2);
	assert_int_equal(sbuf_loss_of(g.shared)->lost, 2);
	guarded_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alternate), cmocka_unit_test(test_no_cookie),
		cmocka_unit_test(test_keep),	  cmocka_unit_test(test_race),
		cmocka_unit_test(test_bad_setup), cmocka_unit_test(test_damage_in_use),
		cmocka_unit_test(test_bad_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
