// SPDX-License-Identifier: BSD-3-Clause
/*
 * Guests as coroutines: leaving and entering them, events on their stack, and the instructions of
 * hv/guests/guest.h. All of it but the arch_ functions runs on a guest's stack.
 */
#include <stdlib.h>
#include <string.h>

#include "hv/arch/host/port.h"
#include "hv/core/vm.h"

#define STACK_SIZE (256U << 10)
#define FENCE() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define RIP() ((uint64_t)(uintptr_t)__builtin_return_address(0))

/* Qualification of EPT violations; Intel SDM 3, 28.2.1. */
#define VIOLATION_READ 1U
#define VIOLATION_WRITE 2U
#define VIOLATION_RIGHTS_SHIFT 3
#define VIOLATION_LINEAR (3U << 7)

/* What an instruction has left behind. */
struct outcome {
	struct acrn_gp_regs regs;
	bool done;	    /* it is behind the guest */
	unsigned int fault; /* the exception it raised, or 0 */
};

static struct vcpu *this_vcpu(void)
{
	return host_this->vcpu;
}

static void leave_guest_mode(void)
{
	host_this->guest_mode = false;
	FENCE();
}

static void note_interruptible(struct vcpu *vcpu)
{
	vcpu->interruptible = vcpu->rflags & RFLAGS_IF;
}

/* To the hypervisor, and back when the guest is entered again. */
static void switch_out(struct vcpu *vcpu)
{
	coroutine_switch(&vcpu->arch->coroutine, &host_this->main);
}

static void resume(struct vcpu *vcpu);

static void exit_with(struct vcpu *vcpu, const struct vm_exit *exit)
{
	vcpu->exit = *exit;
	switch_out(vcpu);
}

static void triple_fault(struct vcpu *vcpu)
{
	const struct vm_exit exit = { .reason = EXIT_TRIPLE_FAULT };

	/* Nothing comes after it. */
	for (;;)
		exit_with(vcpu, &exit);
}

/* Calls the guest's handler as an interrupt gate would; then the old interrupt flag is back. */
static void call_handler(struct vcpu *vcpu, uint8_t vector)
{
	uint64_t rflags = vcpu->rflags;

	if (!vcpu->arch->handlers[vector].handler)
		triple_fault(vcpu);
	vcpu->rflags &= ~(uint64_t)RFLAGS_IF;
	vcpu->arch->counts.handled[vector]++;
	resume(vcpu);
	vcpu->arch->handlers[vector].handler(vector, vcpu->arch->handlers[vector].argument);
	leave_guest_mode();
	vcpu->rflags = rflags;
}

/* Takes the event of the entry. The exception it was, or 0. */
static unsigned int take_event(struct vcpu *vcpu)
{
	uint32_t info = vcpu->entry.intr_info;
	uint8_t vector = info & INTR_INFO_VECTOR;

	if (!(info & INTR_INFO_VALID))
		return 0;
	vcpu->entry.intr_info = 0;
	if ((info & INTR_INFO_TYPE) != INTR_INFO_TYPE_EXCEPTION) {
		call_handler(vcpu, vector);
		return 0;
	}
	vcpu->arch->counts.faults[vector & 31U]++;
	/* Without a handler the one who raised it learns of it. */
	if (vcpu->arch->handlers[vector].handler)
		call_handler(vcpu, vector);
	return vector;
}

/* Goes on in guest mode, after all events and exits that come before the next instruction. */
static void resume(struct vcpu *vcpu)
{
	struct host_pcpu *pcpu = host_this;

	for (;;) {
		struct vm_exit exit = { .reason = EXIT_INTERRUPT_WINDOW };
		int vector = -1;

		take_event(vcpu);
		pcpu->guest_mode = true;
		FENCE();
		if (!host_irq_pending(pcpu) && !(vcpu->entry.window && (vcpu->rflags & RFLAGS_IF)))
			return;
		leave_guest_mode();
		vector = host_irq_take(pcpu);
		if (vector >= 0) {
			exit.reason = EXIT_EXTERNAL_INTERRUPT;
			exit.intr_info = INTR_INFO_VALID | (uint32_t)vector;
		} else if (!vcpu->entry.window || !(vcpu->rflags & RFLAGS_IF)) {
			continue;
		}
		note_interruptible(vcpu);
		exit_with(vcpu, &exit);
	}
}

