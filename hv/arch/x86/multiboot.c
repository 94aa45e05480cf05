// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/multiboot.h"

#include "hv/arch/x86/memory_map.h"
#include "hv/arch/x86/paging.h"
#include "hv/core/base.h"

#define INFO_MAX (1U << 20) /* bytes; longer boot information is not read to its end */

enum tag_type {
	TAG_END = 0,
	TAG_COMMAND_LINE = 1,
	TAG_LOADER = 2,
	TAG_MODULE = 3,
	TAG_MEMORY_MAP = 6,
	TAG_EFI64_SYSTEM_TABLE = 12,
	TAG_RSDP_OLD = 14,
	TAG_RSDP_NEW = 15,
	TAG_EFI_MEMORY_MAP = 17,
};

struct tag {
	uint32_t type, size; /* size with these 8 bytes, without padding */
};

struct table_tag {
	struct tag tag;
	uint32_t entry_size, entry_version;
};

struct e820_entry {
	uint64_t start, length;
	uint32_t type, zero;
};

struct efi_entry {
	uint32_t type, pad;
	uint64_t start, virtual_start, pages, attributes;
};

struct boot_info boot_info;

static enum memory_type e820_type(uint32_t type)
{
	switch (type) {
	case 1:
		return MEMORY_RAM;
	case 3:
		return MEMORY_ACPI;
	case 4:
		return MEMORY_NVS;
	case 5:
		return MEMORY_BAD;
	default:
		return MEMORY_RESERVED;
	}
}

static enum memory_type efi_type(uint32_t type)
{
	switch (type) {
	case 1: /* loader code and data, boot services code and data, conventional */
	case 2:
	case 3:
	case 4:
	case 7:
		return MEMORY_RAM;
	case 8:
		return MEMORY_BAD;
	case 9:
		return MEMORY_ACPI;
	case 10:
		return MEMORY_NVS;
	default:
		return MEMORY_RESERVED;
	}
}

/* RAM shrinks to whole pages, all else grows to them. */
static void add_range(uint64_t start, uint64_t length, enum memory_type type)
{
	uint64_t end = start + length;

	if (end < start || end > DIRECT_SIZE) {
		boot_info.damaged = "memory beyond 64 TiB";
		return;
	}
	if (type == MEMORY_RAM)
		memory_map_add(&memory_map, (start + PAGE_SIZE - 1) & PAGE_MASK, end & PAGE_MASK,
			       type);
	else
		memory_map_add(&memory_map, start & PAGE_MASK, (end + PAGE_SIZE - 1) & PAGE_MASK,
			       type);
}

static void copy_text(char *to, size_t room, const uint8_t *from, size_t length)
{
	size_t i = 0;

	for (; i < length && i + 1 < room && from[i]; i++)
		to[i] = (char)(from[i] >= ' ' && from[i] < 127 ? from[i] : '?');
	to[i] = '\0';
}

/* Where the entries of a table begin, how many there are, and how far apart. */
static unsigned int table_entries(const uint8_t *tag, uint32_t size, size_t at_least,
				  uint32_t *stride)
{
	struct table_tag head;

	if (size < sizeof(head))
		return 0;
	memcpy(&head, tag, sizeof(head));
	if (head.entry_size < at_least || head.entry_size > size) {
		boot_info.damaged = "size of an entry of a memory map";
		return 0;
	}
	*stride = head.entry_size;
	return (size - (uint32_t)sizeof(head)) / head.entry_size;
}

static void parse_e820(const uint8_t *tag, uint32_t size)
{
	uint32_t stride = 0;
	unsigned int count = table_entries(tag, size, sizeof(struct e820_entry), &stride);

	for (unsigned int i = 0; i < count; i++) {
		struct e820_entry entry;

		memcpy(&entry, tag + sizeof(struct table_tag) + (size_t)i * stride, sizeof(entry));
		add_range(entry.start, entry.length, e820_type(entry.type));
	}
}

