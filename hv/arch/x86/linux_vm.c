// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/linux_vm.h"

#include "hv/arch/x86/acpi.h"
#include "hv/arch/x86/ioapic.h"
#include "hv/arch/x86/memory_map.h"
#include "hv/arch/x86/multiboot.h"
#include "hv/arch/x86/paging.h"
#include "hv/arch/x86/vmx.h"
#include "hv/core/ept.h"
#include "hv/core/log.h"
#include "hv/core/vcpu.h"
#include "hv/include/arch.h"

/* Offsets in a bzImage and in the zero page. */
#define SETUP_HEADER 0x1f1U
#define BOOT_FLAG 0x1feU
#define HEADER_END 0x201U /* how far the header reaches from 0x202 on */
#define MAGIC 0x202U
#define PROTOCOL 0x206U
#define LOADER_TYPE 0x210U
#define RAMDISK_IMAGE 0x218U
#define RAMDISK_SIZE 0x21cU
#define COMMAND_LINE 0x228U
#define ALIGNMENT 0x230U
#define XLOADFLAGS 0x236U
#define INIT_SIZE 0x260U
#define ACPI_RSDP 0x70U
#define E820_COUNT 0x1e8U
#define E820_TABLE 0x2d0U
#define E820_MAX 128U

#define MAGIC_VALUE 0x53726448U /* "HdrS" */
#define PROTOCOL_MIN 0x20cU	/* with xloadflags */
#define XLF_KERNEL_64 1U
#define LOADER_UNKNOWN 0xffU
#define ENTRY_64 0x200U
#define SECTOR 512U

/* Where the kernel finds what it is given: one run of pages below 640 KiB. */
enum { PAGE_ZERO, PAGE_COMMAND_LINE, PAGE_TABLES, LOW_PAGES = PAGE_TABLES + 6 };

#define APIC_HPA 0xfee00000ULL
#define TABLE_ENTRY 3ULL
#define LARGE_ENTRY 0x83ULL
#define FOUR_GIB (4ULL << 30)

struct e820_entry {
	uint64_t start, size;
	uint32_t type;
} __attribute__((packed));

static uint64_t low;	/* hpa of those pages */
static uint64_t kernel; /* hpa */

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static uint64_t module_size(unsigned int n)
{
	return boot_info.modules[n].end - boot_info.modules[n].start;
}

bool linux_is_there(void)
{
	return boot_info.nr_modules && module_size(0) > 16ULL * SECTOR &&
	       get32((const uint8_t *)paging_direct(boot_info.modules[0].start) + MAGIC) ==
		       MAGIC_VALUE;
}

/* --- memory as Linux sees it --- */
static uint32_t e820_type(enum memory_type type)
{
	switch (type) {
	case MEMORY_RAM:
	case MEMORY_MODULE:
		return 1;
	case MEMORY_ACPI:
		return 3;
	case MEMORY_NVS:
		return 4;
	case MEMORY_BAD:
		return 5;
	default:
		return 2;
	}
}

static void write_e820(uint8_t *zero_page)
{
	struct e820_entry *entries = (struct e820_entry *)(zero_page + E820_TABLE);
	unsigned int count = 0;

	for (unsigned int i = 0; i < memory_map.count && count < E820_MAX; i++) {
		const struct memory_range *range = &memory_map.ranges[i];
		struct e820_entry entry = { range->start, range->end - range->start,
					    e820_type(range->type) };

		if (range->type != MEMORY_NONE)
			entries[count++] = entry;
	}
	zero_page[E820_COUNT] = (uint8_t)count;
}

static uint32_t ept_flags(enum memory_type type)
{
	if (type == MEMORY_RAM || type == MEMORY_MODULE || type == MEMORY_ACPI ||
	    type == MEMORY_NVS)
		return EPT_RWX | EPT_TYPE_WB;
	return EPT_RWX | EPT_TYPE_UC;
}

static bool add_region(struct hv_config *config, unsigned int *count, uint64_t start, uint64_t end,
		       uint32_t flags)
{
	if (start >= end)
		return true;
	if (*count == MAX_REGIONS)
		return false;
	config->service_memory[(*count)++] = (struct memory_region){ start, end - start, flags };
	return true;
}

/* Devices between start and end, but for the interrupt controllers, which are the hypervisor's. */
static bool add_devices(struct hv_config *config, unsigned int *count, uint64_t start, uint64_t end)
{
	uint64_t holes[ACPI_IOAPICS_MAX + 1];
	unsigned int nr = 0;

	for (unsigned int i = 0; i < nr_ioapics; i++)
		holes[nr++] = ioapics[i].hpa & PAGE_MASK;
	holes[nr++] = APIC_HPA;
	for (unsigned int i = 0; i < nr; i++) {
		if (holes[i] < start || holes[i] >= end)
			continue;
		return add_devices(config, count, start, holes[i]) &&
		       add_devices(config, count, holes[i] + PAGE_SIZE, end);
	}
	return add_region(config, count, start, end, EPT_RWX | EPT_TYPE_UC);
}

