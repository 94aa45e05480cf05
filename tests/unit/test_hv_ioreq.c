// SPDX-License-Identifier: BSD-3-Clause
/* I/O requests: this test's thread is the device model, and not always an honest one. */
#include "tests/unit/hv_test.h"

#define BUFFER PAGE_SIZE /* offset in the test's part of Service VM memory */
#define MMIO 0xd0000000ULL
#define VM 1

/* What the guest asks for, one step after the other, and what it got. */
static struct {
	unsigned int go, done;
	uint64_t got[8];
} asker;

static void next_step(unsigned int step, uint64_t value)
{
	asker.got[step] = value;
	__atomic_store_n(&asker.done, step + 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&asker.go, __ATOMIC_ACQUIRE) <= step)
		guest_spin(10000);
}

static void asker_entry(uint64_t boot_gpa)
{
	(void)boot_gpa;
	next_step(0, guest_in(0x70, 1));
	next_step(1, guest_in(0x71, 2));
	next_step(2, guest_in(0x72, 4));
	next_step(3, guest_read(MMIO + 8, 8));
	guest_write(MMIO + 12, 2, 0x1234abcd);
	next_step(4, guest_read(MMIO, 4));
	guest_out(0x73, 2, 0xfedcba98);
	next_step(5, 0);
	guest_fault(3, false, 0); /* no handler */
	next_step(6, 0);
}

static const struct guest_payload payloads[] = { { "asker", "", asker_entry } };

static struct acrn_io_request *slot(void)
{
	struct acrn_io_request_buffer *buffer = service_memory(BUFFER);

	return &buffer->req_slot[0];
}

static uint32_t slot_state(void)
{
	return __atomic_load_n(&slot()->processed, __ATOMIC_ACQUIRE);
}

static void set_slot_state(uint32_t value)
{
	__atomic_store_n(&slot()->processed, value, __ATOMIC_RELEASE);
}

static void wait_pending(void)
{
	WAIT_UNTIL(slot_state() == IOREQ_PENDING);
}

static void let_go(unsigned int step)
{
	__atomic_store_n(&asker.go, step, __ATOMIC_RELEASE);
}

static void wait_done(unsigned int step)
{
	WAIT_UNTIL(__atomic_load_n(&asker.done, __ATOMIC_ACQUIRE) >= step);
}

static int64_t notify(void)
{
	return hypercall(HC_NOTIFY_IOREQ_FINISH, VM, 0);
}

static void complete(void)
{
	set_slot_state(IOREQ_PROCESSING);
	set_slot_state(IOREQ_COMPLETE);
	assert_int_equal(notify(), 0);
}

static void start(uint64_t flags)
{
	const struct host_options options = {
		.nr_pcpus = 2,
		.payloads = payloads,
		.nr_payloads = 1,
	};
	struct acrn_vm_creation creation = { .name = "asker", .vm_flag = flags, .cpu_affinity = 2 };
	uint64_t gpa;

	memset(&asker, 0, sizeof(asker));
	start_hv(&options);
	gpa = service_gpa(BUFFER);
	assert_int_equal(hypercall_data(HC_CREATE_VM, 0, 1, &creation, sizeof(creation)), 0);
	assert_int_equal(creation.vmid, VM);
	assert_int_equal(hypercall_data(HC_SET_IOREQ_BUFFER, VM, 2, &gpa, sizeof(gpa)), 0);
	assert_int_equal(slot_state(), IOREQ_FREE);
	assert_int_equal(hypercall(HC_START_VM, VM, 0), 0);
}

static void check_pio(uint32_t direction, uint64_t port, uint64_t size)
{
	assert_int_equal(slot()->type, IOREQ_PORTIO);
	assert_int_equal(slot()->completion_polling, 0);
	assert_int_equal(slot()->reqs.pio_request.direction, direction);
	assert_int_equal(slot()->reqs.pio_request.address, port);
	assert_int_equal(slot()->reqs.pio_request.size, size);
}

static void ask_ports(void)
{
	/* A port; the answer's upper bytes are not the guest's. */
	wait_pending();
	check_pio(IOREQ_READ, 0x70, 1);
	slot()->reqs.pio_request.value = 0xaabbccdd;
	complete();
	wait_done(1);
	assert_int_equal(asker.got[0], 0xdd);
	assert_int_equal(slot_state(), IOREQ_FREE);

	/* A notice before its time is no answer, and does not get lost either. */
	let_go(1);
	wait_pending();
	assert_int_equal(notify(), 0);
	assert_int_equal(slot_state(), IOREQ_PENDING);
	set_slot_state(IOREQ_PROCESSING);
	assert_int_equal(notify(), 0);
	assert_int_equal(slot_state(), IOREQ_PROCESSING);
	set_slot_state(99);
	assert_int_equal(notify(), 0);
	assert_int_equal(slot_state(), 99);
	/* The request turned into something else, as HSM does with 0xcfc. */
	slot()->type = IOREQ_PCICFG;
	slot()->completion_polling = 77;
	slot()->reqs.pio_request = (struct acrn_pio_request){
		.direction = IOREQ_WRITE, .address = UINT64_MAX, .size = 8, .value = 0x55667788
	};
	complete();
	wait_done(2);
	assert_int_equal(asker.got[1], 0x7788);

	/* A slot that is not free when the guest needs it. */
	set_slot_state(12345);
	let_go(2);
	wait_pending();
	check_pio(IOREQ_READ, 0x72, 4);
	slot()->reqs.pio_request.value = 0x99aabbcc;
	complete();
	wait_done(3);
	assert_int_equal(asker.got[2], 0x99aabbcc);
}

