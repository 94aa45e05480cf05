// SPDX-License-Identifier: BSD-3-Clause
/*
 * A guest that tries what no sane one does: MSRs, ports, CPUID leaves, addresses and hypercalls at
 * random, and every instruction that leaves. The hypervisor is to answer each, and live.
 */
#include "formats/abi/exit_reasons.h"
#include "formats/abi/hypercall.h"
#include "hv/guests/guest_lib.h"

#define MSR_SYSCALL_FIRST 0xc0000080U /* what this guest itself stands on is from here.. */
#define MSR_SYSCALL_LAST 0xc0000103U
#define MSR_SYSENTER_CS 0x174U
#define MSR_PAT 0x277U
#define MSR_X2APIC_ICR 0x830U /* from here on are what sends interrupts */
#define APIC_PAGE 0xfee00000ULL

static uint32_t pick(uint64_t *random, const uint32_t *list, unsigned int nr)
{
	return list[guest_random(random) % nr] + (uint32_t)(guest_random(random) % 64);
}

static void odd_msr(uint64_t *random)
{
	static const uint32_t starts[] = {
		0,     0x10,  0x1a0,  0x200,	  0x277,      0x400,
		0x480, 0x800, 0x6e0,  0xc0000080, 0xc0000100, 0xc0010000,
		0x840, 0x1c0, 0x2000, 0x3fffffff, 0x40000000, 0xffffffc0
	};
	uint32_t msr = pick(random, starts, sizeof(starts) / sizeof(starts[0]));
	uint64_t value;

	guest_rdmsr(msr, &value);
	if ((msr >= MSR_SYSCALL_FIRST && msr <= MSR_SYSCALL_LAST) || msr / 64 == MSR_PAT / 64 ||
	    (msr >= MSR_SYSENTER_CS && msr <= MSR_SYSENTER_CS + 2) ||
	    (msr >= MSR_X2APIC_ICR && msr < MSR_X2APIC_ICR + 16))
		return;
	guest_wrmsr(msr, guest_random(random) % 4 ? guest_random(random) : ~0ULL);
}

static void odd_cpuid(uint64_t *random)
{
	static const uint32_t starts[] = { 0, 0x40000000, 0x4fffffe0, 0x80000000, 0xffffffc0 };

	guest_cpuid(pick(random, starts, sizeof(starts) / sizeof(starts[0])),
		    (uint32_t)guest_random(random) % 32);
}

static void odd_port(uint64_t *random)
{
	uint16_t port = (uint16_t)guest_random(random);
	unsigned int size = 1U << guest_random(random) % 3;

	if (guest_random(random) % 2)
		guest_in(port, size);
	else
		guest_out(port, size, (uint32_t)guest_random(random));
}

static void odd_memory(uint64_t *random)
{
	unsigned int size = 1U << guest_random(random) % 4;
	uint64_t gpa = USER_RAM_SIZE + guest_random(random) % ((4ULL << 30) - USER_RAM_SIZE - 8);

	gpa &= ~7ULL;
	if (gpa >= APIC_PAGE && gpa < APIC_PAGE + GUEST_PAGE_SIZE)
		return;
	if (guest_random(random) % 2)
		guest_read(gpa, size);
	else
		guest_write(gpa, size, guest_random(random));
}

static void odd_call(uint64_t *random)
{
	unsigned int fault;

	guest_vmcall_regs(HC_GET_API_VERSION + guest_random(random) % 128, guest_random(random),
			  guest_random(random) % (16ULL << 30), &fault);
}

void hostile_entry(uint64_t boot_gpa)
{
	uint64_t random = guest_read(boot_gpa + offsetof(struct guest_boot, seed), 8) * 2 + 1;

	for (uint32_t reason = 0;; reason = (reason + 1) % EXIT_REASONS) {
		for (unsigned int i = 0; i < 16; i++) {
			odd_msr(&random);
			odd_cpuid(&random);
		}
		odd_port(&random);
		odd_memory(&random);
		odd_call(&random);
		if (reason != EXIT_TRIPLE_FAULT && reason != EXIT_HLT &&
		    reason != EXIT_EXCEPTION_OR_NMI)
			guest_raw_exit(reason);
	}
}
