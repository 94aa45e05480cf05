// SPDX-License-Identifier: BSD-3-Clause
/* HC_SETUP_SBUF on the running hypervisor: what is refused, stopping, and damage while it writes.
 */
#include <stdio.h>

#include "formats/abi/log.h"
#include "tests/unit/hv_test.h"

#define RING_OFFSET (1ULL << 20) /* in the test's part of Service VM memory */
#define RING_ELEMENTS 256U
#define RING_SIZE (SBUF_HEADER_SIZE + RING_ELEMENTS * SBUF_TRACE_ELE_SIZE)
#define GUARD (64ULL << 10)
#define PATTERN 0xa5

static int setup(void **state)
{
	const struct host_options options = {
		.nr_pcpus = 2,
		.guests = { { .name = "cpuid" } },
		.nr_guests = 1,
	};

	(void)state;
	start_hv(&options);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	end_hv();
	return 0;
}

static struct shared_buf *ring_at(uint64_t offset)
{
	return service_memory(offset);
}

/* A good ring with a pattern around and inside. */
static struct shared_buf *make_ring(uint64_t offset)
{
	struct shared_buf *ring = ring_at(offset);

	memset((uint8_t *)ring - GUARD, PATTERN, GUARD + RING_SIZE + GUARD);
	*ring = (struct shared_buf){
		.magic = SBUF_MAGIC,
		.ele_num = RING_ELEMENTS,
		.ele_size = SBUF_TRACE_ELE_SIZE,
		.size = RING_ELEMENTS * SBUF_TRACE_ELE_SIZE,
	};
	return ring;
}

static int64_t set_up(uint16_t pcpu, uint32_t id, uint64_t gpa)
{
	struct acrn_sbuf_param param = { .cpu_id = pcpu, .sbuf_id = id, .gpa = gpa };

	return hypercall_data(HC_SETUP_SBUF, 0, 2, &param, sizeof(param));
}

static uint32_t tail_of(const struct shared_buf *ring)
{
	return __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
}

static void test_refusals(void **state)
{
	struct acrn_sbuf_param param = { .gpa = service_gpa(RING_OFFSET) };
	const uint64_t gpa = service_gpa(RING_OFFSET);
	struct shared_buf *ring = make_ring(RING_OFFSET);

	(void)state;
	assert_int_equal(set_up(2, SBUF_TRACE, gpa), -22);
	assert_int_equal(set_up(0xffff, SBUF_SOCWATCH, gpa), -22);
	assert_int_equal(set_up(0, SBUF_PER_PCPU, gpa), -1);
	assert_int_equal(set_up(0, 63, gpa), -1);
	assert_int_equal(set_up(0, UINT32_MAX, gpa), -1);
	assert_int_equal(set_up(2, 0, 0), -1);
	/* Of a VM that is not the Service VM. */
	assert_int_equal(hypercall_data(HC_SETUP_SBUF, 1, 2, &param, sizeof(param)), -1);
	/* Not aligned, not mapped, running out of RAM, wrapping around. */
	assert_int_equal(set_up(0, SBUF_TRACE, gpa + 4), -1);
	assert_int_equal(set_up(0, SBUF_TRACE, 0x700000000ULL), -1);
	assert_int_equal(set_up(0, SBUF_TRACE, UINT64_MAX - 7), -1);
	ring->ele_num = (64U << 20) / SBUF_TRACE_ELE_SIZE;
	ring->size = ring->ele_num * SBUF_TRACE_ELE_SIZE;
	assert_int_equal(set_up(0, SBUF_TRACE, gpa), -1);
	/* A header that is none. */
	make_ring(RING_OFFSET)->magic ^= 1;
	assert_int_equal(set_up(1, SBUF_TRACE, gpa), -1);
	make_ring(RING_OFFSET)->ele_size = 80;
	assert_int_equal(set_up(1, SBUF_TRACE, gpa), -1);
	make_ring(RING_OFFSET)->size++;
	assert_int_equal(set_up(1, SBUF_TRACE, gpa), -1);
	make_ring(RING_OFFSET)->ele_num = UINT32_MAX;
	assert_int_equal(set_up(1, SBUF_TRACE, gpa), -1);
	make_ring(RING_OFFSET)->tail = 1;
	assert_int_equal(set_up(1, SBUF_TRACE, gpa), -1);
	/* A good trace ring is no log ring. */
	make_ring(RING_OFFSET);
	assert_int_equal(set_up(1, SBUF_HVLOG, gpa), -1);
	for (unsigned int i = 0; i < RING_SIZE - SBUF_HEADER_SIZE; i++)
		assert_int_equal(((uint8_t *)ring)[SBUF_HEADER_SIZE + i], PATTERN);
}