void host_guest_interrupted(struct host_pcpu *pcpu, uint64_t rip)
{
	struct vcpu *vcpu = pcpu->vcpu;
	uint64_t old = vcpu->rip;

	leave_guest_mode();
	vcpu->rip = rip;
	resume(vcpu);
	vcpu->rip = old;
}

/*
 * Leaves for an instruction's exit. The registers were set, by whoever has called
 * leave_guest_mode() before. Other exits may come before this returns.
 */
static struct outcome instruction(uint64_t rip, const struct vm_exit *exit)
{
	struct vcpu *vcpu = this_vcpu();
	struct outcome outcome;

	vcpu->rip = rip;
	note_interruptible(vcpu);
	exit_with(vcpu, exit);
	outcome.regs = vcpu->regs;
	outcome.done = vcpu->rip != rip || !exit->instruction_length;
	outcome.fault = take_event(vcpu);
	if (!outcome.fault && outcome.done && exit->reason < EXIT_REASONS)
		vcpu->arch->counts.exits[exit->reason]++;
	resume(vcpu);
	return outcome;
}

/* --- what core asks for --- */
static void guest_main(void *argument)
{
	struct vcpu *vcpu = argument;

	coroutine_started();
	resume(vcpu);
	vcpu->arch->entry(vcpu->arch->boot_gpa);
	guest_cli();
	for (;;)
		guest_hlt();
}

int arch_vcpu_init(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = calloc(1, sizeof(*arch));
	const struct guest_payload *payload = host_find_payload(vcpu->vm->name);

	if (!arch)
		return -HV_ENOMEM;
	vcpu->arch = arch;
	if (vm_is_service(vcpu->vm)) {
		arch->boot_gpa = host_service_ram();
	} else {
		arch->boot_gpa = USER_BOOT_GPA;
	}
	arch->entry = payload ? payload->entry : hlt_entry;
	return coroutine_alloc(&arch->coroutine, STACK_SIZE) ? -HV_ENOMEM : 0;
}

void arch_vcpu_free(struct vcpu *vcpu)
{
	if (!vcpu->arch)
		return;
	coroutine_free(&vcpu->arch->coroutine);
	free(vcpu->arch);
	vcpu->arch = NULL;
}

void arch_vcpu_reset(struct vcpu *vcpu)
{
	memset(vcpu->arch->handlers, 0, sizeof(vcpu->arch->handlers));
	coroutine_reset(&vcpu->arch->coroutine, guest_main, vcpu);
}

void arch_vcpu_enter(struct vcpu *vcpu)
{
	struct host_pcpu *pcpu = host_this;

	pcpu->vcpu = vcpu;
	coroutine_switch(&pcpu->main, &vcpu->arch->coroutine);
}

/* Guests walk the EPT anew at each access and cannot be interrupted between walk and access. */
void arch_ept_flush(struct vm *vm)
{
	(void)vm;
}

int arch_mmio_decode(struct vcpu *vcpu, struct mmio_access *access)
{
	*access = vcpu->arch->access;
	return 0;
}

void arch_mmio_complete(struct vcpu *vcpu, const struct mmio_access *access, uint64_t value)
{
	/* The guest's side of the access takes it from there. */
	if (!access->write)
		vcpu->regs.rax = value;
}

/* Guests here have neither. */
int arch_cr_access(struct vcpu *vcpu)
{
	(void)vcpu;
	return -HV_EINVAL;
}

int arch_xsetbv(struct vcpu *vcpu)
{
	(void)vcpu;
	return -HV_EINVAL;
}

const struct host_guest_counts *host_guest_counts(unsigned int vm, unsigned int vcpu)
{
	if (vm >= MAX_VMS || vcpu >= vms[vm].nr_vcpus)
		return NULL;
	return &vms[vm].vcpus[vcpu].arch->counts;
}

