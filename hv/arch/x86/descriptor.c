// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/descriptor.h"

#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/image.h"

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

#define GATE_INTERRUPT 0x8e /* present, DPL 0, interrupts off */

#define VECTOR_NMI 2
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_MACHINE_CHECK 18

static SEALED struct gate idt[256] = { 0 };

extern const uint8_t interrupt_entries[]; /* entry.S; 16 bytes a vector */

void idt_init(void)
{
	for (unsigned int vector = 0; vector < ARRAY_SIZE(idt); vector++) {
		uint64_t entry = (uint64_t)(interrupt_entries + 16UL * vector);

		idt[vector] = (struct gate){
			.offset_low = (uint16_t)entry,
			.selector = SELECTOR_CODE,
			.type = GATE_INTERRUPT,
			.offset_middle = (uint16_t)(entry >> 16),
			.offset_high = (uint32_t)(entry >> 32),
		};
	}
	idt[VECTOR_NMI].ist = IST_NMI;
	idt[VECTOR_DOUBLE_FAULT].ist = IST_DOUBLE_FAULT;
	idt[VECTOR_MACHINE_CHECK].ist = IST_MACHINE_CHECK;
}

static void fill_gdt(struct percpu *cpu)
{
	uint64_t tss = (uint64_t)&cpu->tss;

	cpu->gdt[0] = 0;
	cpu->gdt[1] = 0x00af9b000000ffff; /* 64-bit code */
	cpu->gdt[2] = 0x00cf93000000ffff; /* data */
	cpu->gdt[3] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 | 0x89ULL << 40 |
		      (tss >> 24 & 0xff) << 56;
	cpu->gdt[4] = tss >> 32;
	cpu->tss.io_map = sizeof(struct tss);
}

void descriptor_load(struct percpu *cpu)
{
	struct descriptor_pointer gdtr = { sizeof(cpu->gdt) - 1, (uint64_t)cpu->gdt };
	struct descriptor_pointer idtr = { sizeof(idt) - 1, (uint64_t)idt };

	fill_gdt(cpu);
	__asm__ volatile("lgdt %0" : : "m"(gdtr));
	__asm__ volatile("pushq %0\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:"
			 :
			 : "i"(SELECTOR_CODE)
			 : "rax", "memory");
	__asm__ volatile("movl %0, %%ss\n\t"
			 "movl %1, %%ds\n\t"
			 "movl %1, %%es\n\t"
			 "movl %1, %%fs\n\t"
			 "movl %1, %%gs"
			 :
			 : "r"(SELECTOR_DATA), "r"(0));
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
	__asm__ volatile("lidt %0" : : "m"(idtr));
	cpu->self = cpu;
	write_msr(MSR_GS_BASE, (uint64_t)cpu);
}
