// SPDX-License-Identifier: BSD-3-Clause
/* What each hypercall answers, by the rules of acrn-hypercalls(7). */
#include "tests/unit/hv_test.h"

#include <cpuid.h>

#include "formats/abi/profiling.h"

#define UNMAPPED 0x700000000ULL
#define VM_NAME "vm-test"

static struct {
	int64_t user_rax, user_id;
	unsigned int user_fault;
	volatile unsigned int ud_fault;
	volatile bool ud_done;
} seen;

/* The Service VM, after a hypercall from CPL 3. */
static void service_entry(uint64_t boot_gpa)
{
	if (!guest_vcpu_id()) {
		seen.user_id = HC_GET_HW_INFO;
		seen.user_rax =
			guest_vmcall_user(HC_GET_HW_INFO, boot_gpa + 0x8000, 0, &seen.user_fault);
	}
	service_vm_entry(boot_gpa);
}

static void caller_entry(uint64_t boot_gpa)
{
	unsigned int fault;

	(void)boot_gpa;
	guest_vmcall_regs(HC_GET_API_VERSION, 0x2000, 0, &fault);
	seen.ud_fault = fault;
	__atomic_store_n(&seen.ud_done, true, __ATOMIC_RELEASE);
	for (;;)
		guest_hlt();
}

static const struct guest_payload payloads[] = {
	{ "service_vm", "", service_entry },
	{ "caller", "", caller_entry },
	{ "vm-test", "", hlt_entry },
};

