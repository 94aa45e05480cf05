/* SPDX-License-Identifier: BSD-3-Clause */
/* What GRUB hands over (multiboot2 specification, section 3), checked and copied. */
#ifndef HV_X86_MULTIBOOT_H
#define HV_X86_MULTIBOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMMAND_LINE_MAX 512U
#define MODULES_MAX 8U
#define RSDP_MAX 36U

struct boot_module {
	uint64_t start, end; /* hpa */
	char command_line[COMMAND_LINE_MAX];
};

struct boot_info {
	char command_line[COMMAND_LINE_MAX];
	char loader[32];
	struct boot_module modules[MODULES_MAX];
	unsigned int nr_modules;
	uint8_t rsdp[RSDP_MAX];	   /* a copy; ACPI 2.0's where there are both */
	unsigned int rsdp_length;  /* 0: no tag */
	uint64_t efi_system_table; /* hpa; 0: not started by UEFI */
	bool efi_memory_map;
	unsigned int tags;
	const char *damaged; /* what was wrong with the tags; NULL: nothing */
};

extern struct boot_info boot_info;

/*
 * Reads the boot information at hpa, below 4 GiB, into boot_info and the memory map. Tags that make
 * no sense are skipped; what is behind one that makes no end is not read.
 */
void multiboot_parse(uint64_t hpa);

/* The same for any memory, for tests: length bytes are readable. */
void multiboot_parse_tags(const uint8_t *info, size_t length);

#endif
