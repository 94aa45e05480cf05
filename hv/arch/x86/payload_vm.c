// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/payload_vm.h"

#include "hv/arch/x86/cr.h"
#include "hv/arch/x86/memory_map.h"
#include "hv/arch/x86/options.h"
#include "hv/arch/x86/paging.h"
#include "hv/arch/x86/payload/layout.h"
#include "hv/arch/x86/service.h"
#include "hv/arch/x86/vmx.h"
#include "hv/core/ept.h"
#include "hv/core/log.h"
#include "hv/core/pcpu.h"
#include "hv/core/text.h"
#include "hv/core/vm.h"
#include "hv/guests/boot.h"
#include "hv/guests/guest.h"

/* Offsets in the Service VM's memory; PAYLOAD_.. has the others. */
#define SCRATCH_OFFSET 0x40000ULL
#define FREE_OFFSET ((uint64_t)PAYLOAD_SIZE)
#define RING_ALIGN 4096U
#define HVLOG_RING_SIZE (64U << 10)
#define GUESTS_MAX 8U

#define TABLE_ENTRY 3ULL /* present, writable */
#define LARGE_ENTRY 0x83ULL

extern const uint8_t payload_image[], payload_image_end[];

static struct {
	char name[ACRN_VM_NAME_LEN];
	const struct guest_payload *payload;
	uint64_t affinity;
	uint64_t flags;
} guests[GUESTS_MAX];
static unsigned int nr_guests;
static uint64_t memory; /* hpa of the Service VM's RAM; those of the User VMs follow */
static uint64_t rings;	/* hpa */

/* --- the option --- */
static const struct guest_payload *payload_named(const char *name, size_t length)
{
	for (unsigned int i = 0; i < nr_guest_payloads; i++) {
		const char *other = guest_payloads[i].name;
		size_t at = 0;

		while (at < length && other[at] == name[at])
			at++;
		if (at == length && !other[at])
			return &guest_payloads[i];
	}
	return NULL;
}

/* "0-1+3"; *text ends at what is behind. 0: it is none. */
static uint64_t pcpu_set(const char *text)
{
	uint64_t set = 0, first, last;

	for (;;) {
		if (!option_size(text, &text, &first))
			return 0;
		last = first;
		if (*text == '-' && !option_size(text + 1, &text, &last))
			return 0;
		if (first > last || last >= arch_nr_pcpus())
			return 0;
		set |= (2ULL << last) - (1ULL << first);
		if (!*text)
			return set;
		if (*text++ != '+')
			return 0;
	}
}

/* PAYLOAD[:PCPUS] */
static bool add_guest(const char *item)
{
	size_t length = 0;
	unsigned int same = 0;

	while (item[length] && item[length] != ':')
		length++;
	if (nr_guests == GUESTS_MAX)
		return false;
	guests[nr_guests].payload = payload_named(item, length);
	if (!guests[nr_guests].payload || guests[nr_guests].payload->entry == service_vm_entry)
		return false;
	guests[nr_guests].affinity =
		item[length] ? pcpu_set(item + length + 1) : (1ULL << arch_nr_pcpus()) - 1;
	if (!guests[nr_guests].affinity)
		return false;
	for (unsigned int i = 0; i < nr_guests; i++)
		same += guests[i].payload == guests[nr_guests].payload;
	text_format(guests[nr_guests].name, ACRN_VM_NAME_LEN, same ? "%s%u" : "%s",
		    guests[nr_guests].payload->name, same + 1);
	nr_guests++;
	return true;
}

static bool parse_guests(const char *list)
{
	char item[32];

	while (option_word(&list, item, sizeof(item))) {
		if (add_guest(item))
			continue;
		log_error("guests: %s is no payload with pCPUs like cpuid:0-1, or one too many",
			  item);
		return false;
	}
	return true;
}

