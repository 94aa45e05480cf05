// SPDX-License-Identifier: BSD-3-Clause
/* hv/guests/guest.h with real instructions. Runs in the guest. */
#include "hv/arch/x86/payload/lib.h"

#include "formats/abi/exit_reasons.h"
#include "hv/arch/x86/own_msrs.h"
#include "hv/core/base.h"
#include "hv/guests/boot.h"

#define APIC_PAGE 0xfee00000ULL

static struct payload_cpu *self(void)
{
	struct payload_cpu *cpu;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(cpu) : "i"(offsetof(struct payload_cpu, self)));
	return cpu;
}

/* An instruction that exits is counted on both sides. */
static void begin(uint32_t reason)
{
	self()->counts.begun[reason]++;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void done(uint32_t reason)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	self()->counts.done[reason]++;
}

/* One that may fault as well: what comes next is at label 1. */
#define WITH_FAULT(instruction)                            \
	"movq $1f, %%gs:%c[fixup]\n\t"                     \
	"movl $0, %%gs:%c[fault]\n\t" instruction "\n1:\t" \
	"movq $0, %%gs:%c[fixup]"
#define FAULT_PLACES                                                                               \
	[fixup] "i"(offsetof(struct payload_cpu, fixup)), [fault] "i"(offsetof(struct payload_cpu, \
									       fault))

unsigned int guest_vcpu_id(void)
{
	return self()->id;
}

uint64_t guest_rdtsc(void)
{
	return __builtin_ia32_rdtsc();
}

void guest_spin(uint64_t ticks)
{
	uint64_t start = guest_rdtsc();

	while (guest_rdtsc() - start < ticks)
		__builtin_ia32_pause();
}

struct guest_cpuid_regs guest_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct guest_cpuid_regs r;

	begin(EXIT_CPUID);
	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	done(EXIT_CPUID);
	return r;
}

bool guest_rdmsr(uint32_t msr, uint64_t *value)
{
	uint32_t low = 0, high = 0;

	if (!msr_is_own(msr))
		begin(EXIT_RDMSR);
	__asm__ volatile(WITH_FAULT("rdmsr")
			 : "+a"(low), "+d"(high)
			 : "c"(msr), FAULT_PLACES
			 : "memory");
	if (!msr_is_own(msr))
		done(EXIT_RDMSR);
	*value = (uint64_t)high << 32 | low;
	return !self()->fault;
}

bool guest_wrmsr(uint32_t msr, uint64_t value)
{
	if (!msr_is_own(msr))
		begin(EXIT_WRMSR);
	__asm__ volatile(WITH_FAULT("wrmsr")
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)),
			   FAULT_PLACES
			 : "memory");
	if (!msr_is_own(msr))
		done(EXIT_WRMSR);
	return !self()->fault;
}

uint32_t guest_in(uint16_t port, unsigned int size)
{
	uint32_t value = 0;

	begin(EXIT_IO_INSTRUCTION);
	switch (size) {
	case 1:
		__asm__ volatile("inb %1, %b0" : "+a"(value) : "d"(port));
		break;
	case 2:
		__asm__ volatile("inw %1, %w0" : "+a"(value) : "d"(port));
		break;
	default:
		__asm__ volatile("inl %1, %0" : "=a"(value) : "d"(port));
	}
	done(EXIT_IO_INSTRUCTION);
	return value;
}

void guest_out(uint16_t port, unsigned int size, uint32_t value)
{
	begin(EXIT_IO_INSTRUCTION);
	switch (size) {
	case 1:
		__asm__ volatile("outb %b0, %1" : : "a"(value), "d"(port) : "memory");
		break;
	case 2:
		__asm__ volatile("outw %w0, %1" : : "a"(value), "d"(port) : "memory");
		break;
	default:
		__asm__ volatile("outl %0, %1" : : "a"(value), "d"(port) : "memory");
	}
	done(EXIT_IO_INSTRUCTION);
}

int64_t guest_vmcall_regs(uint64_t id, uint64_t rdi, uint64_t rsi, unsigned int *fault)
{
	register uint64_t r8 __asm__("r8") = id;
	int64_t result = (int64_t)id;

	begin(EXIT_VMCALL);
	__asm__ volatile(WITH_FAULT("vmcall")
			 : "+a"(result)
			 : "D"(rdi), "S"(rsi), "r"(r8), FAULT_PLACES
			 : "memory");
	done(EXIT_VMCALL);
	*fault = self()->fault;
	return result;
}

int64_t guest_vmcall(uint64_t id, uint64_t rdi, uint64_t rsi)
{
	unsigned int fault;

	return guest_vmcall_regs(id, rdi, rsi, &fault);
}

void guest_pause(void)
{
	__builtin_ia32_pause();
}

void guest_wbinvd(void)
{
	begin(EXIT_WBINVD);
	__asm__ volatile("wbinvd" : : : "memory");
	done(EXIT_WBINVD);
}

