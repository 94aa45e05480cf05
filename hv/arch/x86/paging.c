// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/paging.h"

#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/image.h"
#include "hv/arch/x86/memory_map.h"
#include "hv/arch/x86/page_alloc.h"
#include "hv/core/base.h"
#include "hv/core/log.h"
#include "hv/include/arch.h"

#define PTE_PRESENT (1ULL << 0)
#define PTE_WRITE (1ULL << 1)
#define PTE_USER (1ULL << 2)
#define PTE_UNCACHED (3ULL << 3) /* PWT and PCD: strong uncached, whatever the MTRRs say */
#define PTE_ACCESSED_DIRTY (3ULL << 5)
#define PTE_LARGE (1ULL << 7)
#define PTE_GLOBAL (1ULL << 8)
#define PTE_NX (1ULL << 63)
#define PTE_ADDRESS 0x000ffffffffff000ULL
#define PTE_TABLE (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED_DIRTY)

#define ENTRIES 512U

uint64_t image_hpa;

static uint64_t *root;
static bool has_1g;

static const uint64_t rights_bits[] = {
	[PAGE_RO] = PTE_NX,
	[PAGE_RX] = 0,
	[PAGE_RW] = PTE_NX | PTE_WRITE,
	[PAGE_DEVICE] = PTE_NX | PTE_WRITE | PTE_UNCACHED,
};

/* Levels count from 0, the page table, to 3, the PML4. */
static inline unsigned int index_at(uint64_t hva, unsigned int level)
{
	return hva >> (PAGE_SHIFT + 9 * level) & (ENTRIES - 1);
}

static inline uint64_t size_at(unsigned int level)
{
	return PAGE_SIZE << (9 * level);
}

static inline uint64_t *table_of(uint64_t entry)
{
	return paging_direct(entry & PTE_ADDRESS);
}

static inline bool is_leaf(uint64_t entry, unsigned int level)
{
	return level == 0 || (entry & PTE_LARGE);
}

/* Replaces a large page by a table that maps the same. */
static uint64_t *break_up(uint64_t *slot, unsigned int level)
{
	uint64_t table_hpa = page_alloc();
	uint64_t *table = paging_direct(table_hpa);
	uint64_t entry = *slot;

	if (!table_hpa)
		return NULL;
	if (level == 1)
		entry &= ~PTE_LARGE;
	for (unsigned int i = 0; i < ENTRIES; i++)
		table[i] = entry + i * size_at(level - 1);
	*slot = table_hpa | PTE_TABLE;
	return table;
}

/* The table that an entry leads to; made where there is none. */
static uint64_t *descend(uint64_t *slot, unsigned int level)
{
	if (!(*slot & PTE_PRESENT)) {
		uint64_t hpa = page_alloc();

		if (!hpa)
			return NULL;
		*slot = hpa | PTE_TABLE;
	} else if (is_leaf(*slot, level)) {
		return break_up(slot, level);
	}
	return table_of(*slot);
}

/* The highest level at which one entry maps no more than size bytes of both. */
static unsigned int level_for(uint64_t hva, uint64_t hpa, uint64_t size)
{
	unsigned int level = has_1g ? 2 : 1;

	while (level && (((hva | hpa) & (size_at(level) - 1)) || size < size_at(level)))
		level--;
	return level;
}

static uint64_t leaf(uint64_t hpa, unsigned int level, enum page_rights rights)
{
	return hpa | rights_bits[rights] | PTE_PRESENT | PTE_ACCESSED_DIRTY | PTE_GLOBAL |
	       (level ? PTE_LARGE : 0);
}

/* Maps at hva; *size becomes what was mapped of it. */
static int map_one(uint64_t hva, uint64_t hpa, uint64_t *size, enum page_rights rights)
{
	unsigned int target = level_for(hva, hpa, *size);
	uint64_t *slot = &root[index_at(hva, 3)];

	for (unsigned int level = 3; level > target; level--) {
		uint64_t inside = hva & (size_at(level) - 1);
		uint64_t *table;

		if ((*slot & PTE_PRESENT) && is_leaf(*slot, level) &&
		    *slot == leaf(hpa - inside, level, rights)) {
			*size = min_u64(*size, size_at(level) - inside);
			return 0;
		}
		table = descend(slot, level);
		if (!table)
			return -HV_ENOMEM;
		slot = &table[index_at(hva, level - 1)];
	}
	*size = size_at(target);
	if (*slot == leaf(hpa, target, rights))
		return 0;
	if (*slot & PTE_PRESENT)
		return -HV_EBUSY;
	*slot = leaf(hpa, target, rights);
	return 0;
}

int paging_map(uint64_t hva, uint64_t hpa, uint64_t size, enum page_rights rights)
{
	while (size) {
		uint64_t part = size;
		int error = map_one(hva, hpa, &part, rights);

		if (error)
			return error;
		hva += part;
		hpa += part;
		size -= part;
	}
	return 0;
}

static void *map_direct(uint64_t hpa, uint64_t size, enum page_rights rights)
{
	uint64_t start = hpa & PAGE_MASK;
	uint64_t end = (hpa + size + PAGE_SIZE - 1) & PAGE_MASK;

	if (end <= start || end > DIRECT_SIZE)
		return NULL;
	if (paging_map(DIRECT_BASE + start, start, end - start, rights))
		return NULL;
	return paging_direct(hpa);
}