/* --- memory --- */
/* The image's own 2 MiB, and the first 4 GiB at their address: eight tables. */
static void make_tables(uint64_t hpa, uint64_t gpa)
{
	uint64_t *tables = arch_hpa_to_hva(hpa + PAYLOAD_TABLES), at = gpa + PAYLOAD_TABLES;
	const uint64_t top = 0, low = 512, high = 1024, image = 1536, direct = 2048;

	tables[top] = (at + low * 8) | TABLE_ENTRY;
	tables[top + 511] = (at + high * 8) | TABLE_ENTRY;
	tables[high + 510] = (at + image * 8) | TABLE_ENTRY;
	tables[image] = gpa | LARGE_ENTRY;
	for (uint64_t i = 0; i < 4; i++)
		tables[low + i] = (at + (direct + 512 * i) * 8) | TABLE_ENTRY;
	for (uint64_t i = 0; i < 4UL * 512; i++)
		tables[direct + i] = i << 21 | LARGE_ENTRY;
}

static void fill_vm_memory(uint64_t hpa, uint64_t gpa)
{
	memset(arch_hpa_to_hva(hpa), 0, PAYLOAD_SIZE);
	memcpy(arch_hpa_to_hva(hpa + PAYLOAD_IMAGE), payload_image,
	       (uint64_t)payload_image_end - (uint64_t)payload_image);
	make_tables(hpa, gpa);
}

static uint64_t ring_hpa(unsigned int pcpu, enum sbuf_id id)
{
	return rings + (uint64_t)pcpu * (options.trace_size + HVLOG_RING_SIZE) +
	       (id == SBUF_TRACE ? 0 : options.trace_size);
}

static uint64_t rings_size(void)
{
	return (uint64_t)arch_nr_pcpus() * (options.trace_size + HVLOG_RING_SIZE);
}

/* --- what the Service VM finds at the start of its memory --- */
static void write_boot(void)
{
	struct service_boot *boot = arch_hpa_to_hva(memory);

	*boot = (struct service_boot){
		.nr_pcpus = arch_nr_pcpus(),
		.nr_user_vms = nr_guests,
		.scratch_gpa = memory + SCRATCH_OFFSET,
		.free_gpa = memory + FREE_OFFSET,
		.free_size = (uint64_t)nr_guests * PAYLOAD_SIZE,
		.period_us = options.period_us,
		.tsc_khz = arch_tsc_khz(),
		.trace_size = options.trace_size,
		.hvlog_size = HVLOG_RING_SIZE,
	};
	for (unsigned int i = 0; i < arch_nr_pcpus(); i++) {
		boot->trace_gpa[i] = ring_hpa(i, SBUF_TRACE);
		boot->hvlog_gpa[i] = ring_hpa(i, SBUF_HVLOG);
	}
	for (unsigned int i = 0; i < nr_guests; i++) {
		struct service_user_vm *vm = &boot->user_vms[i];

		memcpy(vm->name, guests[i].name, sizeof(vm->name));
		vm->affinity = guests[i].affinity;
		vm->boot = (struct guest_boot){ .seed = options.seed + i,
						.period_us = options.period_us,
						.vm = 1 + i };
	}
}

static void write_config(struct hv_config *config)
{
	const uint32_t ram = EPT_RWX | EPT_TYPE_WB;
	uint64_t size = (1ULL + nr_guests) * PAYLOAD_SIZE;

	config->vms[0] = (struct vm_config){ .used = true,
					     .load_order = SERVICE_VM,
					     .name = "service_vm",
					     .severity = SEVERITY_SERVICE_VM,
					     .affinity = (1ULL << arch_nr_pcpus()) - 1 };
	config->service_memory[0] = (struct memory_region){ memory, size, ram };
	config->service_memory[1] = (struct memory_region){ rings, rings_size(), ram };
	for (unsigned int i = 0; i < nr_guests; i++) {
		struct vm_config *vm = &config->vms[1 + i];

		*vm = (struct vm_config){ .used = true,
					  .load_order = POST_LAUNCHED_VM,
					  .severity = SEVERITY_STANDARD_VM,
					  .affinity = guests[i].affinity };
		memcpy(vm->name, guests[i].name, sizeof(vm->name));
	}
	for (unsigned int i = 0; i < arch_nr_pcpus(); i++)
		config->sched[i] = SCHED_ROUND_ROBIN;
}