static int setup(void **state)
{
	const struct host_options options = {
		.nr_pcpus = 2,
		.guests = { { .name = "caller", .affinity = 2 } },
		.nr_guests = 1,
		.payloads = payloads,
		.nr_payloads = 3,
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

static void test_version_and_hardware(void **state)
{
	struct hc_api_version version = { 0 };
	struct acrn_hw_info info = { .reserved = { 7, 7, 7 } };

	(void)state;
	assert_int_equal(hypercall_data(HC_GET_API_VERSION, 0, 1, &version, sizeof(version)), 0);
	assert_int_equal(version.major_version, 1);
	assert_int_equal(version.minor_version, 0);
	assert_int_equal(hypercall_data(HC_GET_HW_INFO, 0, 1, &info, sizeof(info)), 0);
	assert_int_equal(info.cpu_num, 2);
	assert_int_equal(info.reserved[0], 0);
}

static int32_t profiling(uint64_t command, void *data, size_t size)
{
	return (int32_t)hypercall_data(HC_PROFILING_OPS, command, 2, data, size);
}

static void test_profiling(void **state)
{
	struct profiling_version_info version = { .supported_features = -1 };
	struct profiling_pcpuid pcpuid = { .leaf = 0 };
	struct profiling_status status[2] = { { 1, 2 }, { 3, 4 } };
	uint32_t eax, ebx, ecx, edx;

	(void)state;
	assert_int_equal(profiling(PROFILING_GET_VERSION, &version, sizeof(version)), 0);
	assert_int_equal(version.major, 1);
	assert_int_equal(version.minor, 0);
	assert_int_equal(version.supported_features, 0);
	assert_int_equal(profiling(PROFILING_GET_PCPUID, &pcpuid, sizeof(pcpuid)), 0);
	__cpuid(0, eax, ebx, ecx, edx);
	assert_int_equal(pcpuid.eax, eax);
	assert_int_equal(pcpuid.ebx, ebx);
	assert_int_equal(pcpuid.ecx, ecx);
	assert_int_equal(pcpuid.edx, edx);
	assert_int_equal(profiling(PROFILING_GET_STATUS, status, sizeof(status)), 0);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(status[i].samples_logged | status[i].samples_dropped, 0);
	/* Sampling is not there. */
	assert_int_equal(profiling(PROFILING_MSR_OPS, status, sizeof(status)), -1);
	assert_int_equal(profiling(PROFILING_CONFIG_PMI, status, sizeof(status)), -1);
	assert_int_equal(profiling(PROFILING_CONFIG_VMSWITCH, status, sizeof(status)), -1);
	assert_int_equal(profiling(9, status, sizeof(status)), -1);
	assert_int_equal(profiling(0x100000002ULL, status, sizeof(status)), -1);
	for (uint64_t command = 0; command < 9; command++)
		assert_int_equal(hypercall(HC_PROFILING_OPS, command, UNMAPPED), -1);
}

static void test_profiling_vms(void **state)
{
	static struct profiling_vm_info_list list;
	const struct profiling_vm_info *vmm = &list.vm_list[0], *service = &list.vm_list[1],
				       *caller = &list.vm_list[2];

	(void)state;
	memset(&list, 0xff, sizeof(list));
	assert_int_equal(profiling(PROFILING_GET_VMINFO, &list, sizeof(list)), 0);
	assert_int_equal(list.num_vms, 3);
	assert_int_equal(vmm->vm_id_num, 0xffff);
	assert_string_equal(vmm->vm_name, "VMM");
	assert_int_equal(vmm->num_vcpus, 2);
	assert_int_equal(vmm->cpu_map[1].pcpu_id, 1);
	assert_int_equal(service->vm_id_num, 0);
	assert_string_equal(service->vm_name, "vm_0");
	assert_int_equal(service->num_vcpus, 2);
	assert_int_equal(caller->vm_id_num, 1);
	assert_string_equal(caller->vm_name, "vm_1");
	assert_int_equal(caller->num_vcpus, 1);
	assert_int_equal(caller->cpu_map[0].vcpu_id, 0);
	assert_int_equal(caller->cpu_map[0].pcpu_id, 1); /* affinity 2 */
	assert_int_equal(caller->cpu_map[0].apic_id, 1);
	assert_int_equal(list.vm_list[3].num_vcpus, 0);
}

static void test_profiling_control(void **state)
{
	static const struct {
		int64_t collector;
		uint64_t switches;
		int64_t answer;
	} cases[] = {
		{ COLLECTOR_SEP, 1U << SEP_VM_SWITCH_TRACING, 0 },
		{ COLLECTOR_SEP, 1U << SEP_CORE_PMU_SAMPLING, -22 }, /* the PMU is not set up */
		{ COLLECTOR_SEP, 1U << SEP_CORE_PMU_COUNTING, -22 },
		{ COLLECTOR_SEP, 1ULL << 63, -22 },
		{ COLLECTOR_SEP, 0, 0 },
		{ COLLECTOR_SOCWATCH, 3, 0 },
		{ COLLECTOR_SOCWATCH, 4, -22 },
		{ COLLECTOR_SOCWATCH, 0, 0 },
		{ 2, 0, -22 },
		{ -1, 0, -22 },
	};
	uint64_t expected[2] = { 0, 0 };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		struct profiling_control control = { .collector_id = (int32_t)cases[i].collector,
						     .switches = cases[i].switches };

		assert_int_equal(profiling(PROFILING_SET_CONTROL_SWITCH, &control, sizeof(control)),
				 cases[i].answer);
		if (cases[i].answer == 0)
			expected[cases[i].collector] = cases[i].switches;
		for (int32_t collector = 0; collector < 2; collector++) {
			control = (struct profiling_control){ .collector_id = collector,
							      .switches = 77 };
			assert_int_equal(
				profiling(PROFILING_GET_CONTROL_SWITCH, &control, sizeof(control)),
				0);
			assert_int_equal(control.switches, expected[collector]);
		}
	}
	struct profiling_control none = { .collector_id = 2 };

	assert_int_equal(profiling(PROFILING_GET_CONTROL_SWITCH, &none, sizeof(none)), -22);
}

static void test_structure_across_pages(void **state)
{
	uint32_t *last = service_memory(2 * PAGE_SIZE - 4), *first = service_memory(2 * PAGE_SIZE);

	(void)state;
	*last = *first = 77;
	assert_int_equal(hypercall(HC_GET_API_VERSION, service_gpa(2 * PAGE_SIZE - 4), 0), 0);
	assert_int_equal(*last, 1);
	assert_int_equal(*first, 0);
}

static void test_bad_addresses(void **state)
{
	static const uint64_t
		gpas[] = { UNMAPPED, UINT64_MAX, UINT64_MAX - 3,
			   0,	     1ULL << 48, (128ULL << 20) - 4 /* the last bytes of RAM */ };

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		assert_int_equal(hypercall(HC_GET_API_VERSION, gpas[i], 0), -1);
		assert_int_equal(hypercall(HC_CREATE_VM, gpas[i], 0), -1);
		assert_int_equal(hypercall(HC_SET_VM_MEMORY_REGIONS, gpas[i], 0), -1);
		assert_int_equal(hypercall(HC_SETUP_SBUF, 0, gpas[i]), -1);
	}
}

