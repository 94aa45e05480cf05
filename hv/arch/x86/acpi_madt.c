// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/acpi_madt.h"

#include "hv/arch/x86/acpi.h"
#include "hv/core/log.h"

#define MADT_HEADER 44U /* bytes before the entries */
#define MADT_FLAG_8259 (1U << 0)
#define CPU_ENABLED (1U << 0)

enum entry_type {
	ENTRY_LAPIC = 0,
	ENTRY_IOAPIC = 1,
	ENTRY_OVERRIDE = 2,
	ENTRY_LAPIC_ADDRESS = 5,
	ENTRY_X2APIC = 9,
};

struct entry_lapic {
	uint8_t type, length, acpi_id, apic_id;
	uint32_t flags;
} __attribute__((packed));

struct entry_ioapic {
	uint8_t type, length, id, reserved;
	uint32_t address, gsi_base;
} __attribute__((packed));

struct entry_override {
	uint8_t type, length, bus, irq;
	uint32_t gsi;
	uint16_t flags;
} __attribute__((packed));

struct entry_lapic_address {
	uint8_t type, length;
	uint16_t reserved;
	uint64_t address;
} __attribute__((packed));

struct entry_x2apic {
	uint8_t type, length;
	uint16_t reserved;
	uint32_t apic_id, flags, acpi_id;
} __attribute__((packed));

/* Firmware may list a CPU in both forms. */
static void add_cpu(uint32_t apic_id, uint32_t flags)
{
	if (!(flags & CPU_ENABLED))
		return;
	for (unsigned int i = 0; i < acpi.nr_cpus; i++)
		if (acpi.apic_ids[i] == apic_id)
			return;
	if (acpi.nr_cpus < ACPI_CPUS_MAX)
		acpi.apic_ids[acpi.nr_cpus++] = apic_id;
	else
		log_warning("acpi: CPU with APIC id 0x%x is left out: more than %u", apic_id,
			    ACPI_CPUS_MAX);
}

static void add_ioapic(const struct entry_ioapic *entry)
{
	if (acpi.nr_ioapics < ACPI_IOAPICS_MAX)
		acpi.ioapics[acpi.nr_ioapics++] =
			(struct acpi_ioapic){ entry->id, entry->address, entry->gsi_base };
	else
		log_warning("acpi: IOAPIC %u is left out: more than %u", entry->id,
			    ACPI_IOAPICS_MAX);
}

static void add_override(const struct entry_override *entry)
{
	if (acpi.nr_overrides < ACPI_OVERRIDES_MAX)
		acpi.overrides[acpi.nr_overrides++] =
			(struct acpi_override){ entry->irq, entry->gsi, entry->flags };
}

/* Entries of a known type that are too short were refused before. */
static void read_entry(const uint8_t *entry)
{
	union {
		struct entry_lapic lapic;
		struct entry_ioapic ioapic;
		struct entry_override override;
		struct entry_lapic_address lapic_address;
		struct entry_x2apic x2apic;
	} e;

	memcpy(&e, entry, min_u64(entry[1], sizeof(e)));
	switch (entry[0]) {
	case ENTRY_LAPIC:
		if (e.lapic.apic_id != 0xff)
			add_cpu(e.lapic.apic_id, e.lapic.flags);
		break;
	case ENTRY_IOAPIC:
		add_ioapic(&e.ioapic);
		break;
	case ENTRY_OVERRIDE:
		add_override(&e.override);
		break;
	case ENTRY_LAPIC_ADDRESS:
		acpi.lapic_hpa = e.lapic_address.address;
		break;
	case ENTRY_X2APIC:
		add_cpu(e.x2apic.apic_id, e.x2apic.flags);
		break;
	}
}

void acpi_read_madt(const uint8_t *table, uint32_t length)
{
	static const uint8_t least[] = {
		[ENTRY_LAPIC] = sizeof(struct entry_lapic),
		[ENTRY_IOAPIC] = sizeof(struct entry_ioapic),
		[ENTRY_OVERRIDE] = sizeof(struct entry_override),
		[ENTRY_LAPIC_ADDRESS] = sizeof(struct entry_lapic_address),
		[ENTRY_X2APIC] = sizeof(struct entry_x2apic),
	};
	uint32_t lapic, flags;

	if (length < MADT_HEADER)
		return;
	memcpy(&lapic, table + 36, sizeof(lapic));
	memcpy(&flags, table + 40, sizeof(flags));
	acpi.lapic_hpa = lapic;
	acpi.has_8259 = flags & MADT_FLAG_8259;
	for (uint32_t at = MADT_HEADER; at + 2 <= length;) {
		uint8_t type = table[at], size = table[at + 1];

		if (size < 2 || size > length - at ||
		    (type < sizeof(least) && size < least[type])) {
			log_warning(
				"acpi: the MADT is read up to its byte %u: an entry's length is "
				"impossible",
				at);
			return;
		}
		read_entry(table + at);
		at += size;
	}
}
