// SPDX-License-Identifier: BSD-3-Clause
/* A guest that does a bit of everything, with pauses in between, as its seed has it. */
#include "formats/abi/exit_reasons.h"
#include "formats/abi/hypercall.h"
#include "hv/guests/guest_lib.h"

#define THINK_US 40U /* on average */
#define MMIO_GPA 0xfe000000ULL
#define PORT_FIRST 0x60U
#define MSR_TSC 0x10U
#define MSR_TSC_AUX_NONE 0xc0010015U /* not there: #GP */
#define VECTOR_DE 0U

static void on_interrupt(uint8_t vector, void *argument)
{
	uint64_t *count = argument;

	(void)vector;
	(*count)++;
	guest_eoi();
}

static void on_exception(uint8_t vector, void *argument)
{
	uint64_t *count = argument;

	(void)vector;
	(*count)++;
}

/*
 * Lengths that fall off by halves, so that short ones are common and long ones exist: close enough
 * to exponential.
 */
static void think(uint64_t *random, uint64_t ticks)
{
	unsigned int zeros = (unsigned int)__builtin_ctzll(guest_random(random) | 1ULL << 6);

	guest_spin((guest_random(random) % (ticks / 2 + 1)) << zeros);
}

static void do_something(uint64_t *random)
{
	uint64_t value, choice = guest_random(random) % 16, r = guest_random(random);

	switch (choice) {
	case 0:
	case 1:
		guest_cpuid((uint32_t)(r % 12), 0);
		break;
	case 2:
		guest_rdmsr(MSR_TSC, &value);
		break;
	case 3:
		guest_rdmsr(MSR_TSC_AUX_NONE, &value);
		break;
	case 4:
		guest_wrmsr(0x80bU, 0); /* x2APIC EOI */
		break;
	case 5:
		guest_out((uint16_t)(PORT_FIRST + r % 16), 1, (uint32_t)r & 0xff);
		break;
	case 6:
		guest_in((uint16_t)(PORT_FIRST + r % 16), 4);
		break;
	case 7:
		guest_write(MMIO_GPA + r % 64 * 8, 4, r);
		break;
	case 8:
		guest_read(MMIO_GPA + r % 64 * 8, 8);
		break;
	case 9:
		guest_apic_write(APIC_TPR, 0);
		break;
	case 10: { /* refused: this VM may make none */
		unsigned int fault;

		guest_vmcall_regs(HC_GET_API_VERSION, 0, 0, &fault);
		break;
	}
	case 11:
		guest_fault(VECTOR_DE, false, 0);
		break;
	case 12:
		guest_raw_exit(EXIT_RDTSCP);
		break;
	case 13:
		guest_wbinvd();
		break;
	default: /* until the next tick */
		guest_cli();
		guest_wait();
		guest_sti();
	}
}

void mix_entry(uint64_t boot_gpa)
{
	uint64_t random = guest_read(boot_gpa + offsetof(struct guest_boot, seed), 8) * 2 + 1;
	uint64_t period =
		guest_us(guest_read(boot_gpa + offsetof(struct guest_boot, period_us), 4));
	uint64_t interrupts = 0, exceptions = 0, ticks = guest_us(THINK_US);

	random += (uint64_t)guest_vcpu_id() << 32;
	if (!guest_vcpu_id())
		guest_start_others();
	guest_set_handler(GUEST_TIMER_VECTOR, on_interrupt, &interrupts);
	guest_set_handler(VECTOR_DE, on_exception, &exceptions);
	guest_start_periodic_timer(period);
	guest_sti();
	for (;;) {
		think(&random, ticks);
		do_something(&random);
	}
}