static void test_unknown_ids(void **state)
{
	static const uint64_t ids[] = { 0x80000099U, 0x80000070U, 0x80000072U, 0x80000090U,
					0,	     0x10,	  UINT64_MAX,  0x180000000ULL };

	(void)state;
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(hypercall(ids[i], 1, 0), -25);
	/* Targets that are no slot. */
	assert_int_equal(hypercall(HC_START_VM, MAX_VMS, 0), -25);
	assert_int_equal(hypercall(HC_PAUSE_VM, 0x10001, 0), -25);
	assert_int_equal(hypercall(HC_DESTROY_VM, UINT64_MAX, 0), -25);
}

static void test_privilege(void **state)
{
	(void)state;
	assert_int_equal(seen.user_fault, 13);
	assert_int_equal(seen.user_rax, seen.user_id);
	WAIT_UNTIL(__atomic_load_n(&seen.ud_done, __ATOMIC_ACQUIRE));
	assert_int_equal(seen.ud_fault, 6);
}

static void test_callback_vector(void **state)
{
	(void)state;
	assert_int_equal(hypercall(HC_SET_CALLBACK_VECTOR, 0x1f, 0), -22);
	assert_int_equal(hypercall(HC_SET_CALLBACK_VECTOR, 0x100, 0), -22);
	assert_int_equal(hypercall(HC_SET_CALLBACK_VECTOR, 0x1000000f3ULL, 0), -22);
	assert_int_equal(hypercall(HC_SET_CALLBACK_VECTOR, 0x20, 0), 0);
	assert_int_equal(vms[0].callback_vector, 0x20);
	assert_int_equal(hypercall(HC_SET_CALLBACK_VECTOR, 0xff, 0), 0);
	assert_int_equal(hypercall(HC_SET_CALLBACK_VECTOR, HC_CALLBACK_VECTOR_DEFAULT, 0), 0);
}

/* --- VMs --- */
static int64_t create(const char *name, uint64_t flags, uint64_t affinity,
		      struct acrn_vm_creation *creation)
{
	memset(creation, 0, sizeof(*creation));
	memcpy(creation->name, name, strlen(name));
	creation->vm_flag = flags;
	creation->cpu_affinity = affinity;
	return hypercall_data(HC_CREATE_VM, 0, 1, creation, sizeof(*creation));
}

static void destroy(uint16_t vmid)
{
	assert_int_equal(hypercall(HC_PAUSE_VM, vmid, 0), 0);
	assert_int_equal(hypercall(HC_DESTROY_VM, vmid, 0), 0);
}

static void test_create(void **state)
{
	struct acrn_vm_creation c, again;

	(void)state;
	assert_int_equal(create(VM_NAME, 0, 0, &c), -1);
	assert_int_equal(create(VM_NAME, 0, 4, &c), -1);
	assert_int_equal(create(VM_NAME, GUEST_FLAG_LAPIC_PASSTHROUGH, 1, &c), -1);
	assert_int_equal(create(VM_NAME, 0, 3, &c), 0);
	assert_int_equal(c.vmid, 2);
	assert_int_equal(c.vcpu_num, 2);
	/* A dynamic name is no identity: the next takes the next slot. */
	assert_int_equal(create(VM_NAME, GUEST_FLAG_LAPIC_PASSTHROUGH | GUEST_FLAG_RT, 2, &again),
			 0);
	assert_int_equal(again.vmid, 3);
	assert_int_equal(again.vcpu_num, 1);
	assert_int_equal(hypercall(HC_CREATE_VCPU, c.vmid, 0), 0);
	destroy(c.vmid);
	destroy(again.vmid);
	/* The configured one is there already, and so is the Service VM. */
	assert_int_equal(create("caller", 0, 0, &c), -1);
	assert_int_equal(create("service_vm", 0, 0, &c), -1);
	destroy(1);
	assert_int_equal(create("caller", 0, 1, &c), -1);
	assert_int_equal(create("caller", 0, 3, &c), -1);
	assert_int_equal(create("caller", 0, 0, &c), 0);
	assert_int_equal(c.vmid, 1);
	assert_int_equal(c.vcpu_num, 1);
	assert_ptr_equal(vms[1].vcpus[0].pcpu, &pcpus[1]);
}

/* An answer that cannot be given leaves no VM behind. */
static void test_create_without_answer(void **state)
{
	const struct acrn_vm_creation creation = { .name = VM_NAME, .cpu_affinity = 1 };
	const uint64_t gpa = 0x500000000ULL;

	(void)state;
	assert_int_equal(
		ept_map(&vms[0].ept, gpa, service_gpa(0), PAGE_SIZE, EPT_READ | EPT_TYPE_WB), 0);
	memcpy(service_memory(0), &creation, sizeof(creation));
	assert_int_equal(hypercall(HC_CREATE_VM, gpa, 0), -1);
	assert_int_equal(vms[2].state, VM_POWERED_OFF);
	assert_int_equal(vms[2].nr_vcpus, 0);
}

