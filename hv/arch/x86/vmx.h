/* SPDX-License-Identifier: BSD-3-Clause */
/* VMX: what a pCPU offers, and what the port keeps for each vCPU. */
#ifndef HV_X86_VMX_H
#define HV_X86_VMX_H

#include "formats/abi/vm.h"
#include "hv/arch/x86/vmcs.h"
#include "hv/core/base.h"
#include "hv/core/decode.h"

struct vcpu;

#define EXIT_COUNTERS 80U

/* MSRs that a guest owns while it is on the pCPU, and nobody needs in between. */
enum { OWN_STAR, OWN_LSTAR, OWN_CSTAR, OWN_FMASK, OWN_KERNEL_GS_BASE, OWN_TSC_AUX, OWN_MSRS };

/*
 * State that the VMCS has not, and that stays in the pCPU until another vCPU runs there; see
 * own_state.c.
 */
struct own_state {
	uint64_t fpu_hpa; /* XSAVE area, of fpu_pages pages */
	uint64_t xcr0;
	uint64_t msrs[OWN_MSRS];
	uint64_t dr[4], dr6, cr2;
};

struct arch_vcpu {
	uint64_t vmcs_hpa;
	bool launched;
	bool must_reset;      /* before the next entry, on the vCPU's own pCPU */
	uint64_t rip, rflags; /* as the VMCS has them */
	uint64_t rsp;
	bool window;	       /* interrupt-window exiting is on */
	uint32_t entry_length; /* of a software interrupt that is put back */
	struct own_state state;
	struct mmio_instruction instruction; /* whose access to memory is under way */
	uint64_t exits[EXIT_COUNTERS];
};

/* Control words that this machine takes, with all that is needed; vmx_init() fills it. */
struct vmx_controls {
	uint32_t pin, primary, secondary, exit, entry;
	uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	uint32_t revision;
	unsigned int timer_shift; /* the preemption timer counts TSC >> this */
	uint64_t msr_bitmap, apic_access_page, io_bitmap; /* hpa; shared by all */
	uint64_t open_io_bitmap; /* of who owns the devices: COM1 exits, nothing else does */
};
extern struct vmx_controls vmx;

/* Reads the capabilities; boot pCPU, before paging_seal(). Panics where something is missing. */
void vmx_init(void);
/* Turns VMX on; each pCPU. */
void vmx_enable(void);

static inline uint64_t vmcs_read(enum vmcs_field field)
{
	uint64_t value;

	__asm__ volatile("vmread %1, %0" : "=r"(value) : "r"((uint64_t)field) : "cc");
	return value;
}

/* A refusal is a bug of ours: it shows at the entry. */
static inline void vmcs_write(enum vmcs_field field, uint64_t value)
{
	__asm__ volatile("vmwrite %1, %0" : : "r"((uint64_t)field), "r"(value) : "cc");
}

/* Makes the vCPU's VMCS this pCPU's current one. */
void vmcs_load(struct vcpu *vcpu);
/* Controls and host state, and the guest state after INIT. The VMCS is the current one. */
void vmcs_reset(struct vcpu *vcpu);
/* Guest state for the port's own ways to start; after the above. */
void vmcs_start_in_long_mode(struct vcpu *vcpu, uint64_t cr3, uint64_t rip, uint64_t rsp);

/* Logs all of the current VMCS, and what is wrong with it. */
void vmcs_dump(const struct vcpu *vcpu);

/* vmx_entry.S. 0: the guest ran and has exited; else VMLAUNCH or VMRESUME was refused. */
int vmx_run(struct acrn_gp_regs *regs, bool launched);

/* --- own_state.c --- */
void own_state_init(void);
int own_state_alloc(struct own_state *state);
void own_state_free(struct own_state *state);
void own_state_reset(struct own_state *state);
/* The vCPU's state is in this pCPU from now on. */
void own_state_load(struct vcpu *vcpu);
/* Takes it out, if it is there. */
void own_state_drop(struct vcpu *vcpu);
/* False: no value that XSETBV takes. */
bool own_state_set_xcr0(struct vcpu *vcpu, uint64_t value);

/* --- guest_walk.c --- */
/* Reads length bytes at a linear address of the guest's. -HV_EFAULT. */
int guest_read_linear(struct vcpu *vcpu, uint64_t linear, void *to, size_t length);

#endif
