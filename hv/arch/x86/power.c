// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/power.h"

#include "hv/arch/x86/acpi.h"
#include "hv/arch/x86/apic.h"
#include "hv/arch/x86/console.h"
#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/descriptor.h"
#include "hv/arch/x86/options.h"
#include "hv/core/log.h"
#include "hv/include/arch.h"

#define RESET_CONTROL 0xcf9U
#define KEYBOARD_COMMAND 0x64U
#define KEYBOARD_RESET 0xfe
#define BOCHS_SHUTDOWN 0x8900U
#define RESET_WAIT_TURNS 100000U /* reads of a port, about 1 us each */

static unsigned int panicking; /* pCPU + 1 of the first; 0: none */

void panic_begin(void)
{
	unsigned int nobody = 0, me = arch_pcpu_id() + 1;

	if (__atomic_compare_exchange_n(&panicking, &nobody, me, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST)) {
		apic_stop_others();
		return;
	}
	if (nobody == me) {
		/* Trouble while reporting trouble: whatever is on the console has to do. */
		if (options.on_panic == PANIC_REBOOT)
			power_reboot();
		if (options.on_panic == PANIC_EXIT)
			power_exit();
	}
	cpu_halt();
}

bool panic_under_way(void)
{
	return __atomic_load_n(&panicking, __ATOMIC_SEQ_CST);
}

void panic_end(void)
{
	switch (options.on_panic) {
	case PANIC_REBOOT:
		hv_log(HVLOG_FATAL, "rebooting");
		power_reboot();
	case PANIC_EXIT:
		power_exit();
	default:
		power_halt();
	}
}

_Noreturn void arch_panic(void)
{
	panic_begin();
	panic_end();
}

static void wait_for_reset(void)
{
	for (unsigned int turns = 0; turns < RESET_WAIT_TURNS; turns++)
		in8(KEYBOARD_COMMAND);
}

/*
 * From the way the firmware names to the one that no machine can refuse. The keyboard controller's
 * reset comes late, because it leaves IA32_FEATURE_CONTROL locked, which some firmware does not
 * expect.
 */
_Noreturn void power_reboot(void)
{
	struct descriptor_pointer none = { 0, 0 };

	console_flush();
	acpi_reset();
	wait_for_reset();
	out8(RESET_CONTROL, 0x02);
	out8(RESET_CONTROL, 0x06);
	wait_for_reset();
	out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
	wait_for_reset();
	__asm__ volatile("lidt %0; int3" : : "m"(none));
	cpu_halt();
}

_Noreturn void power_exit(void)
{
	console_flush();
	for (const char *word = "Shutdown"; *word; word++)
		out8(BOCHS_SHUTDOWN, (uint8_t)*word);
	cpu_halt();
}

_Noreturn void power_halt(void)
{
	hv_log(HVLOG_FATAL, "halted");
	if (options.on_panic == PANIC_EXIT)
		power_exit();
	cpu_halt();
}
