// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/memory_map.h"

#include "hv/core/base.h"

struct memory_map memory_map;

static const char *const names[] = {
	[MEMORY_NONE] = "none",
	[MEMORY_RAM] = "RAM",
	[MEMORY_ACPI] = "ACPI tables",
	[MEMORY_NVS] = "ACPI NVS",
	[MEMORY_RESERVED] = "reserved",
	[MEMORY_BAD] = "bad",
	[MEMORY_MODULE] = "module",
	[MEMORY_HVLOG] = "log of the hypervisor",
	[MEMORY_HYPERVISOR] = "hypervisor",
};

const char *memory_type_name(enum memory_type type)
{
	return type < ARRAY_SIZE(names) ? names[type] : "?";
}

bool memory_type_is_ram(enum memory_type type)
{
	return type == MEMORY_RAM || type == MEMORY_ACPI || type == MEMORY_NVS ||
	       type == MEMORY_MODULE || type == MEMORY_HVLOG || type == MEMORY_HYPERVISOR;
}

static bool insert(struct memory_map *map, unsigned int at, struct memory_range range)
{
	if (map->count == MEMORY_RANGES_MAX) {
		map->dropped++;
		return false;
	}
	for (unsigned int i = map->count; i > at; i--)
		map->ranges[i] = map->ranges[i - 1];
	map->ranges[at] = range;
	map->count++;
	return true;
}

static void remove_at(struct memory_map *map, unsigned int at)
{
	map->count--;
	for (unsigned int i = at; i < map->count; i++)
		map->ranges[i] = map->ranges[i + 1];
}

/* Makes address a boundary between ranges. Without room for it what is above is lost. */
static void split(struct memory_map *map, uint64_t address)
{
	for (unsigned int i = 0; i < map->count; i++) {
		struct memory_range *range = &map->ranges[i];
		struct memory_range rest = { address, range->end, range->type };

		if (range->start < address && address < range->end) {
			range->end = address;
			insert(map, i + 1, rest);
			return;
		}
	}
}

static void merge(struct memory_map *map)
{
	for (unsigned int i = 1; i < map->count;) {
		struct memory_range *left = &map->ranges[i - 1], *right = &map->ranges[i];

		if (left->end == right->start && left->type == right->type) {
			left->end = right->end;
			remove_at(map, i);
		} else {
			i++;
		}
	}
}

void memory_map_add(struct memory_map *map, uint64_t start, uint64_t end, enum memory_type type)
{
	unsigned int i = 0;

	if (start >= end)
		return;
	split(map, start);
	split(map, end);
	while (start < end) {
		while (i < map->count && map->ranges[i].end <= start)
			i++;
		if (i < map->count && map->ranges[i].start <= start) {
			/* All of the range i is inside of [start, end), thanks to split(). */
			if (map->ranges[i].type < type)
				map->ranges[i].type = type;
			start = map->ranges[i].end;
		} else {
			uint64_t gap_end = end;

			if (i < map->count)
				gap_end = min_u64(gap_end, map->ranges[i].start);
			if (!insert(map, i, (struct memory_range){ start, gap_end, type }))
				break;
			start = gap_end;
		}
	}
	merge(map);
}

enum memory_type memory_map_type(const struct memory_map *map, uint64_t start, uint64_t end)
{
	for (unsigned int i = 0; i < map->count; i++)
		if (map->ranges[i].start <= start && end <= map->ranges[i].end)
			return map->ranges[i].type;
	return MEMORY_NONE;
}

uint64_t memory_map_find(const struct memory_map *map, uint64_t size, uint64_t align, uint64_t from,
			 uint64_t to)
{
	for (unsigned int i = map->count; i-- > 0;) {
		const struct memory_range *range = &map->ranges[i];
		uint64_t low = range->start > from ? range->start : from;
		uint64_t high = min_u64(range->end, to);
		uint64_t place;

		if (range->type != MEMORY_RAM || high <= low || high - low < size)
			continue;
		place = (high - size) & ~(align - 1);
		if (place >= low)
			return place;
	}
	return 0;
}

uint64_t memory_map_total(const struct memory_map *map, enum memory_type type)
{
	uint64_t total = 0;

	for (unsigned int i = 0; i < map->count; i++)
		if (map->ranges[i].type == type)
			total += map->ranges[i].end - map->ranges[i].start;
	return total;
}