/* Memory that is one piece for the guest and two for the machine. */
static void test_not_contiguous(void **state)
{
	const uint64_t gpa = 0x600000000ULL;
	struct shared_buf *ring = make_ring(RING_OFFSET);

	(void)state;
	(void)ring;
	assert_int_equal(ept_map(&vms[0].ept, gpa, service_gpa(RING_OFFSET), PAGE_SIZE,
				 EPT_RWX | EPT_TYPE_WB),
			 0);
	assert_int_equal(ept_map(&vms[0].ept, gpa + PAGE_SIZE, service_gpa(0), 4 * PAGE_SIZE,
				 EPT_RWX | EPT_TYPE_WB),
			 0);
	assert_int_equal(set_up(0, SBUF_TRACE, gpa), -1);
	assert_int_equal(ept_map(&vms[0].ept, gpa + PAGE_SIZE, service_gpa(RING_OFFSET) + PAGE_SIZE,
				 4 * PAGE_SIZE, EPT_RWX | EPT_TYPE_WB),
			 0);
	assert_int_equal(set_up(0, SBUF_TRACE, gpa), 0);
	assert_int_equal(set_up(0, SBUF_TRACE, 0), -1);
}

/* After "stop" not a byte is written, whichever pCPU the ring is of. */
static void test_stop(void **state)
{
	(void)state;
	for (uint16_t pcpu = 0; pcpu < 2; pcpu++) {
		struct shared_buf *ring = make_ring(RING_OFFSET);
		uint64_t put, lost, later;

		assert_int_equal(set_up(pcpu, SBUF_TRACE, service_gpa(RING_OFFSET)), 0);
		WAIT_UNTIL(tail_of(ring) >= 100 * SBUF_TRACE_ELE_SIZE);
		assert_int_equal(set_up(pcpu, SBUF_TRACE, 0), -1);
		/* The memory is the guest's again: it does what it likes with it. */
		memset(ring, PATTERN, RING_SIZE);
		host_ring_counts(pcpu, SBUF_TRACE, &put, &lost);
		assert_true(put >= 100);
		for (unsigned int i = 0; i < 200; i++) {
			struct acrn_hw_info info;

			assert_int_equal(hypercall_data(HC_GET_HW_INFO, 0, 1, &info, sizeof(info)),
					 0);
		}
		host_ring_counts(pcpu, SBUF_TRACE, &later, &lost);
		assert_int_equal(put, later);
		for (unsigned int i = 0; i < RING_SIZE; i++)
			assert_int_equal(((uint8_t *)ring)[i], PATTERN);
		/* And once more, for both at once in the end. */
		make_ring(RING_OFFSET);
		assert_int_equal(set_up(pcpu, SBUF_TRACE, service_gpa(RING_OFFSET)), 0);
		WAIT_UNTIL(tail_of(ring) >= 10 * SBUF_TRACE_ELE_SIZE);
		assert_int_equal(set_up(pcpu, SBUF_TRACE, 0), -1);
	}
}