/* --- instructions --- */
unsigned int guest_vcpu_id(void)
{
	return this_vcpu()->id;
}

uint64_t guest_rdtsc(void)
{
	return arch_tsc();
}

/* A place where nothing happens but interrupts, if it is for us to look for them. */
static void poll_interrupts(void)
{
	if (!SOFT_INTERRUPTS || !host_irq_pending(host_this))
		return;
	leave_guest_mode();
	resume(this_vcpu());
}

void guest_spin(uint64_t ticks)
{
	uint64_t start = arch_tsc();

	while (arch_tsc() - start < ticks) {
		poll_interrupts();
		__builtin_ia32_pause();
	}
}

struct guest_cpuid_regs guest_cpuid(uint32_t leaf, uint32_t subleaf)
{
	const struct vm_exit exit = { .reason = EXIT_CPUID, .instruction_length = 2 };
	struct outcome out;

	leave_guest_mode();
	this_vcpu()->regs.rax = leaf;
	this_vcpu()->regs.rcx = subleaf;
	out = instruction(RIP(), &exit);
	return (struct guest_cpuid_regs){ (uint32_t)out.regs.rax, (uint32_t)out.regs.rbx,
					  (uint32_t)out.regs.rcx, (uint32_t)out.regs.rdx };
}

bool guest_rdmsr(uint32_t msr, uint64_t *value)
{
	const struct vm_exit exit = { .reason = EXIT_RDMSR, .instruction_length = 2 };
	struct outcome out;

	leave_guest_mode();
	this_vcpu()->regs.rcx = msr;
	out = instruction(RIP(), &exit);
	*value = (uint32_t)out.regs.rax | out.regs.rdx << 32;
	return !out.fault;
}

bool guest_wrmsr(uint32_t msr, uint64_t value)
{
	const struct vm_exit exit = { .reason = EXIT_WRMSR, .instruction_length = 2 };

	leave_guest_mode();
	this_vcpu()->regs.rcx = msr;
	this_vcpu()->regs.rax = (uint32_t)value;
	this_vcpu()->regs.rdx = value >> 32;
	return !instruction(RIP(), &exit).fault;
}

static uint64_t port_access(uint64_t rip, uint16_t port, unsigned int size, bool in, uint64_t value)
{
	const struct vm_exit exit = {
		.reason = EXIT_IO_INSTRUCTION,
		.instruction_length = 1,
		.qualification = (size - 1) | (in ? 1U << 3 : 0) | (uint64_t)port << 16,
	};

	leave_guest_mode();
	this_vcpu()->regs.rax = value;
	return instruction(rip, &exit).regs.rax;
}

uint32_t guest_in(uint16_t port, unsigned int size)
{
	return (uint32_t)port_access(RIP(), port, size, true, 0);
}

void guest_out(uint16_t port, unsigned int size, uint32_t value)
{
	port_access(RIP(), port, size, false, value);
}

static int64_t vmcall(uint64_t rip, uint8_t cpl, uint64_t id, uint64_t rdi, uint64_t rsi,
		      unsigned int *fault)
{
	const struct vm_exit exit = { .reason = EXIT_VMCALL, .instruction_length = 3 };
	struct vcpu *vcpu = this_vcpu();
	struct outcome out;

	leave_guest_mode();
	vcpu->regs.rax = id;
	vcpu->regs.r8 = id;
	vcpu->regs.rdi = rdi;
	vcpu->regs.rsi = rsi;
	vcpu->cpl = cpl;
	out = instruction(rip, &exit);
	vcpu->cpl = 0;
	*fault = out.fault;
	return (int64_t)out.regs.rax;
}

int64_t guest_vmcall_regs(uint64_t id, uint64_t rdi, uint64_t rsi, unsigned int *fault)
{
	return vmcall(RIP(), 0, id, rdi, rsi, fault);
}

int64_t guest_vmcall(uint64_t id, uint64_t rdi, uint64_t rsi)
{
	unsigned int fault;

	return vmcall(RIP(), 0, id, rdi, rsi, &fault);
}

