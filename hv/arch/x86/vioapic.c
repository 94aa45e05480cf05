// SPDX-License-Identifier: BSD-3-Clause
/* Intel 82093AA: a register is chosen at offset 0 and seen at offset 0x10. */
#include "hv/arch/x86/vioapic.h"

#include "hv/arch/x86/ioapic.h"
#include "hv/arch/x86/percpu.h"
#include "hv/core/base.h"
#include "hv/core/irq.h"
#include "hv/core/lock.h"
#include "hv/core/vm.h"

#define SELECT 0x00U
#define WINDOW 0x10U
#define REGISTER_ID 0U
#define REGISTER_VERSION 1U
#define REGISTER_PINS 0x10U
#define VERSION_VALUE 0x11U
#define PINS_MAX 24U

#define ENTRY_VECTOR 0xffULL
#define ENTRY_LOGICAL (1ULL << 11)
#define ENTRY_READ_ONLY (1ULL << 12 | 1ULL << 14)
#define ENTRY_REMOTE_IRR (1ULL << 14)
#define ENTRY_LEVEL (1ULL << 15)
#define ENTRY_MASKED (1ULL << 16)
#define ENTRY_KEPT (1ULL << 13 | ENTRY_LEVEL | ENTRY_MASKED) /* as the guest has them */
#define ENTRY_DESTINATION 56

#define VECTOR_FIRST 0x30U

static struct vioapic {
	uint32_t select;
	uint64_t pins[PINS_MAX]; /* as the guest wrote them */
	bool held[PINS_MAX];	 /* masked until the guest's EOI */
} vioapics[ACPI_IOAPICS_MAX];
static struct lock lock;

static uint8_t vector_of(unsigned int ioapic, unsigned int pin)
{
	return (uint8_t)(VECTOR_FIRST + ioapic * PINS_MAX + pin);
}

static bool is_usable(unsigned int ioapic)
{
	return ioapic < nr_ioapics && ioapics[ioapic].registers &&
	       vector_of(ioapic, PINS_MAX) <= VECTOR_TIMER;
}

static unsigned int nr_pins(unsigned int ioapic)
{
	return ioapics[ioapic].pins < PINS_MAX ? ioapics[ioapic].pins : PINS_MAX;
}

void vioapic_init(void)
{
	for (unsigned int i = 0; i < ACPI_IOAPICS_MAX; i++)
		for (unsigned int pin = 0; pin < PINS_MAX; pin++)
			vioapics[i].pins[pin] = ENTRY_MASKED;
}

/* Physically all pins lead to the first pCPU, with a vector of the hypervisor's. */
static void update_pin(unsigned int i, unsigned int pin)
{
	uint64_t entry = vioapics[i].pins[pin] & ENTRY_KEPT;

	if (vioapics[i].held[pin])
		entry |= ENTRY_MASKED;
	entry |= vector_of(i, pin) | (uint64_t)percpus[0].apic_id << ENTRY_DESTINATION;
	ioapic_write_pin(&ioapics[i], pin, entry);
}

static uint16_t destination(uint64_t entry)
{
	uint8_t to = (uint8_t)(entry >> ENTRY_DESTINATION);
	uint16_t vcpu = to;

	if (entry & ENTRY_LOGICAL) /* flat: one of those whose bits are set */
		vcpu = to ? (uint16_t)__builtin_ctz(to) : 0;
	return vcpu < service_vm()->nr_vcpus ? vcpu : 0;
}

static void write_pin(unsigned int i, unsigned int pin, uint64_t entry)
{
	struct vioapic *vioapic = &vioapics[i];

	if (!(entry & ENTRY_LEVEL) || entry & ENTRY_MASKED)
		vioapic->held[pin] = vioapic->held[pin] && entry & ENTRY_LEVEL;
	vioapic->pins[pin] = entry & ~ENTRY_READ_ONLY;
	irq_route(vector_of(i, pin), service_vm(), destination(entry),
		  (uint8_t)(entry & ENTRY_VECTOR));
	update_pin(i, pin);
}

static uint32_t read_register(unsigned int i)
{
	uint32_t number = vioapics[i].select, pin = (number - REGISTER_PINS) / 2;
	uint64_t entry;

	if (number == REGISTER_ID)
		return (uint32_t)acpi.ioapics[i].id << 24;
	if (number == REGISTER_VERSION)
		return VERSION_VALUE | (nr_pins(i) - 1) << 16;
	if (number < REGISTER_PINS || pin >= nr_pins(i))
		return 0;
	entry = vioapics[i].pins[pin] | (vioapics[i].held[pin] ? ENTRY_REMOTE_IRR : 0);
	return (uint32_t)(number & 1 ? entry >> 32 : entry);
}

static void write_register(unsigned int i, uint32_t value)
{
	uint32_t number = vioapics[i].select, pin = (number - REGISTER_PINS) / 2;
	uint64_t entry;

	if (number < REGISTER_PINS || pin >= nr_pins(i))
		return;
	entry = vioapics[i].pins[pin];
	if (number & 1)
		entry = (uint32_t)entry | (uint64_t)value << 32;
	else
		entry = (entry & ~0xffffffffULL) | value;
	write_pin(i, pin, entry);
}

static int ioapic_at(uint64_t hpa)
{
	for (unsigned int i = 0; i < nr_ioapics; i++)
		if (is_usable(i) && (hpa & PAGE_MASK) == (ioapics[i].hpa & PAGE_MASK))
			return (int)i;
	return -1;
}

bool vioapic_read(uint64_t hpa, uint32_t *value)
{
	int i = ioapic_at(hpa);

	if (i < 0)
		return false;
	lock_take(&lock);
	*value = (hpa & 0xff) == WINDOW ? read_register((unsigned int)i) : vioapics[i].select;
	lock_release(&lock);
	return true;
}

bool vioapic_write(uint64_t hpa, uint32_t value)
{
	int i = ioapic_at(hpa);

	if (i < 0)
		return false;
	lock_take(&lock);
	if ((hpa & 0xff) == SELECT)
		vioapics[i].select = value & 0xff;
	else if ((hpa & 0xff) == WINDOW)
		write_register((unsigned int)i, value);
	lock_release(&lock);
	return true;
}

void vioapic_taken(uint8_t vector)
{
	unsigned int i = (vector - VECTOR_FIRST) / PINS_MAX,
		     pin = (vector - VECTOR_FIRST) % PINS_MAX;

	if (vector < VECTOR_FIRST || !is_usable(i) || !(vioapics[i].pins[pin] & ENTRY_LEVEL))
		return;
	lock_take(&lock);
	vioapics[i].held[pin] = true;
	update_pin(i, pin);
	lock_release(&lock);
}

void vioapic_eoi(uint8_t guest_vector)
{
	for (unsigned int i = 0; i < nr_ioapics; i++)
		for (unsigned int pin = 0; is_usable(i) && pin < nr_pins(i); pin++) {
			if (!vioapics[i].held[pin] ||
			    (vioapics[i].pins[pin] & ENTRY_VECTOR) != guest_vector)
				continue;
			lock_take(&lock);
			vioapics[i].held[pin] = false;
			update_pin(i, pin);
			lock_release(&lock);
		}
}
