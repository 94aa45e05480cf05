/* SPDX-License-Identifier: BSD-3-Clause */
/* What each part of the physical address space is. */
#ifndef HV_X86_MEMORY_MAP_H
#define HV_X86_MEMORY_MAP_H

#include <stdbool.h>
#include <stdint.h>

/* In rising order of strength: where regions overlap the stronger one is believed. */
enum memory_type {
	MEMORY_NONE,
	MEMORY_RAM,
	MEMORY_ACPI, /* RAM with ACPI tables */
	MEMORY_NVS,
	MEMORY_RESERVED,
	MEMORY_BAD,
	MEMORY_MODULE,	   /* RAM with a module of GRUB's */
	MEMORY_HVLOG,	   /* RAM that keeps the log over a boot */
	MEMORY_HYPERVISOR, /* image and page pool */
};

struct memory_range {
	uint64_t start, end; /* hpa, end not included */
	enum memory_type type;
};

#define MEMORY_RANGES_MAX 160U

struct memory_map {
	struct memory_range ranges[MEMORY_RANGES_MAX]; /* rising, without overlap */
	unsigned int count;
	unsigned int dropped; /* did not fit */
};

extern struct memory_map memory_map;

/* Adds [start, end). A range that does not fit into the table is treated as not there. */
void memory_map_add(struct memory_map *map, uint64_t start, uint64_t end, enum memory_type type);

/* The type of the range that holds all of [start, end), else MEMORY_NONE. */
enum memory_type memory_map_type(const struct memory_map *map, uint64_t start, uint64_t end);

/* The highest place for size bytes of RAM in [from, to) on a boundary of align bytes; 0: none. */
uint64_t memory_map_find(const struct memory_map *map, uint64_t size, uint64_t align, uint64_t from,
			 uint64_t to);

/* Bytes of a type. */
uint64_t memory_map_total(const struct memory_map *map, enum memory_type type);

/* Is it memory that belongs into the direct map? */
bool memory_type_is_ram(enum memory_type type);

const char *memory_type_name(enum memory_type type);

#endif
