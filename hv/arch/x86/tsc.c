// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/tsc.h"

#include "hv/arch/x86/acpi.h"
#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/image.h"
#include "hv/core/log.h"
#include "hv/include/arch.h"

#define PM_TIMER_HZ 3579545U
#define PIT_HZ 1193182U
#define MEASURE_MS 20U
#define MEASURE_TURNS 10000000U /* reads of a port, about 1 us each */

#define PIT_CHANNEL2 0x42U
#define PIT_MODE 0x43U
#define PIT_CHANNEL2_ONE_SHOT 0xb0 /* both bytes, mode 0 */
#define PORT_B 0x61U
#define PORT_B_GATE2 0x01
#define PORT_B_SPEAKER 0x02
#define PORT_B_OUT2 0x20

#define CPUID_TSC_RATIO 0x15U
#define CPUID_FREQUENCY 0x16U
#define CPUID_HYPERVISOR 0x40000000U
#define CPUID_HYPERVISOR_TSC 0x40000010U
#define CPUID_1_ECX_HYPERVISOR (1U << 31)
#define CPUID_INVARIANT_TSC (1U << 8) /* 0x80000007 EDX */

/* Until it is known messages are stamped with the TSC itself, more or less. */
static SEALED uint32_t khz = UINT32_MAX;

uint32_t arch_tsc_khz(void)
{
	return khz;
}

uint64_t tsc_after_us(uint64_t us)
{
	return arch_tsc() + us * khz / 1000;
}

void tsc_delay_us(uint64_t us)
{
	uint64_t end = tsc_after_us(us);

	while (arch_tsc() < end)
		cpu_pause();
}

/* kHz by CPUID, and which leaf says so; 0: none. */
static uint32_t claimed(const char **from)
{
	struct cpuid ratio = cpuid_checked(CPUID_TSC_RATIO, 0);
	uint32_t mhz = cpuid_checked(CPUID_FREQUENCY, 0).eax & 0xffff;

	*from = "CPUID 0x15";
	if (ratio.eax && ratio.ebx && ratio.ecx)
		return (uint32_t)((uint64_t)ratio.ecx * ratio.ebx / ratio.eax / 1000);
	*from = "CPUID 0x16";
	if (mhz)
		return mhz * 1000;
	*from = "the CPUID of another hypervisor";
	if (cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR)
		return cpuid_checked(CPUID_HYPERVISOR_TSC, 0).eax;
	return 0;
}

/* Waits until the PM timer changes. */
static bool pm_timer_edge(uint32_t *count)
{
	uint32_t before = in32(acpi.pm_timer_port);

	for (unsigned int turns = 0; turns < MEASURE_TURNS; turns++) {
		*count = in32(acpi.pm_timer_port);
		if (*count != before)
			return true;
	}
	return false;
}

/* kHz, to the nearest. */
static uint32_t per_ms(uint64_t cycles_hz, uint32_t ticks)
{
	uint64_t unit = 1000ULL * ticks;

	return (uint32_t)((cycles_hz + unit / 2) / unit);
}

/* 24 bits of the counter are enough: they last 4.7 s. */
static uint32_t measure_pm_timer(void)
{
	uint32_t ticks = PM_TIMER_HZ / 1000 * MEASURE_MS, first, now, passed = 0;
	uint64_t start;

	if (!acpi.pm_timer_port || !pm_timer_edge(&first))
		return 0;
	start = tsc_ordered();
	for (unsigned int turns = 0; passed < ticks; turns++) {
		if (turns == MEASURE_TURNS)
			return 0;
		now = in32(acpi.pm_timer_port);
		passed = (now - first) & 0xffffff;
	}
	return per_ms((tsc_ordered() - start) * PM_TIMER_HZ, passed);
}

static uint32_t measure_pit(void)
{
	uint32_t count = PIT_HZ / 1000 * MEASURE_MS;
	uint8_t port_b = in8(PORT_B) & ~PORT_B_SPEAKER;
	uint64_t start, end;
	unsigned int turns = 0;

	out8(PORT_B, port_b | PORT_B_GATE2);
	out8(PIT_MODE, PIT_CHANNEL2_ONE_SHOT);
	out8(PIT_CHANNEL2, (uint8_t)count);
	out8(PIT_CHANNEL2, (uint8_t)(count >> 8));
	start = tsc_ordered();
	while (!(in8(PORT_B) & PORT_B_OUT2) && turns < MEASURE_TURNS)
		turns++;
	end = tsc_ordered();
	out8(PORT_B, port_b & ~PORT_B_GATE2);
	/* Counted down at once: nothing is there. */
	if (turns < 10 || turns == MEASURE_TURNS)
		return 0;
	return per_ms((end - start) * PIT_HZ, count);
}

