// SPDX-License-Identifier: BSD-3-Clause
/* The order in which things come to life. */
#include "hv/arch/x86/acpi.h"
#include "hv/arch/x86/apic.h"
#include "hv/arch/x86/console.h"
#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/descriptor.h"
#include "hv/arch/x86/features.h"
#include "hv/arch/x86/hvlog.h"
#include "hv/arch/x86/image.h"
#include "hv/arch/x86/ioapic.h"
#include "hv/arch/x86/memory_map.h"
#include "hv/arch/x86/multiboot.h"
#include "hv/arch/x86/options.h"
#include "hv/arch/x86/page_alloc.h"
#include "hv/arch/x86/paging.h"
#include "hv/arch/x86/selftest.h"
#include "hv/arch/x86/service.h"
#include "hv/arch/x86/smp.h"
#include "hv/arch/x86/stack.h"
#include "hv/arch/x86/tsc.h"
#include "hv/arch/x86/vmx.h"
#include "hv/core/log.h"
#include "hv/core/pcpu.h"
#include "hv/include/arch.h"

void hv_start(uint64_t info_hpa, uint64_t start_hpa);
_Noreturn void stack_switch(uint64_t stack_end, void (*function)(void));

/* Before there are stacks of their own for these. */
static uint8_t early_ist[2 * PAGE_SIZE] __attribute__((aligned(16)));

static void early_exceptions(void)
{
	struct percpu *cpu = &percpus[0];

	for (unsigned int i = 0; i < IST_COUNT - 1; i++)
		cpu->tss.ist[i] = (uint64_t)(early_ist + sizeof(early_ist));
	idt_init();
	descriptor_load(cpu);
}

static void log_memory(void)
{
	for (unsigned int i = 0; i < memory_map.count; i++) {
		const struct memory_range *range = &memory_map.ranges[i];

		log_debug("memory: 0x%09lx - 0x%09lx %s", range->start, range->end,
			  memory_type_name(range->type));
	}
	if (memory_map.dropped)
		log_warning("memory: %u ranges are left out: the map has more than %u",
			    memory_map.dropped, MEMORY_RANGES_MAX);
}

static void log_boot(void)
{
	log_info("boot: by %s%s, %u tags, image at 0x%lx, command line \"%s\"",
		 boot_info.loader[0] ? boot_info.loader : "an unnamed loader",
		 boot_info.efi_system_table ? " on UEFI" : "", boot_info.tags, image_hpa,
		 boot_info.command_line);
	if (boot_info.damaged)
		log_error("boot: the loader's information is damaged: %s", boot_info.damaged);
	for (unsigned int i = 0; i < boot_info.nr_modules; i++)
		log_info("boot: module at 0x%lx, %lu KiB, \"%s\"", boot_info.modules[i].start,
			 (boot_info.modules[i].end - boot_info.modules[i].start) >> 10,
			 boot_info.modules[i].command_line);
}

static void start_memory(void)
{
	struct page_pool_state pool;

	memory_map_add(&memory_map, image_hpa, image_hpa + image_size(), MEMORY_HYPERVISOR);
	hvlog_reserve();
	page_alloc_init(options.pool_size);
	paging_init();
	pool = page_alloc_state();
	log_info("memory: %lu MiB RAM, page pool of %lu MiB at 0x%lx",
		 memory_map_total(&memory_map, MEMORY_RAM) >> 20, pool.size >> 20, pool.start);
	log_memory();
}

static void start_controllers(void)
{
	acpi_init();
	if (acpi.from)
		log_info(
			"acpi: revision %u by %s, %u tables, %u CPUs, %u IOAPICs, PM timer at 0x%x",
			acpi.revision, acpi.from, acpi.tables, acpi.nr_cpus, acpi.nr_ioapics,
			acpi.pm_timer_port);
	else
		log_warning("acpi: there is none: one pCPU, and no IOAPIC");
	pic_mask();
	apic_init(acpi.lapic_hpa);
	apic_enable();
	ioapic_init();
	tsc_init();
	apic_timer_calibrate();
	log_info("apic: %s mode, timer %s", apic_is_x2apic() ? "x2APIC" : "xAPIC",
		 apic_timer_is_deadline() ? "with TSC deadline" : "one-shot");
	if (!apic_timer_is_deadline())
		log_info("apic: timer at %u kHz", apic_timer_khz());
}

static void run_pcpu(void)
{
	selftest_run(options.test);
	if (service_is_wanted())
		service_run();
	for (;;)
		arch_idle();
}

static void check_paging(void)
{
	struct paging_count count;

	if (!paging_verify(&count))
		hv_panic("paging: a page is writable and executable");
	log_info(
		"paging: %lu KiB executable, %lu KiB read-only, %lu KiB writable, none of them two",
		count.executable >> 10, count.read_only >> 10, count.writable >> 10);
}

static void start_log(void)
{
	hvlog_init();
	service_attach_log();
}

/* On the boot pCPU's own stack. */
static void go_on(void)
{
	start_controllers();
	if (service_is_wanted())
		vmx_init();
	smp_prepare();
	paging_seal();
	smp_start();
	check_paging();
	start_log();
	log_info("ready");
	if (service_is_wanted())
		service_configure();
	smp_release(run_pcpu);
	run_pcpu();
}

/* Called by boot.S, in long mode, with the boot page tables. */
void hv_start(uint64_t info_hpa, uint64_t start_hpa)
{
	image_hpa = start_hpa;
	early_exceptions();
	for (unsigned int i = 0; i < MAX_PCPUS; i++)
		pcpu_init(&pcpus[i], i);
	console_init();
	log_set_levels(options.console_level, options.memory_level);
	log_info("acrnscope hypervisor %s", VERSION);
	multiboot_parse(info_hpa);
	options_parse(boot_info.command_line);
	log_boot();
	features_check();
	start_memory();
	if (stack_init(&percpus[0]))
		hv_panic("memory: no room for stacks");
	stack_switch(percpus[0].stack_end, go_on);
}
