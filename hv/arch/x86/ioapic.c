// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/ioapic.h"

#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/image.h"
#include "hv/arch/x86/paging.h"
#include "hv/core/log.h"

#define PIC_MASTER_MASK 0x21U
#define PIC_SLAVE_MASK 0xa1U

#define IOAPIC_SIZE 0x20U
#define IOAPIC_SELECT 0 /* in words of 4 bytes */
#define IOAPIC_WINDOW 4
#define IOAPIC_VERSION 1U /* registers behind the window */
#define IOAPIC_PINS 0x10U

#define PIN_MASKED (1ULL << 16)

SEALED struct ioapic ioapics[ACPI_IOAPICS_MAX] = { 0 };
SEALED unsigned int nr_ioapics = 0;

void pic_mask(void)
{
	out8(PIC_MASTER_MASK, 0xff);
	out8(PIC_SLAVE_MASK, 0xff);
}

static uint32_t read_register(const struct ioapic *ioapic, uint32_t index)
{
	ioapic->registers[IOAPIC_SELECT] = index;
	return ioapic->registers[IOAPIC_WINDOW];
}

static void write_register(const struct ioapic *ioapic, uint32_t index, uint32_t value)
{
	ioapic->registers[IOAPIC_SELECT] = index;
	ioapic->registers[IOAPIC_WINDOW] = value;
}

uint64_t ioapic_read_pin(const struct ioapic *ioapic, unsigned int pin)
{
	uint64_t high = read_register(ioapic, IOAPIC_PINS + 2 * pin + 1);

	return high << 32 | read_register(ioapic, IOAPIC_PINS + 2 * pin);
}

/* The half with the mask bit is the last one written, or the first when the pin gets masked. */
void ioapic_write_pin(const struct ioapic *ioapic, unsigned int pin, uint64_t entry)
{
	uint32_t low = IOAPIC_PINS + 2 * pin;

	if (entry & PIN_MASKED)
		write_register(ioapic, low, (uint32_t)entry);
	write_register(ioapic, low + 1, (uint32_t)(entry >> 32));
	if (!(entry & PIN_MASKED))
		write_register(ioapic, low, (uint32_t)entry);
}

static void init_one(struct ioapic *ioapic)
{
	ioapic->registers = paging_map_device(ioapic->hpa, IOAPIC_SIZE);
	if (!ioapic->registers) {
		log_error("ioapic: the one at 0x%x cannot be mapped and is not used", ioapic->hpa);
		return;
	}
	ioapic->pins = (read_register(ioapic, IOAPIC_VERSION) >> 16 & 0xff) + 1;
	for (unsigned int pin = 0; pin < ioapic->pins; pin++)
		ioapic_write_pin(ioapic, pin, PIN_MASKED);
	log_info("ioapic: at 0x%x, gsi %u to %u, all masked", ioapic->hpa, ioapic->gsi_base,
		 ioapic->gsi_base + ioapic->pins - 1);
}

void ioapic_init(void)
{
	nr_ioapics = acpi.nr_ioapics;
	for (unsigned int i = 0; i < nr_ioapics; i++) {
		ioapics[i].hpa = acpi.ioapics[i].hpa;
		ioapics[i].gsi_base = acpi.ioapics[i].gsi_base;
		init_one(&ioapics[i]);
	}
}