static bool add_memory(struct hv_config *config)
{
	unsigned int count = 0;
	uint64_t at = 0;

	for (unsigned int i = 0; i < memory_map.count; i++) {
		const struct memory_range *range = &memory_map.ranges[i];
		/* Where a page is of two kinds, it is the device's. */
		uint64_t start = (range->start + PAGE_SIZE - 1) & PAGE_MASK;
		uint64_t end = range->end & PAGE_MASK;
		uint32_t flags = ept_flags(range->type);

		if (range->type == MEMORY_NONE || start >= end)
			continue;
		if (range->type != MEMORY_HYPERVISOR && range->type != MEMORY_HVLOG &&
		    (flags & EPT_TYPE_WB) == 0)
			continue; /* devices, with the gaps */
		if (start > at && !add_devices(config, &count, at, start))
			return false;
		at = end;
		if (range->type != MEMORY_HYPERVISOR && range->type != MEMORY_HVLOG &&
		    !add_region(config, &count, start, end, flags))
			return false;
	}
	return at >= FOUR_GIB || add_devices(config, &count, at, FOUR_GIB);
}

/* --- the kernel --- */
static const char *check_kernel(const uint8_t *image, uint64_t size)
{
	if (image[BOOT_FLAG] != 0x55 || image[BOOT_FLAG + 1] != 0xaa)
		return "it has no boot flag";
	if ((get32(image + PROTOCOL) & 0xffff) < PROTOCOL_MIN ||
	    !(image[XLOADFLAGS] & XLF_KERNEL_64))
		return "it has no 64-bit entry";
	if ((image[SETUP_HEADER] ? image[SETUP_HEADER] : 4U) * SECTOR + SECTOR + ENTRY_64 >= size)
		return "it is cut short";
	return NULL;
}

static void make_tables(uint64_t hpa)
{
	uint64_t *tables = arch_hpa_to_hva(hpa);

	tables[0] = (hpa + PAGE_SIZE) | TABLE_ENTRY;
	for (uint64_t i = 0; i < 4; i++)
		tables[512 + i] = (hpa + (2 + i) * PAGE_SIZE) | TABLE_ENTRY;
	for (uint64_t i = 0; i < 4UL * 512; i++)
		tables[1024 + i] = i << 21 | LARGE_ENTRY;
}

static void write_zero_page(const uint8_t *image)
{
	uint8_t *zero_page = arch_hpa_to_hva(low);
	uint64_t rsdp = acpi.rsdp_hpa;

	memcpy(zero_page + SETUP_HEADER, image + SETUP_HEADER,
	       MAGIC + image[HEADER_END] - SETUP_HEADER);
	zero_page[LOADER_TYPE] = LOADER_UNKNOWN;
	put32(zero_page + COMMAND_LINE, (uint32_t)(low + PAGE_COMMAND_LINE * PAGE_SIZE));
	memcpy(zero_page + ACPI_RSDP, &rsdp, sizeof(rsdp));
	if (boot_info.nr_modules > 1) {
		put32(zero_page + RAMDISK_IMAGE, (uint32_t)boot_info.modules[1].start);
		put32(zero_page + RAMDISK_SIZE, (uint32_t)module_size(1));
	}
	write_e820(zero_page);
}

static int load_kernel(void)
{
	const uint8_t *image = paging_direct(boot_info.modules[0].start);
	const char *wrong = check_kernel(image, module_size(0));
	uint64_t setup = ((image[SETUP_HEADER] ? image[SETUP_HEADER] : 4U) + 1UL) * SECTOR;

	if (wrong) {
		log_error("linux: the first module is no kernel to start: %s", wrong);
		return -1;
	}
	low = memory_map_find(&memory_map, LOW_PAGES * PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, 0xa0000);
	kernel = memory_map_find(&memory_map, get32(image + INIT_SIZE) + module_size(0),
				 get32(image + ALIGNMENT), 16 << 20, FOUR_GIB);
	if (!low || !kernel) {
		log_error("linux: no room in RAM for the kernel");
		return -1;
	}
	memset(arch_hpa_to_hva(low), 0, LOW_PAGES * PAGE_SIZE);
	memcpy(arch_hpa_to_hva(kernel), image + setup, module_size(0) - setup);
	memcpy(arch_hpa_to_hva(low + PAGE_COMMAND_LINE * PAGE_SIZE),
	       boot_info.modules[0].command_line, COMMAND_LINE_MAX);
	make_tables(low + PAGE_TABLES * PAGE_SIZE);
	write_zero_page(image);
	log_info("linux: kernel at 0x%lx, zero page at 0x%lx, \"%s\"", kernel, low,
		 boot_info.modules[0].command_line);
	return 0;
}

int linux_configure(struct hv_config *config)
{
	if (load_kernel())
		return -1;
	config->vms[0] = (struct vm_config){ .used = true,
					     .load_order = SERVICE_VM,
					     .name = "service_vm",
					     .severity = SEVERITY_SERVICE_VM,
					     .affinity = (1ULL << arch_nr_pcpus()) - 1 };
	for (unsigned int i = 0; i < arch_nr_pcpus(); i++)
		config->sched[i] = SCHED_ROUND_ROBIN;
	if (add_memory(config))
		return 0;
	log_error("linux: the memory map has too many regions");
	return -1;
}

void linux_start_state(struct vcpu *vcpu)
{
	vmcs_start_in_long_mode(vcpu, low + PAGE_TABLES * PAGE_SIZE, kernel + ENTRY_64, 0);
	vcpu->regs.rsi = low;
}
