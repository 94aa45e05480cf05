// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/apic.h"

#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/image.h"
#include "hv/arch/x86/options.h"
#include "hv/arch/x86/paging.h"
#include "hv/arch/x86/percpu.h"
#include "hv/arch/x86/vioapic.h"
#include "hv/core/log.h"
#include "hv/include/arch.h"

#define APIC_BASE_ENABLED (1ULL << 11)
#define APIC_BASE_X2APIC (1ULL << 10)
#define APIC_HPA_DEFAULT 0xfee00000U

#define APIC_ID 0x20U /* offsets of registers in xAPIC mode */
#define APIC_TPR 0x80U
#define APIC_EOI 0xb0U
#define APIC_LDR 0xd0U
#define APIC_DFR 0xe0U
#define APIC_SPURIOUS 0xf0U
#define APIC_ESR 0x280U
#define APIC_ICR 0x300U
#define APIC_ICR_HIGH 0x310U
#define APIC_LVT_TIMER 0x320U
#define APIC_LVT_CMCI 0x2f0U
#define APIC_VERSION 0x30U
#define APIC_TIMER_INITIAL 0x380U
#define APIC_TIMER_CURRENT 0x390U
#define APIC_TIMER_DIVIDE 0x3e0U

#define SPURIOUS_APIC_ON (1U << 8)
#define LVT_MASKED (1U << 16)
#define LVT_TSC_DEADLINE (2U << 17)
#define TIMER_DIVIDE_BY_1 0xbU

#define ICR_INIT 0x4500U    /* INIT, assert */
#define ICR_STARTUP 0x4600U /* with the page of the start address */
#define ICR_NMI 0x4400U
#define ICR_FIXED 0x4000U
#define ICR_PENDING (1U << 12)
#define ICR_WAIT_TURNS 1000000U

#define CPUID_1_ECX_X2APIC (1U << 21)
#define CPUID_1_ECX_TSC_DEADLINE (1U << 24)
#define CPUID_1_EDX_APIC (1U << 9)

#define CALIBRATE_MS 5U

static SEALED bool x2apic = false;
static SEALED bool deadline_mode = false;
static SEALED uint32_t timer_khz = 0;
static SEALED volatile uint32_t *registers = NULL;

static uint32_t apic_read(uint32_t offset)
{
	return x2apic ? (uint32_t)read_msr(0x800 + offset / 16) : registers[offset / 4];
}

static void apic_write(uint32_t offset, uint32_t value)
{
	if (x2apic)
		write_msr(0x800 + offset / 16, value);
	else
		registers[offset / 4] = value;
}

bool apic_is_x2apic(void)
{
	return x2apic;
}

bool apic_timer_is_deadline(void)
{
	return deadline_mode;
}

uint32_t apic_timer_khz(void)
{
	return timer_khz;
}

void apic_init(uint64_t lapic_hpa)
{
	struct cpuid features = cpuid(1, 0);
	uint64_t base = read_msr(MSR_APIC_BASE);

	if (!(features.edx & CPUID_1_EDX_APIC))
		hv_panic("apic: this CPU has no local APIC");
	/* Firmware that has turned x2APIC mode on has its reasons, and there is no short way back.
	 */
	x2apic = (features.ecx & CPUID_1_ECX_X2APIC && !options.no_x2apic) ||
		 base & APIC_BASE_X2APIC;
	deadline_mode = features.ecx & CPUID_1_ECX_TSC_DEADLINE && !options.no_tsc_deadline;
	if (x2apic)
		return;
	if (!lapic_hpa)
		lapic_hpa = APIC_HPA_DEFAULT;
	if (lapic_hpa != (base & PAGE_MASK & (DIRECT_SIZE - 1)))
		log_warning("apic: the MADT says 0x%lx, the CPU 0x%lx: the CPU is right", lapic_hpa,
			    (uint64_t)(base & PAGE_MASK));
	registers = paging_map_device(base & PAGE_MASK, PAGE_SIZE);
	if (!registers)
		hv_panic("apic: its registers cannot be mapped");
}

void apic_enable(void)
{
	uint64_t base = read_msr(MSR_APIC_BASE);
	uint32_t last_lvt;

	if (!(base & APIC_BASE_ENABLED))
		write_msr(MSR_APIC_BASE, base |= APIC_BASE_ENABLED);
	if (x2apic && !(base & APIC_BASE_X2APIC))
		write_msr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
	last_lvt = apic_read(APIC_VERSION) >> 16 & 0xff;
	if (!x2apic) {
		apic_write(APIC_DFR, 0xffffffff);
		apic_write(APIC_LDR, 0);
	}
	apic_write(APIC_SPURIOUS, SPURIOUS_APIC_ON | VECTOR_SPURIOUS);
	for (uint32_t lvt = 0; lvt < 6 && lvt <= last_lvt; lvt++)
		apic_write(APIC_LVT_TIMER + 16 * lvt, LVT_MASKED | VECTOR_SPURIOUS);
	if (last_lvt >= 6)
		apic_write(APIC_LVT_CMCI, LVT_MASKED | VECTOR_SPURIOUS);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (deadline_mode ? LVT_TSC_DEADLINE : 0));
	/* In xAPIC mode the mode must have arrived before the first deadline, which is an MSR. */
	__asm__ volatile("mfence" : : : "memory");
	apic_write(APIC_ESR, 0);
}

