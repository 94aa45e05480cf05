/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a port of the hypervisor supplies to hv/core. The other direction is at the end: what a port
 * calls. A port is chosen at link time; core has no #ifdef on it.
 *
 * The model: each pCPU runs pcpu_main() on one stack and is never interrupted there. An interrupt
 * is seen at exactly two places: it ends a guest's run (exit reason 1 with its vector in
 * intr_info), or it ends arch_idle(). There are no hypervisor threads; a vCPU that waits is data.
 */
#ifndef HV_ARCH_H
#define HV_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vcpu;
struct vm;

/* Physical vectors of the hypervisor's own. Others are routed to a VM; see hv/core/irq.h. */
#define VECTOR_TIMER 0xefU
#define VECTOR_KICK 0xf0U

/* --- this pCPU --- */
unsigned int arch_pcpu_id(void);
unsigned int arch_nr_pcpus(void);

/* All pCPUs share one invariant TSC. */
static inline uint64_t arch_tsc(void)
{
	return __builtin_ia32_rdtsc();
}
uint32_t arch_tsc_khz(void);

/*
 * Waits for an interrupt; returns at once where one is pending already. Hands each that came to
 * irq_dispatch() before it returns. A kick sent before or during the call is never missed.
 */
void arch_idle(void);

/* One more turn of a loop that waits for another pCPU; turns counts from 0. */
void arch_relax(unsigned int turns);

/* The id of its local APIC. */
uint32_t arch_apic_id(unsigned int pcpu);

/* Raises VECTOR_KICK on a pCPU, this one included. */
void arch_kick(unsigned int pcpu);

/* Raises VECTOR_TIMER on this pCPU once the TSC reaches deadline (0: never). Replaces the last. */
void arch_timer_arm(uint64_t deadline);

/* --- memory --- */
/* Valid for every hpa that an EPT maps and every allocated page. */
void *arch_hpa_to_hva(uint64_t hpa);
/* A zeroed page's hpa; 0: there is none left. Any pCPU. */
uint64_t arch_page_alloc(void);
void arch_page_free(uint64_t hpa);
/*
 * Copies to or from memory that guests change at the same time; any value may come out of that, but
 * no fault.
 */
void arch_copy_guest(void *to, const void *from, size_t length);

/* --- VMs and vCPUs --- */
/* -ENOMEM; vcpu->arch is the port's. arch_vcpu_free() takes also one that was never initialized. */
int arch_vcpu_init(struct vcpu *vcpu);
void arch_vcpu_free(struct vcpu *vcpu);
/* The state after INIT; the first arch_vcpu_enter() starts at the vCPU's start-up address. */
void arch_vcpu_reset(struct vcpu *vcpu);
/*
 * Runs the guest until it exits and fills vcpu->exit, ->rip, ->regs, ->cpl and ->interruptible.
 * vcpu->entry says which event the guest takes first, which is taken from there.
 */
void arch_vcpu_enter(struct vcpu *vcpu);
/* Drops what this pCPU may have cached of the VM's EPT. */
void arch_ept_flush(struct vm *vm);

/* The access to memory that ended in an EPT violation or APIC access. */
struct mmio_access {
	bool write;
	uint8_t size;	/* 1, 2, 4 or 8 bytes */
	uint64_t value; /* of a write */
};
/* Decodes the instruction at vcpu->rip. -EINVAL: it is none that can be emulated. */
int arch_mmio_decode(struct vcpu *vcpu, struct mmio_access *access);
/*
 * Ends the instruction, but for RIP: gives it the value read, or ends a write. What is to be
 * skipped is vcpu->exit.instruction_length, of an instruction that repeats itself 0.
 */
void arch_mmio_complete(struct vcpu *vcpu, const struct mmio_access *access, uint64_t value);

/* Do what an exit for a control register, or for XSETBV, asks for. -EINVAL: it is a #GP. */
int arch_cr_access(struct vcpu *vcpu);
int arch_xsetbv(struct vcpu *vcpu);

/* --- what the Service VM sees of the machine --- */
void arch_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t regs[4]);
/* -ENODEV: there is no such register or port, or it is not for guests. */
int arch_msr_read(uint32_t msr, uint64_t *value);
int arch_msr_write(uint32_t msr, uint64_t value);
int arch_port_read(uint16_t port, unsigned int size, uint32_t *value);
int arch_port_write(uint16_t port, unsigned int size, uint32_t value);
/* The same for memory of the machine that its EPT leaves out. */
int arch_mmio_read(uint64_t hpa, unsigned int size, uint64_t *value);
int arch_mmio_write(uint64_t hpa, unsigned int size, uint64_t value);
/* A guest has acknowledged an interrupt; a level-triggered one of a device may come again. */
void arch_eoi(struct vcpu *vcpu, uint8_t vector);

/* --- console and end --- */
void arch_console_write(const char *text, size_t length);
/* Stops the machine after the message went to console and log. */
_Noreturn void arch_panic(void);

/*
 * What a port calls: hv_init() (hv/core/hv.h) once on the boot pCPU, pcpu_main() on each pCPU,
 * irq_dispatch() from arch_idle().
 */
#endif