/* Those that exit here; RDTSCP does not, but it is asked for. */
unsigned int guest_raw_exit(uint32_t reason)
{
	uint64_t operand[2] = { 0, 0 };
	uint32_t low, high, aux;

	switch (reason) {
	case EXIT_WBINVD:
		guest_wbinvd();
		return 0;
	case EXIT_RDTSCP:
		__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux));
		return 0;
#define VMX_INSTRUCTION(reason, text)                          \
	case reason:                                           \
		begin(reason);                                 \
		__asm__ volatile(WITH_FAULT(text)              \
				 :                             \
				 : "r"(&operand), FAULT_PLACES \
				 : "memory", "cc");            \
		done(reason);                                  \
		return self()->fault
		VMX_INSTRUCTION(EXIT_VMXOFF, "vmxoff");
		VMX_INSTRUCTION(EXIT_VMXON, "vmxon (%0)");
		VMX_INSTRUCTION(EXIT_VMCLEAR, "vmclear (%0)");
		VMX_INSTRUCTION(EXIT_VMPTRLD, "vmptrld (%0)");
		VMX_INSTRUCTION(EXIT_VMPTRST, "vmptrst (%0)");
		VMX_INSTRUCTION(EXIT_VMLAUNCH, "vmlaunch");
		VMX_INSTRUCTION(EXIT_VMRESUME, "vmresume");
		VMX_INSTRUCTION(EXIT_VMREAD, "vmread %0, %0");
		VMX_INSTRUCTION(EXIT_VMWRITE, "vmwrite %0, %0");
		VMX_INSTRUCTION(EXIT_INVD, "invd");
	default:
		return 6;
	}
}

/* --- memory: behind a User VM's RAM nothing is mapped --- */
static bool exits(uint64_t gpa)
{
	return self()->ram_end && gpa >= self()->ram_end;
}

static void *pointer(uint64_t gpa)
{
	return (void *)gpa;
}

uint64_t guest_read(uint64_t gpa, unsigned int size)
{
	uint64_t value;

	if (exits(gpa))
		begin(EXIT_EPT_VIOLATION);
	switch (size) {
	case 1:
		value = *(volatile uint8_t *)pointer(gpa);
		break;
	case 2:
		value = *(volatile uint16_t *)pointer(gpa);
		break;
	case 4:
		value = *(volatile uint32_t *)pointer(gpa);
		break;
	default:
		value = *(volatile uint64_t *)pointer(gpa);
	}
	if (exits(gpa))
		done(EXIT_EPT_VIOLATION);
	return value;
}

void guest_write(uint64_t gpa, unsigned int size, uint64_t value)
{
	if (exits(gpa))
		begin(EXIT_EPT_VIOLATION);
	switch (size) {
	case 1:
		*(volatile uint8_t *)pointer(gpa) = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)pointer(gpa) = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)pointer(gpa) = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)pointer(gpa) = value;
	}
	if (exits(gpa))
		done(EXIT_EPT_VIOLATION);
}

void guest_copy_from(void *to, uint64_t gpa, size_t length)
{
	memcpy(to, pointer(gpa), length);
}

void guest_copy_to(uint64_t gpa, const void *from, size_t length)
{
	memcpy(pointer(gpa), from, length);
}

uint32_t guest_apic_read(uint32_t offset)
{
	uint32_t value;

	begin(EXIT_APIC_ACCESS);
	value = *(volatile uint32_t *)pointer(APIC_PAGE + offset);
	done(EXIT_APIC_ACCESS);
	return value;
}

void guest_apic_write(uint32_t offset, uint32_t value)
{
	begin(EXIT_APIC_ACCESS);
	*(volatile uint32_t *)pointer(APIC_PAGE + offset) = value;
	done(EXIT_APIC_ACCESS);
}

/* --- events --- */
void guest_set_handler(uint8_t vector, guest_handler *handler, void *argument)
{
	self()->handlers[vector].argument = argument;
	self()->handlers[vector].handler = handler;
}

static void divide_by_zero(void)
{
	__asm__ volatile(WITH_FAULT("divl %[zero]")
			 :
			 : "a"(1), "d"(0), [zero] "r"(0), FAULT_PLACES
			 : "memory", "cc");
}

/* #DE, or #UD for any other: they do not exit. */
void guest_fault(uint8_t vector, bool has_error_code, uint32_t error_code)
{
	(void)has_error_code;
	(void)error_code;
	if (!self()->handlers[vector].handler)
		__asm__ volatile("movq $0, %%gs:%c[fixup]\n\tud2" : : FAULT_PLACES);
	if (vector == 0)
		divide_by_zero();
	else
		__asm__ volatile(WITH_FAULT("ud2") : : FAULT_PLACES : "memory");
}

void guest_cli(void)
{
	__asm__ volatile("cli" : : : "memory");
}

void guest_sti(void)
{
	__asm__ volatile("sti" : : : "memory");
}

void guest_hlt(void)
{
	begin(EXIT_HLT);
	__asm__ volatile("hlt" : : : "memory");
	done(EXIT_HLT);
}

void guest_wait(void)
{
	begin(EXIT_HLT);
	__asm__ volatile("sti; hlt; cli" : : : "memory");
	done(EXIT_HLT);
}
