// SPDX-License-Identifier: BSD-3-Clause
/*
 * Two vCPUs of the Service VM on two pCPUs make and break VMs at the same time: every call asks
 * something of the other pCPU, which is just asking something, too.
 */
#include "tests/unit/hv_test.h"

#define ROUNDS 300U

static unsigned int failures[2], rounds[2];

static void expect(unsigned int me, int64_t got, int64_t wanted)
{
	failures[me] += got != wanted;
}

static void one_round(unsigned int me, uint64_t page)
{
	struct acrn_vm_creation creation = { .name = "busy", .cpu_affinity = 3 };
	uint64_t buffer = page + GUEST_PAGE_SIZE;
	struct acrn_sbuf_param ring = { .cpu_id = (uint16_t)(1 - me), .sbuf_id = SBUF_SEP };

	guest_copy_to(page, &creation, sizeof(creation));
	expect(me, guest_vmcall(HC_CREATE_VM, page, 0), 0);
	guest_copy_from(&creation, page, sizeof(creation));
	guest_write(page, 8, buffer);
	expect(me, guest_vmcall(HC_SET_IOREQ_BUFFER, creation.vmid, page), 0);
	expect(me, guest_vmcall(HC_START_VM, creation.vmid, 0), 0);
	guest_copy_to(page, &ring, sizeof(ring));
	expect(me, guest_vmcall(HC_SETUP_SBUF, 0, page), -1);
	expect(me, guest_vmcall(HC_PAUSE_VM, creation.vmid, 0), 0);
	expect(me, guest_vmcall(HC_RESET_VM, creation.vmid, 0), 0);
	expect(me, guest_vmcall(HC_START_VM, creation.vmid, 0), 0);
	expect(me, guest_vmcall(HC_PAUSE_VM, creation.vmid, 0), 0);
	expect(me, guest_vmcall(HC_DESTROY_VM, creation.vmid, 0), 0);
}

static void service_entry(uint64_t boot_gpa)
{
	unsigned int me = guest_vcpu_id();

	(void)boot_gpa;
	if (!me) {
		guest_start_others();
		guest_out(DOORBELL_PORT, 4, DOORBELL_READY);
	}
	for (unsigned int i = 0; i < ROUNDS; i++) {
		one_round(me, service_gpa((uint64_t)me * 4 * GUEST_PAGE_SIZE));
		__atomic_store_n(&rounds[me], i + 1, __ATOMIC_RELEASE);
	}
}

static const struct guest_payload payloads[] = { { "service_vm", "", service_entry } };

static void test_make_and_break(void **state)
{
	const struct host_options options = {
		.nr_pcpus = 2,
		.payloads = payloads,
		.nr_payloads = 1,
		.slice_us = 200,
	};

	(void)state;
	start_hv(&options);
	for (unsigned int i = 0; i < 2; i++)
		WAIT_UNTIL(__atomic_load_n(&rounds[i], __ATOMIC_ACQUIRE) == ROUNDS);
	host_stop();
	assert_int_equal(failures[0], 0);
	assert_int_equal(failures[1], 0);
	for (unsigned int i = 1; i < MAX_VMS; i++)
		assert_int_equal(vms[i].state, VM_POWERED_OFF);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pcpus[i].runqueue.nr, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { hv_unit_test(test_make_and_break) };

	return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}