static void test_all_slots(void **state)
{
	struct acrn_vm_creation c;

	(void)state;
	for (uint16_t id = 2; id < MAX_VMS; id++) {
		assert_int_equal(create(VM_NAME, 0, 1, &c), 0);
		assert_int_equal(c.vmid, id);
	}
	assert_int_equal(create(VM_NAME, 0, 1, &c), -25);
	for (uint16_t id = 2; id < MAX_VMS; id++)
		destroy(id);
}

/* --- the table of a VM's life --- */
enum { OFF, CREATED, RUNNING, PAUSED, STATES };
enum { START, PAUSE, RESET, DESTROY, STEPS };

static const uint32_t step_calls[STEPS] = { HC_START_VM, HC_PAUSE_VM, HC_RESET_VM, HC_DESTROY_VM };
static const enum vm_state state_values[STATES] = { VM_POWERED_OFF, VM_CREATED, VM_RUNNING,
						    VM_PAUSED };
/* Where each step leads from each state; -1: refused. */
static const int life[STATES][STEPS] = {
	[OFF] = { -1, -1, -1, -1 },
	[CREATED] = { RUNNING, PAUSED, -1, -1 },
	[RUNNING] = { -1, PAUSED, -1, -1 },
	[PAUSED] = { -1, PAUSED, CREATED, OFF },
};

static uint64_t set_buffer(uint16_t vmid, uint64_t gpa)
{
	return (uint64_t)hypercall_data(HC_SET_IOREQ_BUFFER, vmid, 2, &gpa, sizeof(gpa));
}

static void reach_state(int to)
{
	struct acrn_vm_creation c;

	if (vms[2].state != VM_POWERED_OFF)
		destroy(2);
	if (to == OFF)
		return;
	assert_int_equal(create(VM_NAME, 0, 2, &c), 0);
	assert_int_equal(c.vmid, 2);
	assert_int_equal(set_buffer(2, service_gpa(PAGE_SIZE)), 0);
	if (to == RUNNING)
		assert_int_equal(hypercall(HC_START_VM, 2, 0), 0);
	if (to == PAUSED)
		assert_int_equal(hypercall(HC_PAUSE_VM, 2, 0), 0);
}

static void test_life(void **state)
{
	(void)state;
	for (int from = 0; from < STATES; from++) {
		for (int step = 0; step < STEPS; step++) {
			int to = life[from][step];

			reach_state(from);
			assert_int_equal(hypercall(step_calls[step], 2, 0), to < 0 ? -1 : 0);
			assert_int_equal(vms[2].state, state_values[to < 0 ? from : to]);
		}
		/* The buffer is set in a created VM only. */
		reach_state(from);
		assert_int_equal(set_buffer(2, service_gpa(PAGE_SIZE)), from == CREATED ? 0 : -1);
		/* A late notice of a VM that is gone fails, a paused one takes it. */
		assert_int_equal(hypercall(HC_NOTIFY_IOREQ_FINISH, 2, 0), from == OFF ? -1 : 0);
	}
	reach_state(OFF);
}

static void test_vcpu_states(void **state)
{
	struct acrn_vm_creation c;

	(void)state;
	assert_int_equal(create(VM_NAME, 0, 3, &c), 0);
	assert_int_equal(vms[2].vcpus[0].state, VCPU_INIT);
	assert_int_equal(vms[2].vcpus[1].state, VCPU_INIT);
	assert_int_equal(hypercall(HC_START_VM, 2, 0), -1); /* no buffer */
	assert_int_equal(set_buffer(2, service_gpa(PAGE_SIZE)), 0);
	assert_int_equal(hypercall(HC_PAUSE_VM, 2, 0), 0);
	assert_int_equal(vms[2].vcpus[0].state, VCPU_ZOMBIE);
	assert_int_equal(vms[2].vcpus[1].state, VCPU_ZOMBIE);
	assert_int_equal(hypercall(HC_RESET_VM, 2, 0), 0);
	assert_int_equal(vms[2].vcpus[0].state, VCPU_INIT);
	/* reset keeps the buffer */
	assert_int_equal(hypercall(HC_START_VM, 2, 0), 0);
	destroy(2);
	assert_int_equal(vms[2].nr_vcpus, 0);
	assert_null(vms[2].ioreq);
}

