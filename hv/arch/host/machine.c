// SPDX-License-Identifier: BSD-3-Clause
/* What the hosted machine is: its TSC, its CPUID, no MSRs, one device. */
#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hv/arch/host/port.h"

#define CALIBRATE_NS 20000000ULL

static uint32_t tsc_khz;

uint32_t arch_tsc_khz(void)
{
	return tsc_khz;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* Both clocks at once: of some tries, the one that was the least disturbed. */
static void both_clocks(uint64_t *ns, uint64_t *tsc)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 8; i++) {
		uint64_t before = arch_tsc(), middle = now_ns(), after = arch_tsc();

		if (after - before >= best)
			continue;
		best = after - before;
		*ns = middle;
		*tsc = before + best / 2;
	}
}

/*
 * CPUID takes some 25 us where this machine is a virtual one itself: what guests ask often is read
 * once.
 */
#define CACHED_LEAVES 32U
#define CACHED_SUBLEAVES 4U
static uint32_t cpuid_cache[CACHED_LEAVES][CACHED_SUBLEAVES][4];

static void read_cpuid(void)
{
	for (uint32_t leaf = 0; leaf < CACHED_LEAVES; leaf++)
		for (uint32_t subleaf = 0; subleaf < CACHED_SUBLEAVES; subleaf++) {
			uint32_t *regs = cpuid_cache[leaf][subleaf];

			__cpuid_count(leaf, subleaf, regs[0], regs[1], regs[2], regs[3]);
		}
}

int host_calibrate(void)
{
	uint64_t ns[2], tsc[2];

	if (tsc_khz)
		return 0;
	both_clocks(&ns[0], &tsc[0]);
	while (now_ns() < ns[0] + CALIBRATE_NS)
		usleep(1000);
	both_clocks(&ns[1], &tsc[1]);
	read_cpuid();
	tsc_khz = (uint32_t)((tsc[1] - tsc[0]) * 1000000U / (ns[1] - ns[0]));
	return tsc_khz < 1000 ? -EIO : 0;
}

void arch_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
	if (leaf < CACHED_LEAVES && subleaf < CACHED_SUBLEAVES)
		memcpy(regs, cpuid_cache[leaf][subleaf], sizeof(cpuid_cache[leaf][subleaf]));
	else
		__cpuid_count(leaf, subleaf, regs[0], regs[1], regs[2], regs[3]);
}

int arch_msr_read(uint32_t msr, uint64_t *value)
{
	(void)msr;
	(void)value;
	return -HV_ENODEV;
}

int arch_msr_write(uint32_t msr, uint64_t value)
{
	(void)msr;
	(void)value;
	return -HV_ENODEV;
}

int arch_port_read(uint16_t port, unsigned int size, uint32_t *value)
{
	(void)port;
	(void)size;
	(void)value;
	return -HV_ENODEV;
}

int arch_port_write(uint16_t port, unsigned int size, uint32_t value)
{
	(void)size;
	if (port != DOORBELL_PORT)
		return -HV_ENODEV;
	host_doorbell(value);
	return 0;
}

int arch_mmio_read(uint64_t hpa, unsigned int size, uint64_t *value)
{
	(void)hpa;
	(void)size;
	(void)value;
	return -HV_ENODEV;
}

int arch_mmio_write(uint64_t hpa, unsigned int size, uint64_t value)
{
	(void)hpa;
	(void)size;
	(void)value;
	return -HV_ENODEV;
}

void arch_eoi(struct vcpu *vcpu, uint8_t vector)
{
	(void)vcpu;
	(void)vector;
}

void arch_console_write(const char *text, size_t length)
{
	while (length) {
		ssize_t written = write(STDERR_FILENO, text, length);

		if (written <= 0)
			return;
		text += written;
		length -= (size_t)written;
	}
}

_Noreturn void arch_panic(void)
{
	abort();
}