int64_t guest_vmcall_user(uint64_t id, uint64_t rdi, uint64_t rsi, unsigned int *fault)
{
	return vmcall(RIP(), 3, id, rdi, rsi, fault);
}

static unsigned int plain_exit(uint64_t rip, uint32_t reason, uint32_t length)
{
	const struct vm_exit exit = { .reason = reason, .instruction_length = length };

	leave_guest_mode();
	return instruction(rip, &exit).fault;
}

void guest_pause(void)
{
	plain_exit(RIP(), EXIT_PAUSE, 2);
}

void guest_wbinvd(void)
{
	plain_exit(RIP(), EXIT_WBINVD, 2);
}

unsigned int guest_raw_exit(uint32_t reason)
{
	return plain_exit(RIP(), reason, 3);
}

void guest_hlt(void)
{
	plain_exit(RIP(), EXIT_HLT, 1);
}

void guest_cli(void)
{
	/* One instruction: an interrupt comes before it or after it. */
	leave_guest_mode();
	this_vcpu()->rflags &= ~(uint64_t)RFLAGS_IF;
	resume(this_vcpu());
}

void guest_sti(void)
{
	leave_guest_mode();
	this_vcpu()->rflags |= RFLAGS_IF;
	resume(this_vcpu());
}

void guest_wait(void)
{
	leave_guest_mode();
	this_vcpu()->rflags |= RFLAGS_IF;
	plain_exit(RIP(), EXIT_HLT, 1);
	guest_cli();
}

/* --- memory --- */
static void *window(struct vcpu *vcpu, uint64_t gpa, uint32_t rights, struct ept_mapping *mapping)
{
	mapping->flags = 0;
	if (ept_walk(&vcpu->vm->ept, gpa, mapping) || (mapping->flags & rights) != rights)
		return NULL;
	return arch_hpa_to_hva(mapping->hpa);
}

/* The EPT violation of one access; whether it was emulated, and the value read. */
static bool violation(uint64_t rip, uint64_t gpa, uint32_t rights, uint32_t present,
		      uint64_t *value)
{
	struct vcpu *vcpu = this_vcpu();
	const struct vm_exit exit = {
		.reason = EXIT_EPT_VIOLATION,
		.instruction_length = 3,
		.qualification = (rights & EPT_WRITE ? VIOLATION_WRITE : VIOLATION_READ) |
				 (uint64_t)(present & EPT_RWX) << VIOLATION_RIGHTS_SHIFT |
				 VIOLATION_LINEAR,
		.gpa = gpa,
	};
	struct outcome out;

	vcpu->arch->access.value = *value;
	out = instruction(rip, &exit);
	*value = out.regs.rax;
	return out.done || out.fault;
}

static uint64_t load(const void *from, unsigned int size)
{
	switch (size) {
	case 1:
		return __atomic_load_n((const uint8_t *)from, __ATOMIC_ACQUIRE);
	case 2:
		return __atomic_load_n((const uint16_t *)from, __ATOMIC_ACQUIRE);
	case 4:
		return __atomic_load_n((const uint32_t *)from, __ATOMIC_ACQUIRE);
	default:
		return __atomic_load_n((const uint64_t *)from, __ATOMIC_ACQUIRE);
	}
}

static void store(void *to, unsigned int size, uint64_t value)
{
	switch (size) {
	case 1:
		__atomic_store_n((uint8_t *)to, (uint8_t)value, __ATOMIC_RELEASE);
		break;
	case 2:
		__atomic_store_n((uint16_t *)to, (uint16_t)value, __ATOMIC_RELEASE);
		break;
	case 4:
		__atomic_store_n((uint32_t *)to, (uint32_t)value, __ATOMIC_RELEASE);
		break;
	default:
		__atomic_store_n((uint64_t *)to, value, __ATOMIC_RELEASE);
	}
}

