// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/exception.h"

#include "hv/arch/x86/apic.h"
#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/fixup.h"
#include "hv/arch/x86/image.h"
#include "hv/arch/x86/power.h"
#include "hv/arch/x86/stack.h"
#include "hv/arch/x86/symbols.h"
#include "hv/core/log.h"

#define VECTOR_NMI 2
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_PAGE_FAULT 14
#define FIRST_INTERRUPT 32

#define BACKTRACE_MAX 24U

static const char *const names[FIRST_INTERRUPT] = {
	[0] = "divide error",
	[1] = "debug",
	[2] = "NMI",
	[3] = "breakpoint",
	[4] = "overflow",
	[5] = "bound range",
	[6] = "invalid opcode",
	[7] = "device not available",
	[8] = "double fault",
	[10] = "invalid TSS",
	[11] = "segment not present",
	[12] = "stack fault",
	[13] = "general protection",
	[14] = "page fault",
	[16] = "x87 error",
	[17] = "alignment check",
	[18] = "machine check",
	[19] = "SIMD error",
	[20] = "virtualization exception",
	[21] = "control protection",
};

static bool in_text(uint64_t address)
{
	return address >= (uint64_t)text_start && address < (uint64_t)text_end;
}

static void log_place(const char *what, uint64_t address)
{
	uint64_t offset;
	const char *name = in_text(address) ? symbol_of(address, &offset) : NULL;

	if (name)
		hv_log(HVLOG_FATAL, "%s 0x%016lx %s+0x%lx", what, address, name, offset);
	else
		hv_log(HVLOG_FATAL, "%s 0x%016lx", what, address);
}

/* Frames of one that calls itself take one line. */
static void log_caller(uint64_t address, unsigned int times)
{
	log_place("  by", address);
	if (times > 1)
		hv_log(HVLOG_FATAL, "  ... %u times", times);
}

/* Is there a direct call (0xe8 and a distance) of function in front of this address? */
static bool follows_call_of(uint64_t address, uint64_t function)
{
	const uint8_t *call = (const uint8_t *)pointer_to(address - 5);
	int32_t distance;

	memcpy(&distance, call + 1, sizeof(distance));
	return *call == 0xe8 && address + (uint64_t)(int64_t)distance == function;
}

/*
 * A function that has no frame, or a bad pointer that was called: the return address is where rsp
 * is.
 */
static void log_frameless_caller(uint64_t rip, uint64_t rsp)
{
	uint64_t caller, offset;

	if (rsp % 8 || !stack_holds(this_percpu(), rsp))
		return;
	caller = *(const uint64_t *)pointer_to(rsp);
	if (!in_text(caller - 5))
		return;
	if (!in_text(rip) || (symbol_of(rip, &offset) && follows_call_of(caller, rip - offset)))
		log_place("  by", caller - 1);
}

void backtrace(uint64_t rip, uint64_t rsp, uint64_t rbp)
{
	const struct percpu *cpu = this_percpu();
	uint64_t caller = 0;
	unsigned int times = 0, lines = 0;

	log_place("  at", rip);
	log_frameless_caller(rip, rsp);
	while (lines < BACKTRACE_MAX && rbp % 8 == 0 && stack_holds(cpu, rbp)) {
		const uint64_t *frame = pointer_to(rbp);

		if (frame[1] != caller && times) {
			log_caller(caller - 1, times);
			lines++;
			times = 0;
		}
		caller = frame[1];
		if (!in_text(caller))
			return;
		/* The call, not what follows it, which may be another function. */
		times++;
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
	if (times)
		log_caller(caller - 1, times);
}

static void log_registers(const struct interrupt_frame *f)
{
	hv_log(HVLOG_FATAL, "rip 0x%016lx rsp 0x%016lx rflags 0x%lx cs 0x%lx ss 0x%lx", f->rip,
	       f->rsp, f->rflags, f->cs, f->ss);
	hv_log(HVLOG_FATAL, "rax 0x%016lx rbx 0x%016lx rcx 0x%016lx rdx 0x%016lx", f->rax, f->rbx,
	       f->rcx, f->rdx);
	hv_log(HVLOG_FATAL, "rsi 0x%016lx rdi 0x%016lx rbp 0x%016lx r8  0x%016lx", f->rsi, f->rdi,
	       f->rbp, f->r8);
	hv_log(HVLOG_FATAL, "r9  0x%016lx r10 0x%016lx r11 0x%016lx r12 0x%016lx", f->r9, f->r10,
	       f->r11, f->r12);
	hv_log(HVLOG_FATAL, "r13 0x%016lx r14 0x%016lx r15 0x%016lx", f->r13, f->r14, f->r15);
	hv_log(HVLOG_FATAL, "cr0 0x%016lx cr2 0x%016lx cr3 0x%016lx cr4 0x%016lx", read_cr0(),
	       read_cr2(), read_cr3(), read_cr4());
}

/* A page fault whose frame cannot be pushed becomes a double fault; CR2 says why. */
static void log_cause(const struct interrupt_frame *frame)
{
	uint64_t cr2 = read_cr2();
	unsigned int pcpu;
	const char *stack = stack_of_guard(cr2, &pcpu);

	if (frame->vector == VECTOR_PAGE_FAULT)
		hv_log(HVLOG_FATAL, "%s of 0x%016lx: %s",
		       frame->error_code & 16  ? "execution"
		       : frame->error_code & 2 ? "write"
					       : "read",
		       cr2, frame->error_code & 1 ? "not allowed" : "not mapped");
	if (stack && (frame->vector == VECTOR_PAGE_FAULT || frame->vector == VECTOR_DOUBLE_FAULT))
		hv_log(HVLOG_FATAL,
		       "stack overflow: 0x%016lx is in the guard page of the %s of pCPU %u", cr2,
		       stack, pcpu);
}

static _Noreturn void exception(const struct interrupt_frame *frame)
{
	const char *name = names[frame->vector];

	panic_begin();
	hv_log(HVLOG_FATAL, "exception %lu (%s) in the hypervisor, error code 0x%lx", frame->vector,
	       name ? name : "reserved", frame->error_code);
	log_cause(frame);
	log_registers(frame);
	backtrace(frame->rip, frame->rsp, frame->rbp);
	panic_end();
}

void interrupt_entered(struct interrupt_frame *frame)
{
	if (frame->vector >= FIRST_INTERRUPT)
		apic_interrupt((uint8_t)frame->vector);
	else if (fixup_exception(frame))
		return;
	else if (frame->vector == VECTOR_NMI && panic_under_way())
		cpu_halt();
	else
		exception(frame);
}
