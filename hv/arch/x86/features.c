// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/features.h"

#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/options.h"
#include "hv/arch/x86/power.h"
#include "hv/core/base.h"
#include "hv/core/log.h"

#define CPUID_1_ECX_VMX (1U << 5)
#define FEATURE_CONTROL_LOCKED (1ULL << 0)
#define FEATURE_CONTROL_VMX (1ULL << 2)

/* Controls: the high half has the bits that may be 1 (SDM, appendix A.3). */
#define MSR_VMX_BASIC 0x480U
#define MSR_VMX_PIN 0x481U
#define MSR_VMX_PRIMARY 0x482U
#define MSR_VMX_EXIT 0x483U
#define MSR_VMX_ENTRY 0x484U
#define MSR_VMX_SECONDARY 0x48bU
#define MSR_VMX_EPT_VPID 0x48cU
#define ALLOWED(bit) (32 + (bit))

#define PRIMARY_SECONDARY ALLOWED(31)
#define SECONDARY_EPT ALLOWED(1)
#define SECONDARY_VPID ALLOWED(5)

/* A bit of a capability MSR. Those of one that the CPU does not have go without saying. */
static const struct feature {
	uint32_t msr;
	uint8_t bit;
	const char *name;
} needed[] = {
	{ MSR_VMX_PIN, ALLOWED(0), "external-interrupt exiting" },
	{ MSR_VMX_PIN, ALLOWED(3), "NMI exiting" },
	{ MSR_VMX_PIN, ALLOWED(5), "virtual NMIs" },
	{ MSR_VMX_PIN, ALLOWED(6), "VMX-preemption timer" },
	{ MSR_VMX_PRIMARY, ALLOWED(2), "interrupt-window exiting" },
	{ MSR_VMX_PRIMARY, ALLOWED(3), "TSC offsetting" },
	{ MSR_VMX_PRIMARY, ALLOWED(7), "HLT exiting" },
	{ MSR_VMX_PRIMARY, ALLOWED(22), "NMI-window exiting" },
	{ MSR_VMX_PRIMARY, ALLOWED(25), "I/O bitmaps" },
	{ MSR_VMX_PRIMARY, ALLOWED(28), "MSR bitmaps" },
	{ MSR_VMX_PRIMARY, PRIMARY_SECONDARY, "secondary VM-execution controls" },
	{ MSR_VMX_EXIT, ALLOWED(9), "64-bit host" },
	{ MSR_VMX_EXIT, ALLOWED(15), "acknowledging interrupts on exit" },
	{ MSR_VMX_EXIT, ALLOWED(18), "saving IA32_PAT on exit" },
	{ MSR_VMX_EXIT, ALLOWED(19), "loading IA32_PAT on exit" },
	{ MSR_VMX_EXIT, ALLOWED(20), "saving IA32_EFER on exit" },
	{ MSR_VMX_EXIT, ALLOWED(21), "loading IA32_EFER on exit" },
	{ MSR_VMX_ENTRY, ALLOWED(9), "64-bit guests" },
	{ MSR_VMX_ENTRY, ALLOWED(14), "loading IA32_PAT on entry" },
	{ MSR_VMX_ENTRY, ALLOWED(15), "loading IA32_EFER on entry" },
	{ MSR_VMX_SECONDARY, SECONDARY_EPT, "EPT (extended page tables)" },
	{ MSR_VMX_SECONDARY, SECONDARY_VPID, "VPID (virtual processor identifiers)" },
	{ MSR_VMX_SECONDARY, ALLOWED(7), "unrestricted guest" },
	{ MSR_VMX_EPT_VPID, 6, "EPT with 4 levels" },
	{ MSR_VMX_EPT_VPID, 14, "EPT with write-back memory" },
	{ MSR_VMX_EPT_VPID, 16, "EPT with 2 MiB pages" },
	{ MSR_VMX_EPT_VPID, 20, "INVEPT" },
	{ MSR_VMX_EPT_VPID, 25, "INVEPT of one context" },
	{ MSR_VMX_EPT_VPID, 26, "INVEPT of all contexts" },
	{ MSR_VMX_EPT_VPID, 32, "INVVPID" },
	{ MSR_VMX_EPT_VPID, 41, "INVVPID of one context" },
	{ MSR_VMX_EPT_VPID, 42, "INVVPID of all contexts" },
};

static bool has(uint32_t msr, uint8_t bit)
{
	return read_msr(msr) >> bit & 1;
}

/* Which capability MSRs there are depends on what those before them say. */
static bool exists(uint32_t msr)
{
	if (msr == MSR_VMX_SECONDARY)
		return has(MSR_VMX_PRIMARY, PRIMARY_SECONDARY);
	if (msr == MSR_VMX_EPT_VPID)
		return exists(MSR_VMX_SECONDARY) && (has(MSR_VMX_SECONDARY, SECONDARY_EPT) ||
						     has(MSR_VMX_SECONDARY, SECONDARY_VPID));
	return true;
}

static void missing(const char *what, const char *why)
{
	hv_log(HVLOG_FATAL, "cpu: missing: %s%s", what, why);
}

static unsigned int check_vmx_controls(void)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(needed); i++) {
		/* What EPT can do is of no interest where there is none. */
		if (!exists(needed[i].msr) ||
		    (needed[i].msr == MSR_VMX_EPT_VPID &&
		     !has(MSR_VMX_SECONDARY, needed[i].bit < 32 ? SECONDARY_EPT : SECONDARY_VPID)))
			continue;
		if (!has(needed[i].msr, needed[i].bit)) {
			missing(needed[i].name, "");
			count++;
		}
	}
	return count;
}

static void name_cpu(void)
{
	union {
		struct cpuid leaves[3];
		char text[49];
	} brand = { 0 };
	char *text = brand.text;

	for (unsigned int i = 0; i < 3; i++)
		brand.leaves[i] = cpuid_checked(0x80000002 + i, 0);
	while (*text == ' ')
		text++;
	log_info("cpu: %s", text);
}

void features_check(void)
{
	unsigned int count = 0;
	uint64_t control;

	name_cpu();
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_VMX)) {
		missing("VT-x (VMX)",
			": only Intel CPUs have it, and the firmware must leave it on");
		count++;
	} else {
		control = read_msr(MSR_FEATURE_CONTROL);
		if (control & FEATURE_CONTROL_LOCKED && !(control & FEATURE_CONTROL_VMX)) {
			missing("VT-x (VMX)",
				": the firmware has turned it off (IA32_FEATURE_CONTROL)");
			count++;
		}
		count += check_vmx_controls();
	}
	if (!count)
		return;
	if (options.no_cpu_check) {
		log_warning("cpu: goes on without %u features that guests need", count);
		return;
	}
	hv_log(HVLOG_FATAL, "cpu: no guest can run on this machine");
	power_halt();
}
