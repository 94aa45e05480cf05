// SPDX-License-Identifier: BSD-3-Clause
/* Start of a payload VM's vCPU, and its exceptions and interrupts. Runs in the guest. */
#include "hv/arch/x86/payload/lib.h"

#include "hv/core/base.h"
#include "hv/guests/boot.h"

#define MSR_GS_BASE_GUEST 0xc0000101U
#define FIRST_INTERRUPT 32U

struct frame {
	uint64_t r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error_code;
	uint64_t rip, cs, rflags, rsp, ss;
};

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

struct pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

extern const uint8_t payload_vectors[];

static struct gate idt[256];
static const uint64_t gdt[] = { 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff };

void payload_event(struct frame *frame);

static struct payload_cpu *cpu_of(unsigned int vcpu)
{
	return (struct payload_cpu *)(PAYLOAD_BASE + PAYLOAD_STACKS +
				      (uint64_t)vcpu * PAYLOAD_STACK_SIZE);
}

static struct payload_cpu *this_cpu(void)
{
	return (struct payload_cpu *)((uint64_t)__builtin_frame_address(0) &
				      ~(PAYLOAD_STACK_SIZE - 1ULL));
}

static void fill_idt(void)
{
	for (unsigned int vector = 0; vector < 256; vector++) {
		uint64_t entry = (uint64_t)(payload_vectors + 16UL * vector);

		idt[vector] = (struct gate){
			.offset_low = (uint16_t)entry,
			.selector = PAYLOAD_CODE,
			.type = 0x8e,
			.offset_middle = (uint16_t)(entry >> 16),
			.offset_high = (uint32_t)(entry >> 32),
		};
	}
}

static _Noreturn void triple_fault(void)
{
	const struct pointer none = { 0, 0 };

	__asm__ volatile("lidt %0; ud2" : : "m"(none));
	__builtin_unreachable();
}

void payload_event(struct frame *frame)
{
	struct payload_cpu *cpu = this_cpu();
	uint8_t vector = (uint8_t)frame->vector;
	bool is_fault = vector < FIRST_INTERRUPT;
	uint64_t fixup = cpu->fixup;
	uint32_t fault = cpu->fault;

	if (!is_fault)
		cpu->counts.interrupts++;
	else if (!fixup)
		triple_fault();
	cpu->fixup = 0;
	if (cpu->handlers[vector].handler)
		cpu->handlers[vector].handler(vector, cpu->handlers[vector].argument);
	else if (!is_fault)
		triple_fault();
	if (is_fault) {
		frame->rip = fixup;
		cpu->fault = vector ? vector : ~0U;
	} else {
		cpu->fixup = fixup;
		cpu->fault = fault;
	}
}

static void load_tables(struct payload_cpu *cpu)
{
	const struct pointer gdtr = { sizeof(gdt) - 1, (uint64_t)gdt };
	const struct pointer idtr = { sizeof(idt) - 1, (uint64_t)idt };
	uint64_t base = (uint64_t)cpu;

	__asm__ volatile("lgdt %0; lidt %1" : : "m"(gdtr), "m"(idtr));
	__asm__ volatile("wrmsr"
			 :
			 : "c"(MSR_GS_BASE_GUEST), "a"((uint32_t)base), "d"((uint32_t)(base >> 32))
			 : "memory");
}

void payload_main(uint64_t boot_gpa, unsigned int payload, unsigned int vcpu)
{
	struct payload_cpu *cpu = cpu_of(vcpu);

	cpu->self = cpu;
	cpu->id = vcpu;
	cpu->ram_end = guest_payloads[payload].entry == service_vm_entry ? 0 : USER_RAM_SIZE;
	if (!vcpu)
		fill_idt();
	load_tables(cpu);
	guest_payloads[payload].entry(boot_gpa);
	guest_cli();
	for (;;)
		guest_hlt();
}
