// SPDX-License-Identifier: BSD-3-Clause
/* VMX of the pCPUs: capabilities and turning it on; Intel SDM 3, 24 and appendix A. */
#include "hv/arch/x86/vmx.h"

#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/image.h"
#include "hv/arch/x86/own_msrs.h"
#include "hv/arch/x86/page_alloc.h"
#include "hv/arch/x86/paging.h"
#include "hv/arch/x86/percpu.h"
#include "hv/arch/x86/uart.h"
#include "hv/arch/x86/vpic.h"
#include "hv/core/log.h"
#include "hv/core/text.h"
#include "hv/include/arch.h"

#define MSR_VMX_BASIC 0x480U
#define MSR_VMX_MISC 0x485U
#define MSR_VMX_CR0_FIXED0 0x486U
#define MSR_VMX_CR0_FIXED1 0x487U
#define MSR_VMX_CR4_FIXED0 0x488U
#define MSR_VMX_CR4_FIXED1 0x489U
#define MSR_VMX_SECONDARY 0x48bU
#define BASIC_TRUE_CONTROLS (1ULL << 55)
#define TRUE_DISTANCE 0xcU /* from 0x481.. to 0x48d.. */

#define FEATURE_CONTROL_LOCKED (1ULL << 0)
#define FEATURE_CONTROL_VMX (1ULL << 2)

#define CPUID_7_EBX_INVPCID (1U << 10)
#define CPUID_80000001_EDX_RDTSCP (1U << 27)

SEALED struct vmx_controls vmx = { 0 };

/* What we ask for; the capability MSR says what must be on as well, and what cannot be. */
static const struct control {
	uint32_t msr; /* the plain one */
	const char *name;
	uint32_t needed, wanted;
	uint32_t *word;
} controls[] = {
	{ 0x481, "pin-based",
	  PIN_EXTERNAL_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMI | PIN_PREEMPTION_TIMER, 0, &vmx.pin },
	{ 0x482, "primary",
	  PRIMARY_HLT | PRIMARY_TSC_OFFSET | PRIMARY_RDPMC | PRIMARY_CR8_LOAD | PRIMARY_CR8_STORE |
		  PRIMARY_IO_BITMAPS | PRIMARY_MSR_BITMAPS | PRIMARY_SECONDARY,
	  PRIMARY_MWAIT | PRIMARY_MONITOR, &vmx.primary },
	{ MSR_VMX_SECONDARY, "secondary",
	  SECONDARY_APIC_ACCESS | SECONDARY_EPT | SECONDARY_VPID | SECONDARY_UNRESTRICTED,
	  SECONDARY_WBINVD, &vmx.secondary },
	{ 0x483, "exit",
	  EXIT_SAVE_DEBUG | EXIT_HOST_64BIT | EXIT_ACKNOWLEDGE | EXIT_SAVE_PAT | EXIT_LOAD_PAT |
		  EXIT_SAVE_EFER | EXIT_LOAD_EFER,
	  0, &vmx.exit },
	{ 0x484, "entry", ENTRY_LOAD_DEBUG | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER, 0, &vmx.entry },
};

static void take_control(const struct control *control, bool true_controls)
{
	bool has_true = true_controls && control->msr != MSR_VMX_SECONDARY;
	uint64_t allowed = read_msr(control->msr + (has_true ? TRUE_DISTANCE : 0));
	uint32_t must = (uint32_t)allowed, may = (uint32_t)(allowed >> 32);
	uint32_t missing = control->needed & ~may;

	*control->word = ((control->needed | control->wanted) & may) | must;
	if (!missing)
		return;
	log_error("vmx: %s controls: bits 0x%x are needed and missing", control->name, missing);
	hv_panic("vmx: this CPU cannot run guests");
}

/* Instructions that CPUID offers to guests have to be enabled. */
static void take_instructions(void)
{
	uint32_t may = (uint32_t)(read_msr(MSR_VMX_SECONDARY) >> 32), want = 0;

	if (cpuid_checked(0x80000001, 0).edx & CPUID_80000001_EDX_RDTSCP)
		want |= SECONDARY_RDTSCP;
	if (cpuid_checked(7, 0).ebx & CPUID_7_EBX_INVPCID)
		want |= SECONDARY_INVPCID;
	vmx.secondary |= want & may;
}