int payload_configure(struct hv_config *config)
{
	uint64_t size;

	if (!parse_guests(options.guests))
		return -1;
	size = (1ULL + nr_guests) * PAYLOAD_SIZE;
	memory = memory_map_find(&memory_map, size + rings_size(), PAYLOAD_SIZE, PAYLOAD_SIZE,
				 1ULL << 32);
	if (!memory) {
		log_error("guests: no %lu MiB of RAM for them", (size + rings_size()) >> 20);
		return -1;
	}
	rings = memory + size;
	fill_vm_memory(memory, memory);
	for (unsigned int i = 0; i < nr_guests; i++)
		fill_vm_memory(memory + FREE_OFFSET + i * (uint64_t)PAYLOAD_SIZE, 0);
	memset(arch_hpa_to_hva(rings), 0, rings_size());
	write_boot();
	write_config(config);
	return 0;
}

/* --- life --- */
static const struct guest_payload *payload_of(const struct vm *vm)
{
	return vm_is_service(vm) ? &guest_payloads[0] : guests[vm->id - 1].payload;
}

void payload_start_state(struct vcpu *vcpu)
{
	bool service = vm_is_service(vcpu->vm);
	uint64_t ram = service ? memory : 0;
	uint64_t stack = PAYLOAD_BASE + PAYLOAD_STACKS + (vcpu->id + 1UL) * PAYLOAD_STACK_SIZE;

	vmcs_start_in_long_mode(vcpu, ram + PAYLOAD_TABLES, PAYLOAD_BASE + PAYLOAD_IMAGE, stack);
	vcpu->regs.rdi = service ? ram : USER_BOOT_GPA;
	vcpu->regs.rsi = (uint64_t)(payload_of(vcpu->vm) - guest_payloads);
	vcpu->regs.rdx = vcpu->id;
}

int payload_doorbell(uint16_t port, uint32_t value)
{
	if (port != DOORBELL_PORT)
		return -HV_ENODEV;
	if (value == DOORBELL_READY) {
		log_info("guests: rings and %u User VMs are set up", nr_guests);
		service_ready();
	} else if (value == DOORBELL_FAILED) {
		log_error("guests: the Service VM could not set rings and User VMs up");
	}
	return 0;
}

/* --- the end --- */
static const struct payload_counts *counts_of(const struct vcpu *vcpu)
{
	uint64_t ram = memory + vcpu->vm->id * (uint64_t)PAYLOAD_SIZE;

	return arch_hpa_to_hva(ram + PAYLOAD_STACKS + vcpu->id * (uint64_t)PAYLOAD_STACK_SIZE);
}

/* Exits of which no guest knows. */
static bool is_silent(uint32_t reason)
{
	return reason == EXIT_EXTERNAL_INTERRUPT || reason == EXIT_INTERRUPT_WINDOW ||
	       reason == EXIT_PREEMPTION_TIMER;
}

/* Does the hypervisor's count lie between what the guest has begun and what it has done? */
static bool compare(const struct vcpu *vcpu, uint32_t reason)
{
	const struct payload_counts *guest = counts_of(vcpu);
	uint64_t count = vcpu->arch->exits[reason];
	uint64_t begun = guest->begun[reason], done = guest->done[reason];
	bool same = is_silent(reason) || (done <= count && count <= begun);
	const char *how = "";

	if (!same)
		how = ": WRONG";
	else if (begun != done)
		how = " and one under way";
	if (is_silent(reason) && count)
		log_info("exits: %s reason %u: %lu", vcpu->name, reason, count);
	else if (count || begun)
		log_info("exits: %s reason %u: %lu, the guest counts %lu%s", vcpu->name, reason,
			 count, done, how);
	return same;
}

static bool compare_vcpu(const struct vcpu *vcpu)
{
	bool same = true;

	for (uint32_t reason = 0; reason < PAYLOAD_COUNTERS; reason++)
		same = compare(vcpu, reason) && same;
	log_info("exits: %s took %lu interrupts", vcpu->name, counts_of(vcpu)->interrupts);
	return same;
}

bool payload_report(void)
{
	bool same = true;

	for (unsigned int id = 0; id < MAX_VMS; id++)
		for (unsigned int i = 0; i < vms[id].nr_vcpus; i++)
			same = compare_vcpu(&vms[id].vcpus[i]) && same;
	return same;
}
