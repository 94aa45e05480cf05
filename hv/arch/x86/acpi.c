// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/acpi.h"

#include "hv/arch/x86/acpi_madt.h"
#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/image.h"
#include "hv/arch/x86/multiboot.h"
#include "hv/arch/x86/paging.h"
#include "hv/core/log.h"

#define TABLE_MAX (1U << 20) /* bytes; a longer one is damaged */
#define TABLES_MAX 256U

#define RSDP_OLD_LENGTH 20U
#define BDA_EBDA_SEGMENT 0x40eU

#define FADT_PM_TIMER 76 /* offsets */
#define FADT_PM_TIMER_LENGTH 91
#define FADT_FLAGS 112
#define FADT_RESET_REGISTER 116
#define FADT_RESET_VALUE 128
#define FADT_X_PM_TIMER 208
#define FADT_FLAG_TIMER_32BIT (1U << 8)
#define FADT_FLAG_RESET (1U << 10)

#define SPACE_MEMORY 0
#define SPACE_PORT 1
#define SPACE_NONE 0xff

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t checksum_all, reserved[3];
} __attribute__((packed));

struct table_header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char rest[26];
} __attribute__((packed));

SEALED struct acpi acpi = { .reset.space = SPACE_NONE };

static uint8_t sum(const uint8_t *bytes, size_t length)
{
	uint8_t total = 0;

	for (size_t i = 0; i < length; i++)
		total = (uint8_t)(total + bytes[i]);
	return total;
}

/* Copies an RSDP of which room bytes are there, if it is one. */
static bool read_rsdp(const uint8_t *from, size_t room, struct rsdp *rsdp)
{
	*rsdp = (struct rsdp){ 0 };
	if (room < RSDP_OLD_LENGTH || memcmp(from, "RSD PTR ", 8) != 0 ||
	    sum(from, RSDP_OLD_LENGTH))
		return false;
	memcpy(rsdp, from, RSDP_OLD_LENGTH);
	if (rsdp->revision >= 2 && room >= sizeof(*rsdp) && !sum(from, sizeof(*rsdp)))
		memcpy(rsdp, from, sizeof(*rsdp));
	return true;
}

static bool scan(uint64_t start, uint64_t end, struct rsdp *rsdp)
{
	for (uint64_t hpa = start; hpa + RSDP_OLD_LENGTH <= end; hpa += 16) {
		const uint8_t *place = paging_map_tables(hpa, sizeof(*rsdp));

		if (place && read_rsdp(place, sizeof(*rsdp), rsdp)) {
			acpi.rsdp_hpa = hpa;
			return true;
		}
	}
	return false;
}

static bool find_rsdp(struct rsdp *rsdp)
{
	const uint8_t *bda = paging_map_tables(BDA_EBDA_SEGMENT, 2);
	uint64_t ebda = bda ? (uint64_t)(bda[0] | bda[1] << 8) << 4 : 0;

	acpi.from = "a boot tag";
	if (read_rsdp(boot_info.rsdp, boot_info.rsdp_length, rsdp))
		return true;
	acpi.from = "a scan of low memory";
	if (ebda >= 0x80000 && ebda < 0xa0000 && scan(ebda, ebda + 1024, rsdp))
		return true;
	if (scan(0xe0000, 0x100000, rsdp))
		return true;
	acpi.from = NULL;
	return false;
}

static void log_bad(uint64_t hpa, const char *what)
{
	acpi.bad_tables++;
	log_warning("acpi: the table at 0x%lx is skipped: %s", hpa, what);
}

/* The whole table at hpa, checked; NULL: it is damaged, which was said. */
static const uint8_t *map_table(uint64_t hpa, struct table_header *header)
{
	const uint8_t *table = paging_map_tables(hpa, sizeof(*header));

	if (!table) {
		log_bad(hpa, "no table can be there");
		return NULL;
	}
	memcpy(header, table, sizeof(*header));
	if (header->length < sizeof(*header) || header->length > TABLE_MAX) {
		log_bad(hpa, "its length is impossible");
		return NULL;
	}
	table = paging_map_tables(hpa, header->length);
	if (!table || sum(table, header->length)) {
		log_bad(hpa, "its checksum is wrong");
		return NULL;
	}
	return table;
}

static uint32_t get32(const uint8_t *table, unsigned int offset)
{
	uint32_t value;

	memcpy(&value, table + offset, sizeof(value));
	return value;
}

static uint64_t get64(const uint8_t *table, unsigned int offset)
{
	uint64_t value;

	memcpy(&value, table + offset, sizeof(value));
	return value;
}

/* A generic address structure: space, width, offset and size of access, 8 bytes of address. */
static void read_fadt(const uint8_t *table, uint32_t length)
{
	uint32_t flags;

	if (length < FADT_FLAGS + 4)
		return;
	flags = get32(table, FADT_FLAGS);
	acpi.pm_timer_32bit = flags & FADT_FLAG_TIMER_32BIT;
	if (table[FADT_PM_TIMER_LENGTH] >= 4)
		acpi.pm_timer_port = (uint16_t)get32(table, FADT_PM_TIMER);
	if (length >= FADT_X_PM_TIMER + 12 && table[FADT_X_PM_TIMER] == SPACE_PORT &&
	    get64(table, FADT_X_PM_TIMER + 4))
		acpi.pm_timer_port = (uint16_t)get64(table, FADT_X_PM_TIMER + 4);
	if (length > FADT_RESET_VALUE && flags & FADT_FLAG_RESET) {
		acpi.reset.space = table[FADT_RESET_REGISTER];
		acpi.reset.address = get64(table, FADT_RESET_REGISTER + 4);
		acpi.reset.value = table[FADT_RESET_VALUE];
	}
}

static void read_table(uint64_t hpa)
{
	struct table_header header;
	const uint8_t *table;

	if (!hpa)
		return;
	table = map_table(hpa, &header);
	if (!table)
		return;
	acpi.tables++;
	if (memcmp(header.signature, "APIC", 4) == 0)
		acpi_read_madt(table, header.length);
	else if (memcmp(header.signature, "FACP", 4) == 0)
		read_fadt(table, header.length);
}

/* RSDT or XSDT: addresses of tables, 4 or 8 bytes each. */
static bool read_root(uint64_t hpa, const char *signature, unsigned int width)
{
	struct table_header header;
	const uint8_t *root = map_table(hpa, &header);
	unsigned int count;

	if (!root)
		return false;
	if (memcmp(header.signature, signature, 4) != 0) {
		log_bad(hpa, "it is not the one that the RSDP promised");
		return false;
	}
	count = (header.length - (uint32_t)sizeof(header)) / width;
	for (unsigned int i = 0; i < count && i < TABLES_MAX; i++) {
		const uint8_t *entry = root + sizeof(header) + (size_t)i * width;

		read_table(width == 8 ? get64(entry, 0) : get32(entry, 0));
	}
	return true;
}

void acpi_init(void)
{
	struct rsdp rsdp;

	if (!find_rsdp(&rsdp))
		return;
	acpi.revision = rsdp.revision;
	if (rsdp.xsdt && read_root(rsdp.xsdt, "XSDT", 8))
		return;
	if (!rsdp.rsdt || !read_root(rsdp.rsdt, "RSDT", 4))
		acpi.from = NULL;
}

void acpi_reset(void)
{
	if (acpi.reset.space == SPACE_PORT)
		out8((uint16_t)acpi.reset.address, acpi.reset.value);
}
