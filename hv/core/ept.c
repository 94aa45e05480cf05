// SPDX-License-Identifier: BSD-3-Clause
/* A VM's extended page tables; Intel SDM 3, 29.3. */
#include "hv/core/ept.h"
#include "hv/include/arch.h"

#define LEVELS 4U
#define ENTRIES 512U
#define ENTRY_LARGE (1ULL << 7)
#define ENTRY_ADDRESS 0x000ffffffffff000ULL
#define ENTRY_FLAGS 0x3fU /* rights and memory type */
#define LARGE_LEVEL 1U	  /* of 2 MiB pages; level 0 has those of 4 KiB */

static uint64_t level_size(unsigned int level)
{
	return PAGE_SIZE << (9 * level);
}

static uint64_t *entry_of(uint64_t table, unsigned int level, uint64_t gpa)
{
	return (uint64_t *)arch_hpa_to_hva(table) + (gpa / level_size(level) % ENTRIES);
}

/* Walkers on other pCPUs, and the hardware, see entries whole and tables only when filled. */
static uint64_t load_entry(const uint64_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_ACQUIRE);
}

static void store_entry(uint64_t *entry, uint64_t value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static bool is_present(uint64_t entry)
{
	return entry & EPT_RWX;
}

static bool is_leaf(uint64_t entry, unsigned int level)
{
	return level == 0 || (entry & ENTRY_LARGE);
}

int ept_init(struct ept *ept)
{
	ept->root = arch_page_alloc();
	return ept->root ? 0 : -HV_ENOMEM;
}

static void free_table(uint64_t table, unsigned int level)
{
	const uint64_t *entries = arch_hpa_to_hva(table);

	/* Depth is bounded by LEVELS. */
	for (unsigned int i = 0; level > 0 && i < ENTRIES; i++)
		if (is_present(entries[i]) && !is_leaf(entries[i], level))
			free_table(entries[i] & ENTRY_ADDRESS, level - 1);
	arch_page_free(table);
}

void ept_destroy(struct ept *ept)
{
	if (ept->root)
		free_table(ept->root, LEVELS - 1);
	ept->root = 0;
}

/* Replaces a large page by a table of small ones. */
static int split(uint64_t *entry, unsigned int level)
{
	uint64_t old = load_entry(entry), table = arch_page_alloc();
	uint64_t *small;

	if (!table)
		return -HV_ENOMEM;
	small = arch_hpa_to_hva(table);
	for (unsigned int i = 0; i < ENTRIES; i++)
		small[i] = (old & ENTRY_ADDRESS) + i * level_size(level - 1);
	for (unsigned int i = 0; i < ENTRIES; i++)
		small[i] |= (old & ENTRY_FLAGS) | (level > 1 ? ENTRY_LARGE : 0);
	store_entry(entry, table | EPT_RWX);
	return 0;
}

/* The entry for gpa at a level, with the tables above it made as needed. -ENOMEM. */
static int reach(struct ept *ept, uint64_t gpa, unsigned int to_level, uint64_t **found)
{
	uint64_t table = ept->root;

	for (unsigned int level = LEVELS - 1;; level--) {
		uint64_t *entry = entry_of(table, level, gpa);
		uint64_t value = load_entry(entry);
		int error = 0;

		if (level == to_level) {
			*found = entry;
			return 0;
		}
		if (!is_present(value)) {
			uint64_t new_table = arch_page_alloc();

			if (new_table)
				store_entry(entry, new_table | EPT_RWX);
			else
				error = -HV_ENOMEM;
		} else if (is_leaf(value, level)) {
			error = split(entry, level);
		}
		if (error)
			return error;
		table = load_entry(entry) & ENTRY_ADDRESS;
	}
}

static bool range_is_valid(uint64_t start, uint64_t size)
{
	return !((start | size) & ~PAGE_MASK) && start <= EPT_GPA_LIMIT &&
	       size <= EPT_GPA_LIMIT - start;
}

/* A large page goes only where there is no table yet: that is freed with the whole. */
static bool can_be_large(struct ept *ept, uint64_t gpa, uint64_t hpa, uint64_t size)
{
	uint64_t large = level_size(LARGE_LEVEL);
	uint64_t *entry, value;

	if ((gpa | hpa) & (large - 1) || size < large)
		return false;
	if (reach(ept, gpa, LARGE_LEVEL, &entry))
		return false;
	value = load_entry(entry);
	return !is_present(value) || is_leaf(value, LARGE_LEVEL);
}

int ept_map(struct ept *ept, uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t flags)
{
	if (!range_is_valid(gpa, size) || !range_is_valid(hpa, size))
		return -HV_EINVAL;
	while (size) {
		unsigned int level = can_be_large(ept, gpa, hpa, size) ? LARGE_LEVEL : 0;
		uint64_t *entry;
		int error = reach(ept, gpa, level, &entry);

		if (error)
			return error;
		store_entry(entry, hpa | (flags & ENTRY_FLAGS) | (level ? ENTRY_LARGE : 0));
		gpa += level_size(level);
		hpa += level_size(level);
		size -= level_size(level);
	}
	return 0;
}

int ept_unmap(struct ept *ept, uint64_t gpa, uint64_t size)
{
	struct ept_mapping mapping;

	if (!range_is_valid(gpa, size))
		return -HV_EINVAL;
	for (uint64_t at = gpa; at < gpa + size; at += mapping.length)
		if (ept_walk(ept, at, &mapping))
			return -HV_EINVAL;
	while (size) {
		uint64_t large = level_size(LARGE_LEVEL);
		uint64_t *entry;
		unsigned int level = LARGE_LEVEL;
		int error = reach(ept, gpa, level, &entry);

		if (!error && (gpa & (large - 1) || size < large ||
			       !is_leaf(load_entry(entry), LARGE_LEVEL))) {
			level = 0;
			error = reach(ept, gpa, level, &entry);
		}
		if (error)
			return error;
		store_entry(entry, 0);
		gpa += level_size(level);
		size -= level_size(level);
	}
	return 0;
}

int ept_walk(const struct ept *ept, uint64_t gpa, struct ept_mapping *mapping)
{
	uint64_t table = ept->root;

	if (gpa >= EPT_GPA_LIMIT || !table)
		return -HV_EFAULT;
	for (unsigned int level = LEVELS - 1;; level--) {
		uint64_t entry = load_entry(entry_of(table, level, gpa));
		uint64_t offset = gpa & (level_size(level) - 1);

		if (!is_present(entry))
			return -HV_EFAULT;
		if (is_leaf(entry, level)) {
			mapping->hpa = (entry & ENTRY_ADDRESS) + offset;
			mapping->length = level_size(level) - offset;
			mapping->flags = entry & ENTRY_FLAGS;
			return 0;
		}
		table = entry & ENTRY_ADDRESS;
	}
}
