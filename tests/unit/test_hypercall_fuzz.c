// SPDX-License-Identifier: BSD-3-Clause
/*
 * A Service VM that has lost its mind: hypercalls at random, most of them nearly right, on two
 * vCPUs. Whatever they answer, the hypervisor goes on, and gives all of its memory back. Not for
 * the thread sanitizer: the guest hands the same memory out twice, and races there are its own.
 */
#include "tests/unit/hv_test.h"

#define CALLS 20000U
#define AREA (64ULL << 10) /* of memory that structures and rings are in, for each vCPU */

static unsigned int finished;
static uint64_t answers[2][3]; /* 0, negative, others */

static const uint32_t ids[] = {
	HC_GET_API_VERSION,
	HC_SET_CALLBACK_VECTOR,
	HC_GET_HW_INFO,
	HC_CREATE_VM,
	HC_CREATE_VM,
	HC_DESTROY_VM,
	HC_START_VM,
	HC_START_VM,
	HC_PAUSE_VM,
	HC_CREATE_VCPU,
	HC_RESET_VM,
	HC_SET_IOREQ_BUFFER,
	HC_SET_IOREQ_BUFFER,
	HC_NOTIFY_IOREQ_FINISH,
	HC_SET_VM_MEMORY_REGIONS,
	HC_SET_VM_MEMORY_REGIONS,
	HC_SETUP_SBUF,
	HC_SETUP_SBUF,
	HC_INJECT_MSI,
	HC_PROFILING_OPS,
};

static uint64_t area_of(unsigned int me)
{
	return service_gpa((uint64_t)me * AREA);
}

/* An address that is often good, often at an edge, and sometimes nothing. */
static uint64_t some_gpa(uint64_t *random, unsigned int me)
{
	uint64_t r = guest_random(random);

	switch (r % 8) {
	case 0:
		return r >> 8;
	case 1:
		return area_of(me) + GUEST_PAGE_SIZE * 2 - r % 64;
	case 2:
		return (128ULL << 20) - (r >> 8) % 128;
	default:
		return area_of(me) + ((r >> 8) % 8) * GUEST_PAGE_SIZE;
	}
}

static uint64_t some_small(uint64_t *random)
{
	uint64_t r = guest_random(random);

	return r % 16 ? (r >> 8) % 5 : r >> 8;
}

static void write_creation(uint64_t *random, uint64_t gpa)
{
	struct acrn_vm_creation creation = { .cpu_affinity = some_small(random),
					     .vm_flag = some_small(random) };

	memcpy(creation.name, guest_random(random) % 2 ? "hlt" : "busy", 4);
	guest_copy_to(gpa, &creation, sizeof(creation));
}

static void write_regions(uint64_t *random, unsigned int me, uint64_t gpa)
{
	const struct set_regions set = {
		.vmid = (uint16_t)some_small(random),
		.mr_num = (uint32_t)some_small(random) % 64,
		.regions_gpa = gpa + 64,
	};

	guest_copy_to(gpa, &set, sizeof(set));
	for (unsigned int i = 0; i < 4; i++) {
		struct vm_memory_region region = {
			.type = guest_random(random) % 4 ? MR_ADD : MR_DEL,
			.prot = (uint32_t)guest_random(random),
			.gpa = some_small(random) << 12,
			.service_vm_gpa = some_gpa(random, me) & ~0xfffULL,
			.size = some_small(random) << 12,
		};

		guest_copy_to(gpa + 64 + i * sizeof(region), &region, sizeof(region));
	}
}

static void write_ring(uint64_t *random, unsigned int me, uint64_t gpa)
{
	/* Its ring is in the upper half of the area. */
	const uint64_t ring_gpa = area_of(me) + AREA / 2;
	struct shared_buf ring = { .magic = SBUF_MAGIC, .ele_num = 32, .ele_size = 32 };
	struct acrn_sbuf_param param = {
		.cpu_id = (uint16_t)some_small(random),
		.sbuf_id = (uint32_t)some_small(random),
		.gpa = guest_random(random) % 4 ? ring_gpa : 0,
	};

	ring.size = ring.ele_num * ring.ele_size;
	if (!(guest_random(random) % 4))
		((uint32_t *)(void *)&ring)[guest_random(random) % 10] ^=
			1U << guest_random(random) % 32;
	guest_copy_to(ring_gpa, &ring, sizeof(ring));
	guest_copy_to(gpa, &param, sizeof(param));
}

static void one_call(uint64_t *random, unsigned int me)
{
	uint64_t id = ids[guest_random(random) % (sizeof(ids) / sizeof(ids[0]))];
	uint64_t gpa = area_of(me), param1 = some_small(random), param2 = some_gpa(random, me);
	bool prepared = guest_random(random) % 8;
	int64_t answer;

	if (prepared && id == HC_CREATE_VM)
		write_creation(random, param1 = gpa);
	else if (prepared && id == HC_SET_VM_MEMORY_REGIONS)
		write_regions(random, me, param1 = gpa);
	else if (prepared && id == HC_SETUP_SBUF)
		write_ring(random, me, param2 = gpa);
	else if (prepared && id == HC_SET_IOREQ_BUFFER)
		guest_write(param2 = gpa, 8, area_of(me) + GUEST_PAGE_SIZE);
	else if (prepared && id == HC_NOTIFY_IOREQ_FINISH)
		param2 = some_small(random);
	answer = guest_vmcall(id, param1, param2);
	answers[me][answer == 0 ? 0 : answer < 0 ? 1 : 2]++;
}

static void service_entry(uint64_t boot_gpa)
{
	unsigned int me = guest_vcpu_id();
	uint64_t random = 77 + me;

	(void)boot_gpa;
	if (!me) {
		guest_start_others();
		guest_out(DOORBELL_PORT, 4, DOORBELL_READY);
	}
	for (unsigned int i = 0; i < CALLS; i++)
		one_call(&random, me);
	/* And everything is put away. */
	for (unsigned int vm = 1; vm < MAX_VMS && !me; vm++) {
		while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) < 1)
			guest_spin(100000);
		guest_vmcall(HC_PAUSE_VM, vm, 0);
		guest_vmcall(HC_DESTROY_VM, vm, 0);
	}
	__atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
}

static const struct guest_payload payloads[] = { { "service_vm", "", service_entry } };

static unsigned int free_pages(void)
{
	static uint64_t pages[1U << 16];
	unsigned int nr = 0, n;

	while ((pages[nr] = arch_page_alloc()))
		nr++;
	n = nr;
	while (nr)
		arch_page_free(pages[--nr]);
	return n;
}

static void test_random_calls(void **state)
{
	const struct host_options options = {
		.nr_pcpus = 2,
		.payloads = payloads,
		.nr_payloads = 1,
		.slice_us = 100,
	};
	unsigned int used;

	(void)state;
	start_hv(&options);
	WAIT_UNTIL(__atomic_load_n(&finished, __ATOMIC_ACQUIRE) == 2);
	host_stop();
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(answers[i][0] + answers[i][1], CALLS);
		/* It was no use if nothing had ever worked. */
		assert_true(answers[i][0] > CALLS / 10);
		assert_true(answers[i][1] > CALLS / 10);
	}
	used = free_pages();
	host_free();
	/* What is left is what a Service VM takes that has done nothing. */
	finished = 0;
	start_hv(&(const struct host_options){ .nr_pcpus = 2 });
	host_stop();
	assert_int_equal(used, free_pages());
}

int main(void)
{
	const struct CMUnitTest tests[] = { hv_unit_test(test_random_calls) };

	return cmocka_run_group_tests_name("fuzz", tests, NULL, NULL);
}