static uint32_t measured(const char **from)
{
	uint32_t result = measure_pm_timer();

	*from = "the PM timer";
	if (!result) {
		result = measure_pit();
		*from = "the PIT";
	}
	return result;
}

/* Within 1 %. */
static bool agree(uint32_t a, uint32_t b)
{
	return (a > b ? a - b : b - a) <= b / 100;
}

void tsc_init(void)
{
	const char *claim_from, *measure_from;
	uint32_t claim = claimed(&claim_from), measure = measured(&measure_from);

	if (!claim && !measure)
		hv_panic("tsc: its frequency is not known: no CPUID leaf, PM timer or PIT has it");
	if (claim && measure && !agree(claim, measure)) {
		log_warning("tsc: %s says %u kHz, %s %u: the latter is right", claim_from, claim,
			    measure_from, measure);
		claim = 0;
	}
	khz = claim ? claim : measure;
	if (claim)
		log_info("tsc: %u kHz by %s, %s gave %u", khz, claim_from,
			 measure ? measure_from : "nothing else", measure);
	else
		log_info("tsc: %u kHz by %s", khz, measure_from);
	if (!(cpuid_checked(0x80000007, 0).edx & CPUID_INVARIANT_TSC))
		log_warning("tsc: the CPU does not say that it is invariant; it is taken to be");
}

#define CHECK_ROUNDS 64U
#define CHECK_DONE UINT32_MAX
#define CHECK_US 1000000U

/* Questions and answers are numbers of rounds from 1 on, then CHECK_DONE; each side writes one. */
static struct {
	uint32_t question __attribute__((aligned(64)));
	uint32_t answer __attribute__((aligned(64)));
	uint64_t tsc; /* of the one who answers */
} check;

static bool wait_for(const uint32_t *number, uint32_t value, uint64_t until)
{
	/* Pairs with the release stores of the other side. */
	while (__atomic_load_n(number, __ATOMIC_ACQUIRE) != value) {
		if (arch_tsc() > until)
			return false;
		cpu_pause();
	}
	return true;
}

/* Asks for the other's TSC; the bounds of how far it is ahead get closer. False: no answer. */
static bool ask(uint32_t round, uint64_t until, int64_t *low, int64_t *high)
{
	uint64_t before, after;

	before = tsc_ordered();
	__atomic_store_n(&check.question, round, __ATOMIC_RELEASE);
	if (!wait_for(&check.answer, round, until))
		return false;
	after = tsc_ordered();
	if ((int64_t)(check.tsc - after) > *low)
		*low = (int64_t)(check.tsc - after);
	if ((int64_t)(check.tsc - before) < *high)
		*high = (int64_t)(check.tsc - before);
	return true;
}

bool tsc_check_lead(unsigned int pcpu)
{
	uint64_t until = tsc_after_us(CHECK_US);
	int64_t low = INT64_MIN, high = INT64_MAX;

	/* As many as there is time for: under an emulator each can take long. */
	for (uint32_t round = 1; round <= CHECK_ROUNDS && arch_tsc() < until; round++)
		if (!ask(round, until + CHECK_US * khz / 1000, &low, &high))
			return false;
	if (low <= 0 && high >= 0)
		log_info("tsc: pCPU %u and pCPU 0 agree, to -%ld..+%ld cycles", pcpu, -low, high);
	else
		log_warning(
			"tsc: pCPU %u is ahead of pCPU 0 by %ld..%ld cycles: times across pCPUs "
			"are wrong by that",
			pcpu, low, high);
	__atomic_store_n(&check.question, CHECK_DONE, __ATOMIC_RELEASE);
	if (!wait_for(&check.answer, CHECK_DONE, tsc_after_us(CHECK_US)))
		return false;
	/* The other side is through, and the next one has not started yet. */
	check.question = check.answer = 0;
	return true;
}

void tsc_check_follow(void)
{
	uint64_t until = tsc_after_us(4UL * CHECK_US);
	uint32_t last = 0, question = 0;

	while (question != CHECK_DONE && arch_tsc() < until) {
		/* Pairs with the release stores in ask(). */
		question = __atomic_load_n(&check.question, __ATOMIC_ACQUIRE);
		if (question == last) {
			cpu_pause();
			continue;
		}
		check.tsc = tsc_ordered();
		__atomic_store_n(&check.answer, question, __ATOMIC_RELEASE);
		last = question;
	}
}