static void test_service_vm_is_no_target(void **state)
{
	(void)state;
	for (int step = 0; step < STEPS; step++)
		assert_int_equal(hypercall(step_calls[step], 0, 0), -1);
	assert_int_equal(set_buffer(0, service_gpa(PAGE_SIZE)), -1);
	assert_int_equal(hypercall(HC_NOTIFY_IOREQ_FINISH, 0, 0), -1);
}

static void test_ioreq_buffer(void **state)
{
	struct acrn_io_request_buffer *buffer = service_memory(PAGE_SIZE);

	(void)state;
	reach_state(CREATED);
	assert_int_equal(set_buffer(2, UNMAPPED), -1);
	assert_int_equal(set_buffer(2, service_gpa(PAGE_SIZE) + 8), -1);
	assert_int_equal(hypercall(HC_SET_IOREQ_BUFFER, 2, UNMAPPED), -1);
	memset(buffer, 0, sizeof(*buffer));
	assert_int_equal(set_buffer(2, service_gpa(PAGE_SIZE)), 0);
	for (unsigned int i = 0; i < ACRN_MAX_VCPUS; i++)
		assert_int_equal(buffer->req_slot[i].processed, IOREQ_FREE);
	assert_int_equal(hypercall(HC_NOTIFY_IOREQ_FINISH, 2, 0), 0);
	assert_int_equal(hypercall(HC_NOTIFY_IOREQ_FINISH, 2, 1), -1);
	assert_int_equal(hypercall(HC_NOTIFY_IOREQ_FINISH, 2, 1ULL << 32), -1);
	reach_state(OFF);
}

/* --- memory --- */
#define RAM (2ULL << 20)

static int64_t set_one(uint16_t vmid, struct vm_memory_region region)
{
	/* Across a page, and unaligned: 8 bytes of it before the border. */
	const uint64_t at = 5 * PAGE_SIZE - 8;
	struct set_regions set = {
		.vmid = vmid,
		.mr_num = 1,
		.regions_gpa = service_gpa(at),
	};

	memcpy(service_memory(at), &region, sizeof(region));
	return hypercall_data(HC_SET_VM_MEMORY_REGIONS, 0, 1, &set, sizeof(set));
}

static uint64_t walk(uint64_t gpa)
{
	struct ept_mapping mapping;

	return ept_walk(&vms[2].ept, gpa, &mapping) ? 0 : mapping.hpa;
}

static void test_memory_regions(void **state)
{
	const struct vm_memory_region good = {
		.type = MR_ADD,
		.prot = MEM_ACCESS_READ | MEM_ACCESS_WRITE | MEM_TYPE_WB,
		.gpa = 0x100000,
		.service_vm_gpa = service_gpa(RAM),
		.size = 3 * PAGE_SIZE,
	};
	struct vm_memory_region region = good;
	struct set_regions none = { .vmid = 2 };
	struct ept_mapping mapping;

	(void)state;
	reach_state(CREATED);
	assert_int_equal(hypercall_data(HC_SET_VM_MEMORY_REGIONS, 0, 1, &none, sizeof(none)), -1);
	none.mr_num = 1;
	none.regions_gpa = UNMAPPED;
	assert_int_equal(hypercall_data(HC_SET_VM_MEMORY_REGIONS, 0, 1, &none, sizeof(none)), -1);
	none.vmid = MAX_VMS;
	assert_int_equal(hypercall_data(HC_SET_VM_MEMORY_REGIONS, 0, 1, &none, sizeof(none)), -25);
	assert_int_equal(set_one(0, good), -1);
	assert_int_equal(set_one(3, good), -1); /* powered off */
	assert_int_equal(set_one(2, good), 0);
	assert_int_equal(walk(0x100000), service_gpa(RAM));
	assert_int_equal(walk(0x102fff), service_gpa(RAM) + 0x2fff);
	assert_int_equal(walk(0x103000), 0);
	assert_int_equal(walk(0xff000), 0);
	assert_int_equal(ept_walk(&vms[2].ept, 0x100000, &mapping), 0);
	assert_int_equal(mapping.flags, EPT_READ | EPT_WRITE | EPT_TYPE_WB);

	region.size = PAGE_SIZE + 1;
	assert_int_equal(set_one(2, region), -22);
	region = good;
	region.gpa = 0x100800;
	assert_int_equal(set_one(2, region), -22);
	region.gpa = UINT64_MAX & PAGE_MASK;
	assert_int_equal(set_one(2, region), -22);
	region = good;
	region.service_vm_gpa = UNMAPPED;
	assert_int_equal(set_one(2, region), -14);
	region.service_vm_gpa = 0; /* the hypervisor's own */
	assert_int_equal(set_one(2, region), -14);
	region = good;
	region.type = MR_DEL;
	region.size = 4 * PAGE_SIZE; /* one more than mapped */
	assert_int_equal(set_one(2, region), -22);
	assert_int_equal(walk(0x100000), service_gpa(RAM));
	region.size = PAGE_SIZE;
	assert_int_equal(set_one(2, region), 0);
	assert_int_equal(walk(0x100000), 0);
	assert_int_equal(walk(0x101000), service_gpa(RAM) + 0x1000);
	reach_state(OFF);
}