/* Stopped and taken back at once, again and again, by another pCPU than the one that writes. */
static void test_stop_race(void **state)
{
	struct shared_buf *ring = ring_at(RING_OFFSET);
	unsigned int changed = 0;

	(void)state;
	for (unsigned int round = 0; round < 1000; round++) {
		make_ring(RING_OFFSET);
		assert_int_equal(set_up(1, SBUF_TRACE, service_gpa(RING_OFFSET)), 0);
		WAIT_UNTIL(tail_of(ring) >= SBUF_TRACE_ELE_SIZE);
		assert_int_equal(set_up(1, SBUF_TRACE, 0), -1);
		memset(ring, PATTERN, RING_SIZE);
		for (unsigned int i = 0; i < RING_SIZE; i++)
			changed +=
				__atomic_load_n((uint8_t *)ring + i, __ATOMIC_RELAXED) != PATTERN;
		assert_int_equal(changed, 0);
	}
}

static uint64_t seed = 99;

static uint32_t random32(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 32);
}

/* Whatever is written into the header while the hypervisor writes records, it writes nowhere else.
 */
static void test_damage(void **state)
{
	struct shared_buf *ring = make_ring(RING_OFFSET);
	uint32_t *words = (uint32_t *)(void *)ring;

	(void)state;
	assert_int_equal(set_up(1, SBUF_TRACE, service_gpa(RING_OFFSET)), 0);
	for (unsigned int i = 0; i < 300000; i++) {
		uint32_t value = random32() % 2 ? random32() : random32() % (2 * RING_SIZE) * 8;

		__atomic_store_n(&words[random32() % 16], value, __ATOMIC_RELAXED);
		/* Often enough an empty ring, so that records go on. */
		if (i % 16 == 0)
			__atomic_store_n(&ring->head, tail_of(ring), __ATOMIC_RELEASE);
	}
	assert_int_equal(set_up(1, SBUF_TRACE, 0), -1);
	for (uint64_t i = 0; i < GUARD; i++) {
		assert_int_equal(((uint8_t *)ring - GUARD)[i], PATTERN);
		assert_int_equal(((uint8_t *)ring + RING_SIZE)[i], PATTERN);
	}
}

/* The log: text of the ABI's form, in elements of 80 bytes. */
static void test_log(void **state)
{
	const uint64_t offset = RING_OFFSET;
	struct shared_buf *ring = make_ring(offset);
	struct acrn_vm_creation creation = { .name = "hlt", .cpu_affinity = 1 };
	unsigned int cpu, severity, sequence;
	unsigned long us;
	char thread[17], text[160];

	(void)state;
	ring->ele_size = SBUF_HVLOG_ELE_SIZE;
	ring->ele_num = 100;
	ring->size = 8000;
	assert_int_equal(set_up(0, SBUF_HVLOG, service_gpa(offset)), 0);
	assert_int_equal(hypercall_data(HC_CREATE_VM, 0, 1, &creation, sizeof(creation)), 0);
	assert_true(tail_of(ring) >= SBUF_HVLOG_ELE_SIZE);
	assert_int_equal(tail_of(ring) % SBUF_HVLOG_ELE_SIZE, 0);
	memcpy(text, (char *)ring + SBUF_HEADER_SIZE, SBUF_HVLOG_ELE_SIZE);
	text[SBUF_HVLOG_ELE_SIZE] = '\0';
	/* NOLINTNEXTLINE(cert-err34-c): numbers of the wrong size fail below */
	assert_int_equal(sscanf(text, "[%luus][cpu=%u][%16[^]]][sev=%u][seq=%u]:", &us, &cpu,
				thread, &severity, &sequence),
			 5);
	assert_int_equal(cpu, 0);
	assert_string_equal(thread, "vm0:vcpu0");
	assert_int_equal(severity, HVLOG_INFO);
	assert_true(sequence > 0);
	assert_non_null(strstr(text, ":created VM 2 with 1 vCPUs"));
	assert_int_equal(set_up(0, SBUF_HVLOG, 0), -1);
	assert_int_equal(hypercall(HC_PAUSE_VM, creation.vmid, 0), 0);
	assert_int_equal(hypercall(HC_DESTROY_VM, creation.vmid, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_not_contiguous),
		cmocka_unit_test(test_stop),	 cmocka_unit_test(test_stop_race),
		cmocka_unit_test(test_damage),	 cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests_name("hv_sbuf", tests, setup, teardown);
}
