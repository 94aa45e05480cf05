// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/smp.h"

#include "hv/arch/x86/acpi.h"
#include "hv/arch/x86/apic.h"
#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/descriptor.h"
#include "hv/arch/x86/image.h"
#include "hv/arch/x86/memory_map.h"
#include "hv/arch/x86/options.h"
#include "hv/arch/x86/paging.h"
#include "hv/arch/x86/percpu.h"
#include "hv/arch/x86/stack.h"
#include "hv/arch/x86/tsc.h"
#include "hv/core/log.h"
#include "hv/include/arch.h"

#define INIT_WAIT_US 10000U /* Intel's MP specification, appendix B.4 */
#define STARTUP_WAIT_US 200U
#define ONLINE_WAIT_US 3000000U
#define RELEASE_WAIT_US 60000000U

/* The trampoline, its size, and offsets of what is written into its copy; trampoline.S. */
extern const uint8_t trampoline_start[];
extern const struct trampoline_layout {
	uint32_t size, gdt_address, far_address, root;
} trampoline_layout;

struct percpu percpus[MAX_PCPUS];
unsigned int nr_pcpus = 1;

/* Taken by the pCPU that starts; trampoline.S. */
uint64_t ap_stack_end;
static struct percpu *starting;
static uint64_t host_cr4;
static void (*released)(void);

void smp_ap_main(void);

unsigned int arch_pcpu_id(void)
{
	return this_percpu()->id;
}

unsigned int arch_nr_pcpus(void)
{
	return nr_pcpus;
}

static void add_pcpu(uint32_t id)
{
	struct percpu *cpu = &percpus[nr_pcpus];

	if (nr_pcpus >= options.max_pcpus) {
		log_info("smp: CPU with APIC id 0x%x stays off: maxcpus is %u", id,
			 options.max_pcpus);
		return;
	}
	if (!apic_is_x2apic() && id > 0xfe) {
		log_warning("smp: CPU with APIC id 0x%x stays off: it takes x2APIC mode", id);
		return;
	}
	*cpu = (struct percpu){ .self = cpu, .id = nr_pcpus, .apic_id = id };
	if (stack_init(cpu))
		hv_panic("smp: no memory for the stacks of a pCPU");
	nr_pcpus++;
}

void smp_prepare(void)
{
	uint32_t self = apic_id();

	percpus[0].apic_id = self;
	percpus[0].online = true;
	for (unsigned int i = 0; i < acpi.nr_cpus; i++)
		if (acpi.apic_ids[i] != self)
			add_pcpu(acpi.apic_ids[i]);
}

void smp_ap_main(void)
{
	struct percpu *cpu = starting;
	uint64_t until = tsc_after_us(RELEASE_WAIT_US);

	write_cr4(host_cr4);
	descriptor_load(cpu);
	apic_enable();
	if (apic_id() != cpu->apic_id)
		hv_panic("smp: another pCPU came than the one that was started");
	/* What was done before is seen by the one who waits in start_one(). */
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	tsc_check_follow();
	while (!__atomic_load_n(&released, __ATOMIC_ACQUIRE)) {
		if (arch_tsc() > until)
			hv_panic("smp: the boot pCPU does not go on");
		cpu_pause();
	}
	released();
}

static void add32(uint8_t *place, uint32_t value)
{
	uint32_t old;

	memcpy(&old, place, sizeof(old));
	value += old;
	memcpy(place, &value, sizeof(value));
}

static uint64_t place_trampoline(void)
{
	uint64_t hpa = memory_map_find(&memory_map, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, 0xa0000);
	uint8_t *copy = paging_direct(hpa);

	if (!hpa || paging_map_trampoline(hpa))
		hv_panic("smp: no page below 640 KiB to start pCPUs from");
	memcpy(copy, trampoline_start, trampoline_layout.size);
	add32(copy + trampoline_layout.gdt_address, (uint32_t)hpa);
	add32(copy + trampoline_layout.far_address, (uint32_t)hpa);
	add32(copy + trampoline_layout.root, (uint32_t)paging_root());
	return hpa;
}

static bool wait_online(const struct percpu *cpu, uint64_t us)
{
	uint64_t until = tsc_after_us(us);

	/* Pairs with the release in smp_ap_main(). */
	while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE)) {
		if (arch_tsc() > until)
			return false;
		cpu_pause();
	}
	return true;
}

static bool start_one(struct percpu *cpu, uint64_t trampoline)
{
	starting = cpu;
	__atomic_store_n(&ap_stack_end, cpu->stack_end, __ATOMIC_RELEASE);
	apic_send_init(cpu->apic_id);
	tsc_delay_us(INIT_WAIT_US);
	apic_send_startup(cpu->apic_id, trampoline);
	if (!wait_online(cpu, STARTUP_WAIT_US)) {
		apic_send_startup(cpu->apic_id, trampoline);
		wait_online(cpu, ONLINE_WAIT_US);
	}
	if (cpu->online && tsc_check_lead(cpu->id))
		return true;
	/* Should it come after all, or be lost on its way: it is held where it does no harm. */
	__atomic_store_n(&ap_stack_end, 0, __ATOMIC_SEQ_CST);
	apic_send_init(cpu->apic_id);
	cpu->online = false;
	return false;
}

void smp_start(void)
{
	uint64_t trampoline = place_trampoline();
	unsigned int online = 1;

	host_cr4 = read_cr4();
	for (unsigned int i = 1; i < nr_pcpus; i++) {
		struct percpu *cpu = &percpus[online];

		/* A number that nobody took goes to the next, with its stacks. */
		cpu->apic_id = percpus[i].apic_id;
		if (start_one(cpu, trampoline))
			online++;
		else
			log_error("smp: CPU with APIC id 0x%x does not start and stays off",
				  cpu->apic_id);
	}
	nr_pcpus = online;
	paging_unmap_trampoline(trampoline);
	log_info("smp: %u of %u pCPUs on line", nr_pcpus, acpi.nr_cpus ? acpi.nr_cpus : 1);
}

void smp_release(void (*function)(void))
{
	/* All that the boot pCPU has set up comes before; pairs with the acquire in smp_ap_main().
	 */
	__atomic_store_n(&released, function, __ATOMIC_RELEASE);
}