/* The first bad region ends it; those before stay. */
static void test_region_list(void **state)
{
	struct vm_memory_region list[3] = {
		{ .prot = 7, .gpa = 0, .service_vm_gpa = service_gpa(RAM), .size = RAM },
		{ .prot = 7, .gpa = RAM, .service_vm_gpa = UNMAPPED, .size = RAM },
		{ .prot = 7, .gpa = 2 * RAM, .service_vm_gpa = service_gpa(RAM), .size = RAM },
	};
	struct set_regions set = { .vmid = 2, .mr_num = 3, .regions_gpa = service_gpa(0x8000) };

	(void)state;
	reach_state(CREATED);
	memcpy(service_memory(0x8000), list, sizeof(list));
	assert_int_equal(hypercall_data(HC_SET_VM_MEMORY_REGIONS, 0, 1, &set, sizeof(set)), -14);
	assert_int_equal(walk(RAM - 1), service_gpa(2 * RAM) - 1);
	assert_int_equal(walk(RAM), 0);
	assert_int_equal(walk(2 * RAM), 0);
	reach_state(OFF);
}

/* All of a VM's pages are given back. */
static void test_nothing_leaks(void **state)
{
	uint64_t before, after;

	(void)state;
	reach_state(OFF);
	before = arch_page_alloc();
	arch_page_free(before);
	for (int i = 0; i < 6000; i++) {
		reach_state(CREATED);
		assert_int_equal(
			set_one(2, (struct vm_memory_region){ .prot = 7,
							      .service_vm_gpa = service_gpa(RAM),
							      .size = PAGE_SIZE }),
			0);
	}
	reach_state(OFF);
	after = arch_page_alloc();
	assert_true(after != 0);
	arch_page_free(after);
}

/* A VM that matters more than the Service VM: it may not disturb it while it runs. */
static void test_severity(void **state)
{
	struct host_options options = {
		.nr_pcpus = 2,
		.guests = { { .name = "rt", .affinity = 2, .severity = SEVERITY_RTVM } },
		.nr_guests = 1,
	};
	const struct vm_memory_region region = {
		.prot = 7, .gpa = RAM, .service_vm_gpa = service_gpa(RAM), .size = PAGE_SIZE
	};

	(void)state;
	end_hv();
	start_hv(&options);
	assert_int_equal(vms[1].state, VM_RUNNING);
	assert_int_equal(hypercall(HC_PAUSE_VM, 1, 0), 0);
	assert_int_equal(vms[1].state, VM_RUNNING);
	assert_int_equal(hypercall(HC_NOTIFY_IOREQ_FINISH, 1, 0), -1);
	assert_int_equal(set_one(1, region), -1);
	assert_int_equal(hypercall(HC_DESTROY_VM, 1, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_and_hardware),
		cmocka_unit_test(test_profiling),
		cmocka_unit_test(test_profiling_vms),
		cmocka_unit_test(test_profiling_control),
		cmocka_unit_test(test_structure_across_pages),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_unknown_ids),
		cmocka_unit_test(test_privilege),
		cmocka_unit_test(test_callback_vector),
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_create_without_answer),
		cmocka_unit_test(test_all_slots),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_vcpu_states),
		cmocka_unit_test(test_service_vm_is_no_target),
		cmocka_unit_test(test_ioreq_buffer),
		cmocka_unit_test(test_memory_regions),
		cmocka_unit_test(test_region_list),
		cmocka_unit_test(test_nothing_leaks),
		cmocka_unit_test(test_severity),
	};

	return cmocka_run_group_tests_name("hypercall", tests, setup, teardown);
}