uint32_t apic_id(void)
{
	return x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

static void send(uint32_t destination, uint32_t command)
{
	if (x2apic) {
		/* Writes to MSRs of the APIC do not wait for what was stored before. */
		__asm__ volatile("mfence; lfence" : : : "memory");
		write_msr(0x800 + APIC_ICR / 16, (uint64_t)destination << 32 | command);
		return;
	}
	apic_write(APIC_ICR_HIGH, destination << 24);
	apic_write(APIC_ICR, command);
	for (unsigned int turns = 0; apic_read(APIC_ICR) & ICR_PENDING; turns++) {
		if (turns == ICR_WAIT_TURNS)
			hv_panic("apic: an interprocessor interrupt is not sent");
		cpu_pause();
	}
}

void apic_send_init(uint32_t destination)
{
	send(destination, ICR_INIT);
}

void apic_send_startup(uint32_t destination, uint64_t trampoline_hpa)
{
	send(destination, ICR_STARTUP | (uint32_t)(trampoline_hpa >> PAGE_SHIFT));
}

void apic_send_nmi(uint32_t destination)
{
	send(destination, ICR_NMI);
}

void apic_stop_others(void)
{
	const struct percpu *self = this_percpu();

	for (unsigned int i = 0; i < MAX_PCPUS; i++)
		if (&percpus[i] != self && percpus[i].online)
			apic_send_nmi(percpus[i].apic_id);
}

uint32_t arch_apic_id(unsigned int pcpu)
{
	return percpus[pcpu].apic_id;
}

void arch_kick(unsigned int pcpu)
{
	send(percpus[pcpu].apic_id, ICR_FIXED | VECTOR_KICK);
}

static void timer_start(uint64_t deadline, uint64_t now)
{
	uint64_t count = 1;

	if (deadline > now) {
		uint64_t ticks;

		/* Too far for the counter: apic_interrupt() starts it again. */
		if (__builtin_mul_overflow(deadline - now, (uint64_t)timer_khz, &ticks))
			ticks = UINT64_MAX;
		count = ticks / arch_tsc_khz() + 1;
	}
	apic_write(APIC_TIMER_INITIAL, count > UINT32_MAX ? UINT32_MAX : (uint32_t)count);
}

void arch_timer_arm(uint64_t deadline)
{
	this_percpu()->timer_deadline = deadline;
	if (deadline_mode)
		write_msr(MSR_TSC_DEADLINE, deadline);
	else if (deadline)
		timer_start(deadline, arch_tsc());
	else
		apic_write(APIC_TIMER_INITIAL, 0);
}

void apic_timer_calibrate(void)
{
	uint64_t start, end, ticks, cycles = (uint64_t)arch_tsc_khz() * CALIBRATE_MS;

	if (deadline_mode)
		return;
	apic_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_TIMER_INITIAL, UINT32_MAX);
	start = tsc_ordered();
	do {
		end = tsc_ordered();
	} while (end - start < cycles);
	ticks = UINT32_MAX - apic_read(APIC_TIMER_CURRENT);
	end = tsc_ordered();
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	timer_khz = (uint32_t)(ticks * arch_tsc_khz() / (end - start));
	if (!timer_khz)
		hv_panic("apic: its timer does not count");
}

/* Too early by the counter's clock, or only a part of a long way. */
static bool timer_is_early(struct percpu *cpu)
{
	if (deadline_mode || !cpu->timer_deadline || arch_tsc() >= cpu->timer_deadline)
		return false;
	timer_start(cpu->timer_deadline, arch_tsc());
	return true;
}

bool apic_take(uint8_t vector)
{
	if (vector == VECTOR_SPURIOUS)
		return false;
	vioapic_taken(vector);
	apic_write(APIC_EOI, 0);
	if (vector == VECTOR_TIMER && timer_is_early(this_percpu()))
		return false;
	this_percpu()->timers_taken += vector == VECTOR_TIMER;
	this_percpu()->kicks_taken += vector == VECTOR_KICK;
	return true;
}

void apic_interrupt(uint8_t vector)
{
	if (apic_take(vector))
		this_percpu()->vectors[vector / 64] |= 1ULL << (vector % 64);
}