/* x86's accesses are acquires and releases. Walk and access are one to interrupts. */
static uint64_t memory_access(uint64_t rip, uint64_t gpa, unsigned int size, bool write,
			      uint64_t value)
{
	struct vcpu *vcpu = this_vcpu();
	uint32_t rights = write ? EPT_WRITE : EPT_READ;
	struct ept_mapping mapping;
	void *memory;

	for (;;) {
		leave_guest_mode();
		memory = window(vcpu, gpa, rights, &mapping);
		if (memory)
			break;
		vcpu->arch->access = (struct mmio_access){ .write = write, .size = (uint8_t)size };
		if (violation(rip, gpa, rights, mapping.flags, &value))
			return value;
	}
	if (write)
		store(memory, size, value);
	else
		value = load(memory, size);
	resume(vcpu);
	return value;
}

uint64_t guest_read(uint64_t gpa, unsigned int size)
{
	uint64_t value = memory_access(RIP(), gpa, size, false, 0);

	return size == 8 ? value : value & ((1ULL << 8 * size) - 1);
}

void guest_write(uint64_t gpa, unsigned int size, uint64_t value)
{
	memory_access(RIP(), gpa, size, true, value);
}

/* The widest aligned access that is left. */
static unsigned int piece(uint64_t gpa, size_t length)
{
	return !(gpa & 7U) && length >= 8 ? 8 : 1;
}

void guest_copy_from(void *to, uint64_t gpa, size_t length)
{
	for (size_t at = 0; at < length;) {
		unsigned int size = piece(gpa + at, length - at);
		uint64_t value = memory_access(RIP(), gpa + at, size, false, 0);

		memcpy((uint8_t *)to + at, &value, size);
		at += size;
	}
}

void guest_copy_to(uint64_t gpa, const void *from, size_t length)
{
	for (size_t at = 0; at < length;) {
		unsigned int size = piece(gpa + at, length - at);
		uint64_t value = 0;

		memcpy(&value, (const uint8_t *)from + at, size);
		memory_access(RIP(), gpa + at, size, true, value);
		at += size;
	}
}

/* --- local APIC --- */
uint32_t guest_apic_read(uint32_t offset)
{
	const struct vm_exit exit = {
		.reason = EXIT_APIC_ACCESS,
		.instruction_length = 3,
		.qualification = offset,
	};

	/* The hardware reads the page but for what counts. */
	if (offset != APIC_TIMER_CURRENT)
		return __atomic_load_n(&this_vcpu()->vlapic.page[offset / 4], __ATOMIC_RELAXED);
	leave_guest_mode();
	this_vcpu()->arch->access = (struct mmio_access){ .size = 4 };
	return (uint32_t)instruction(RIP(), &exit).regs.rax;
}

void guest_apic_write(uint32_t offset, uint32_t value)
{
	/* The write is done; the exit comes behind it. */
	const struct vm_exit exit = { .reason = EXIT_APIC_WRITE, .qualification = offset };

	leave_guest_mode();
	__atomic_store_n(&this_vcpu()->vlapic.page[offset / 4], value, __ATOMIC_RELAXED);
	instruction(RIP(), &exit);
}

/* --- exceptions --- */
void guest_set_handler(uint8_t vector, guest_handler *handler, void *argument)
{
	this_vcpu()->arch->handlers[vector].argument = argument;
	this_vcpu()->arch->handlers[vector].handler = handler;
}

void guest_fault(uint8_t vector, bool has_error_code, uint32_t error_code)
{
	const struct vm_exit exit = {
		.reason = EXIT_EXCEPTION_OR_NMI,
		.intr_info = INTR_INFO_VALID | INTR_INFO_TYPE_EXCEPTION | vector |
			     (has_error_code ? INTR_INFO_ERROR_CODE : 0),
		.error_code = error_code,
	};
	struct vcpu *vcpu = this_vcpu();

	leave_guest_mode();
	vcpu->rip = RIP();
	note_interruptible(vcpu);
	vcpu->arch->counts.exits[EXIT_EXCEPTION_OR_NMI]++;
	exit_with(vcpu, &exit);
	if (!vcpu->arch->handlers[vector].handler)
		triple_fault(vcpu);
	resume(vcpu);
}
