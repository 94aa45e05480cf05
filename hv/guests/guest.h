/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a guest payload has: one function an instruction or a kind of access. A port implements
 * them; a payload knows nothing else of it. A payload has no variables of its own outside of its
 * stack and its memory: several VMs may run it.
 */
#ifndef HV_GUESTS_GUEST_H
#define HV_GUESTS_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

/* This vCPU's number, from 0. */
unsigned int guest_vcpu_id(void);
uint64_t guest_rdtsc(void);
/* Works for that many TSC ticks, in which interrupts are taken. */
void guest_spin(uint64_t ticks);

struct guest_cpuid_regs guest_cpuid(uint32_t leaf, uint32_t subleaf);
/* false: #GP was raised. */
bool guest_rdmsr(uint32_t msr, uint64_t *value);
bool guest_wrmsr(uint32_t msr, uint64_t value);
/* size 1, 2 or 4 bytes */
uint32_t guest_in(uint16_t port, unsigned int size);
void guest_out(uint16_t port, unsigned int size, uint32_t value);
/* rdi, rsi: the parameters. fault: 0, or the vector of the exception it raised. */
int64_t guest_vmcall_regs(uint64_t id, uint64_t rdi, uint64_t rsi, unsigned int *fault);
int64_t guest_vmcall(uint64_t id, uint64_t rdi, uint64_t rsi);
/* The same from CPL 3. */
int64_t guest_vmcall_user(uint64_t id, uint64_t rdi, uint64_t rsi, unsigned int *fault);
void guest_pause(void);
void guest_wbinvd(void);
/* An instruction with an exit reason of its own, as raw as that. 0, or the exception it raised. */
unsigned int guest_raw_exit(uint32_t reason);

/* Guest-physical memory, 1, 2, 4 or 8 bytes that do not cross a page. */
uint64_t guest_read(uint64_t gpa, unsigned int size);
void guest_write(uint64_t gpa, unsigned int size, uint64_t value);
void guest_copy_from(void *to, uint64_t gpa, size_t length);
void guest_copy_to(uint64_t gpa, const void *from, size_t length);

/* Registers of the local APIC at its page. */
uint32_t guest_apic_read(uint32_t offset);
void guest_apic_write(uint32_t offset, uint32_t value);

typedef void guest_handler(uint8_t vector, void *argument);
/* Calls handler for an interrupt or exception; it has to write EOI for an interrupt. */
void guest_set_handler(uint8_t vector, guest_handler *handler, void *argument);
/* Raises an exception here. Without a handler this is a triple fault. */
void guest_fault(uint8_t vector, bool has_error_code, uint32_t error_code);

void guest_cli(void);
void guest_sti(void);
/* HLT with interrupts as they are. */
void guest_hlt(void);
/* STI and HLT with nothing in between; returns with interrupts off. */
void guest_wait(void);

/* --- what there is to run --- */
struct guest_payload {
	const char *name;
	const char *help;
	void (*entry)(uint64_t boot_gpa); /* of struct guest_boot or service_boot */
};

extern const struct guest_payload guest_payloads[];
extern const unsigned int nr_guest_payloads;

void service_vm_entry(uint64_t boot_gpa);
void rt_entry(uint64_t boot_gpa);
void mix_entry(uint64_t boot_gpa);
void cpuid_entry(uint64_t boot_gpa);
void hlt_entry(uint64_t boot_gpa);
void hostile_entry(uint64_t boot_gpa);
void busy_entry(uint64_t boot_gpa);

#endif