static void parse_efi_memory(const uint8_t *tag, uint32_t size)
{
	uint32_t stride = 0;
	unsigned int count = table_entries(tag, size, sizeof(struct efi_entry), &stride);

	boot_info.efi_memory_map = true;
	for (unsigned int i = 0; i < count; i++) {
		struct efi_entry entry;

		memcpy(&entry, tag + sizeof(struct table_tag) + (size_t)i * stride, sizeof(entry));
		if (entry.pages > DIRECT_SIZE / PAGE_SIZE)
			boot_info.damaged = "memory beyond 64 TiB";
		else
			add_range(entry.start, entry.pages * PAGE_SIZE, efi_type(entry.type));
	}
}

static void parse_module(const uint8_t *tag, uint32_t size)
{
	struct boot_module *module = &boot_info.modules[boot_info.nr_modules];
	uint32_t start, end;

	if (size < sizeof(struct tag) + 8)
		return;
	memcpy(&start, tag + 8, 4);
	memcpy(&end, tag + 12, 4);
	if (end < start || boot_info.nr_modules == MODULES_MAX) {
		boot_info.damaged = "a module that ends before it starts, or one too many";
		return;
	}
	module->start = start;
	module->end = end;
	copy_text(module->command_line, sizeof(module->command_line), tag + 16, size - 16);
	boot_info.nr_modules++;
}

static void parse_rsdp(const uint8_t *tag, uint32_t size)
{
	uint32_t length = size - (uint32_t)sizeof(struct tag);

	if (length > RSDP_MAX)
		length = RSDP_MAX;
	if (length <= boot_info.rsdp_length)
		return; /* the newer one is known already */
	memcpy(boot_info.rsdp, tag + sizeof(struct tag), length);
	boot_info.rsdp_length = length;
}

static void parse_tag(const uint8_t *tag, uint32_t type, uint32_t size)
{
	const uint8_t *body = tag + sizeof(struct tag);
	size_t length = size - sizeof(struct tag);

	switch (type) {
	case TAG_COMMAND_LINE:
		copy_text(boot_info.command_line, COMMAND_LINE_MAX, body, length);
		break;
	case TAG_LOADER:
		copy_text(boot_info.loader, sizeof(boot_info.loader), body, length);
		break;
	case TAG_MODULE:
		parse_module(tag, size);
		break;
	case TAG_MEMORY_MAP:
		parse_e820(tag, size);
		break;
	case TAG_EFI64_SYSTEM_TABLE:
		if (length >= sizeof(uint64_t))
			memcpy(&boot_info.efi_system_table, body, sizeof(uint64_t));
		break;
	case TAG_RSDP_OLD:
	case TAG_RSDP_NEW:
		parse_rsdp(tag, size);
		break;
	case TAG_EFI_MEMORY_MAP:
		parse_efi_memory(tag, size);
		break;
	default:
		break;
	}
}

void multiboot_parse_tags(const uint8_t *info, size_t length)
{
	size_t at = 8; /* behind total size and a reserved word */

	while (at + sizeof(struct tag) <= length) {
		struct tag tag;

		memcpy(&tag, info + at, sizeof(tag));
		if (tag.type == TAG_END)
			return;
		if (tag.size < sizeof(tag) || tag.size > length - at) {
			boot_info.damaged = "size of a tag";
			return;
		}
		boot_info.tags++;
		parse_tag(info + at, tag.type, tag.size);
		at += (tag.size + 7) & ~(size_t)7;
	}
	boot_info.damaged = "no end tag";
}

void multiboot_parse(uint64_t hpa)
{
	const uint8_t *info = paging_direct(hpa);
	uint32_t length;

	memcpy(&length, info, sizeof(length));
	if (length > INFO_MAX || hpa + length > 1ULL << 32) {
		boot_info.damaged = "total size";
		length = (uint32_t)min_u64(INFO_MAX, (1ULL << 32) - hpa);
	}
	multiboot_parse_tags(info, length);
	for (unsigned int i = 0; i < boot_info.nr_modules; i++)
		add_range(boot_info.modules[i].start,
			  boot_info.modules[i].end - boot_info.modules[i].start, MEMORY_MODULE);
}