static void ask_memory(void)
{
	let_go(3);
	wait_pending();
	assert_int_equal(slot()->type, IOREQ_MMIO);
	assert_int_equal(slot()->reqs.mmio_request.direction, IOREQ_READ);
	assert_int_equal(slot()->reqs.mmio_request.address, MMIO + 8);
	assert_int_equal(slot()->reqs.mmio_request.size, 8);
	slot()->type = IOREQ_PORTIO;
	slot()->reqs.mmio_request.value = 0x1122334455667788;
	complete();
	wait_done(4);
	assert_int_equal(asker.got[3], 0x1122334455667788);

	let_go(4);
	wait_pending();
	assert_int_equal(slot()->reqs.mmio_request.direction, IOREQ_WRITE);
	assert_int_equal(slot()->reqs.mmio_request.address, MMIO + 12);
	assert_int_equal(slot()->reqs.mmio_request.size, 2);
	assert_int_equal(slot()->reqs.mmio_request.value, 0xabcd);
	complete();
	WAIT_UNTIL(slot_state() == IOREQ_PENDING &&
		   slot()->reqs.mmio_request.direction == IOREQ_READ);
	slot()->reqs.mmio_request.value = ~0ULL;
	complete();
	wait_done(5);
	assert_int_equal(asker.got[4], 0xffffffff);
}

static void switch_off(void)
{
	let_go(5);
	wait_pending();
	check_pio(IOREQ_WRITE, 0x73, 2);
	assert_int_equal(slot()->reqs.pio_request.value, 0xba98);
	complete();
	wait_done(6);

	/* A triple fault is the wish to be switched off. */
	let_go(6);
	wait_pending();
	check_pio(IOREQ_WRITE, 0x404, 2);
	assert_int_equal(slot()->reqs.pio_request.value, 0x3400);
	complete();
	WAIT_UNTIL(slot_state() == IOREQ_FREE);
	assert_int_equal(hypercall(HC_PAUSE_VM, VM, 0), 0);
	assert_int_equal(asker.done, 6);
}

static void test_requests(void **state)
{
	(void)state;
	start(0);
	ask_ports();
	ask_memory();
	switch_off();
	end_hv();
}

/* A reboot in the middle of a request: pause, finish what is pending, reset, start. */
static void test_reset(void **state)
{
	(void)state;
	start(0);
	wait_pending();
	assert_int_equal(hypercall(HC_PAUSE_VM, VM, 0), 0);
	set_slot_state(IOREQ_COMPLETE);
	assert_int_equal(notify(), 0);
	assert_int_equal(hypercall(HC_RESET_VM, VM, 0), 0);
	assert_int_equal(slot_state(), IOREQ_FREE);
	assert_int_equal(asker.done, 0);
	assert_int_equal(hypercall(HC_START_VM, VM, 0), 0);
	wait_pending();
	check_pio(IOREQ_READ, 0x70, 1);
	slot()->reqs.pio_request.value = 5;
	complete();
	wait_done(1);
	assert_int_equal(asker.got[0], 5);
	/* Destroyed while it runs its guest: after a pause there is nothing left that runs. */
	assert_int_equal(hypercall(HC_PAUSE_VM, VM, 0), 0);
	assert_int_equal(hypercall(HC_DESTROY_VM, VM, 0), 0);
	assert_int_equal(notify(), -1);
	end_hv();
}

static void test_polling(void **state)
{
	(void)state;
	start(GUEST_FLAG_IO_COMPLETION_POLLING);
	wait_pending();
	assert_int_equal(slot()->completion_polling, 1);
	slot()->reqs.pio_request.value = 0x42;
	set_slot_state(IOREQ_COMPLETE);
	wait_done(1);
	assert_int_equal(asker.got[0], 0x42);
	end_hv();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		hv_unit_test(test_requests),
		hv_unit_test(test_reset),
		hv_unit_test(test_polling),
	};

	return cmocka_run_group_tests_name("ioreq", tests, NULL, NULL);
}