void *paging_map_device(uint64_t hpa, uint64_t size)
{
	return map_direct(hpa, size, PAGE_DEVICE);
}

/* In 4 KiB pieces, because tables may begin in RAM, which is mapped, and end outside of it. */
const void *paging_map_tables(uint64_t hpa, uint64_t size)
{
	uint64_t end = hpa + size;

	if (end < hpa || end > DIRECT_SIZE)
		return NULL;
	for (uint64_t page = hpa & PAGE_MASK; page < end; page += PAGE_SIZE) {
		enum memory_type type = memory_map_type(&memory_map, page, page + PAGE_SIZE);

		if (type == MEMORY_HYPERVISOR)
			return NULL;
		if (memory_type_is_ram(type))
			continue;
		if (!map_direct(page, PAGE_SIZE, PAGE_RO))
			return NULL;
	}
	return paging_direct(hpa);
}

/* The 4 KiB entry of a mapped address; NULL: it is not mapped, or there is no page for a table. */
static uint64_t *page_slot(uint64_t hva)
{
	uint64_t *slot = &root[index_at(hva, 3)];

	for (unsigned int level = 3; level; level--) {
		uint64_t *table;

		if (!(*slot & PTE_PRESENT))
			return NULL;
		table = descend(slot, level);
		if (!table)
			return NULL;
		slot = &table[index_at(hva, level - 1)];
	}
	return slot;
}

int paging_map_trampoline(uint64_t hpa)
{
	return paging_map(hpa, hpa, PAGE_SIZE, PAGE_RX);
}

void paging_unmap_trampoline(uint64_t hpa)
{
	uint64_t *slot = page_slot(hpa);

	if (slot)
		*slot = 0;
	invlpg(hpa);
}

void paging_seal(void)
{
	for (uint64_t page = (uint64_t)data_start; page < (uint64_t)sealed_end; page += PAGE_SIZE) {
		uint64_t *slot = page_slot(page);

		if (slot)
			*slot &= ~PTE_WRITE;
		invlpg(page);
	}
}

static bool verify_table(const uint64_t *table, unsigned int level, struct paging_count *count)
{
	bool good = true;

	for (unsigned int i = 0; i < ENTRIES; i++) {
		uint64_t entry = table[i];

		if (!(entry & PTE_PRESENT))
			continue;
		if (!is_leaf(entry, level)) {
			good &= verify_table(table_of(entry), level - 1, count);
			continue;
		}
		if (entry & PTE_USER || (entry & PTE_WRITE && !(entry & PTE_NX)))
			good = false;
		if (entry & PTE_WRITE)
			count->writable += size_at(level);
		else if (entry & PTE_NX)
			count->read_only += size_at(level);
		else
			count->executable += size_at(level);
	}
	return good;
}

bool paging_verify(struct paging_count *count)
{
	*count = (struct paging_count){ 0 };
	return verify_table(root, 3, count);
}

uint64_t paging_root(void)
{
	return paging_hva_to_hpa(root);
}

uint64_t paging_hva_to_hpa(const void *hva)
{
	uint64_t address = (uint64_t)hva;

	return address >= IMAGE_BASE ? address - IMAGE_BASE + image_hpa : address - DIRECT_BASE;
}

static void map_or_panic(uint64_t hva, uint64_t hpa, uint64_t size, enum page_rights rights)
{
	if (paging_map(hva, hpa, size, rights))
		hv_panic("paging: the page tables do not fit into the page pool");
}

static void map_image(const uint8_t *start, const uint8_t *end, enum page_rights rights)
{
	map_or_panic((uint64_t)start, paging_hva_to_hpa(start), (uint64_t)(end - start), rights);
}

/* The image has no second, writable mapping: the direct map has a hole there. */
static void map_ram(uint64_t start, uint64_t end)
{
	uint64_t hole_end = image_hpa + image_size();

	if (start < image_hpa && image_hpa < end) {
		map_or_panic(DIRECT_BASE + start, start, image_hpa - start, PAGE_RW);
		start = image_hpa;
	}
	if (image_hpa <= start && start < hole_end)
		start = min_u64(hole_end, end);
	map_or_panic(DIRECT_BASE + start, start, end - start, PAGE_RW);
}

void paging_init(void)
{
	has_1g = cpuid_checked(0x80000001, 0).edx & 1U << 26;
	root = paging_direct(page_alloc());
	map_image(text_start, text_end, PAGE_RX);
	map_image(rodata_start, rodata_end, PAGE_RO);
	map_image(data_start, image_end, PAGE_RW);
	for (unsigned int i = 0; i < memory_map.count; i++) {
		const struct memory_range *range = &memory_map.ranges[i];

		if (memory_type_is_ram(range->type))
			map_ram(range->start, range->end);
	}
	write_cr3(paging_root());
	write_cr4(read_cr4() | CR4_PGE | CR4_MCE);
}

void *arch_hpa_to_hva(uint64_t hpa)
{
	return paging_direct(hpa);
}