/* MSRs that guests have for themselves: 2 KiB each for reads of low and high, writes of both. */
static void open_msr(uint32_t msr)
{
	uint8_t *bitmap = paging_direct(vmx.msr_bitmap);
	uint32_t bit = msr & 0x1fff, base = msr >= 0xc0000000U ? 1024 : 0;

	bitmap[base + bit / 8] &= (uint8_t) ~(1U << bit % 8);
	bitmap[2048 + base + bit / 8] &= (uint8_t) ~(1U << bit % 8);
}

static void make_bitmaps(void)
{
	uint8_t *open;

	vmx.msr_bitmap = page_alloc();
	vmx.io_bitmap = page_alloc_run(2);
	vmx.open_io_bitmap = page_alloc_run(2);
	vmx.apic_access_page = page_alloc();
	if (!vmx.msr_bitmap || !vmx.io_bitmap || !vmx.open_io_bitmap || !vmx.apic_access_page)
		hv_panic("vmx: no memory for bitmaps");
	open = paging_direct(vmx.open_io_bitmap);
	memset(paging_direct(vmx.msr_bitmap), 0xff, PAGE_SIZE);
	memset(paging_direct(vmx.io_bitmap), 0xff, 2 * PAGE_SIZE);
	/* Of who owns the devices: the console, to be seen in traces, and the 8259s exit. */
	open[UART_COM1 / 8] = 0xff;
	open[VPIC_MASTER / 8] |= 3;
	open[VPIC_SLAVE / 8] |= 3;
	for (unsigned int i = 0; i < ARRAY_SIZE(own_msr_list); i++)
		if (own_msr_list[i] != MSR_TSC_AUX || vmx.secondary & SECONDARY_RDTSCP)
			open_msr(own_msr_list[i]);
}

void vmx_init(void)
{
	uint64_t basic = read_msr(MSR_VMX_BASIC);

	vmx.revision = (uint32_t)basic & 0x7fffffffU;
	for (unsigned int i = 0; i < ARRAY_SIZE(controls); i++)
		take_control(&controls[i], basic & BASIC_TRUE_CONTROLS);
	take_instructions();
	vmx.cr0_fixed0 = read_msr(MSR_VMX_CR0_FIXED0);
	vmx.cr0_fixed1 = read_msr(MSR_VMX_CR0_FIXED1);
	vmx.cr4_fixed0 = read_msr(MSR_VMX_CR4_FIXED0);
	vmx.cr4_fixed1 = read_msr(MSR_VMX_CR4_FIXED1);
	vmx.timer_shift = read_msr(MSR_VMX_MISC) & 0x1f;
	make_bitmaps();
	own_state_init();
	log_info("vmx: controls: pin 0x%x, primary 0x%x, secondary 0x%x, exit 0x%x, entry 0x%x%s",
		 vmx.pin, vmx.primary, vmx.secondary, vmx.exit, vmx.entry,
		 basic & BASIC_TRUE_CONTROLS ? "" : " (no TRUE ones)");
}

void vmx_enable(void)
{
	uint64_t control = read_msr(MSR_FEATURE_CONTROL), region = page_alloc();
	bool failed;

	if (!region)
		hv_panic("vmx: no memory for VMXON");
	if (!(control & FEATURE_CONTROL_LOCKED))
		write_msr(MSR_FEATURE_CONTROL,
			  control | FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX);
	write_cr0((read_cr0() | vmx.cr0_fixed0) & vmx.cr0_fixed1);
	write_cr4((read_cr4() | CR4_VMXE | CR4_OSXSAVE | CR4_OSFXSR | vmx.cr4_fixed0) &
		  vmx.cr4_fixed1);
	memcpy(paging_direct(region), &vmx.revision, sizeof(vmx.revision));
	__asm__ volatile("vmxon %1" : "=@ccbe"(failed) : "m"(region) : "memory");
	if (failed)
		hv_panic("vmx: VMXON is refused");
	/* Nothing that was cached in a life before counts. */
	__asm__ volatile("invept %0, %1"
			 :
			 : "m"((struct { uint64_t eptp, reserved; }){ 0 }), "r"(2UL)
			 : "memory", "cc");
	this_percpu()->vmx_on = true;
}
