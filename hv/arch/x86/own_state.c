// SPDX-License-Identifier: BSD-3-Clause
/*
 * State of a vCPU that the VMCS does not switch: floating point and vectors, debug registers, CR2,
 * and MSRs. The hypervisor uses none of it (it is built without floating point), so it stays in the
 * pCPU until another vCPU runs there.
 */
#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/image.h"
#include "hv/arch/x86/page_alloc.h"
#include "hv/arch/x86/paging.h"
#include "hv/arch/x86/percpu.h"
#include "hv/arch/x86/vmx.h"
#include "hv/core/vcpu.h"

#define CPUID_1_ECX_XSAVE (1U << 26)
#define LEAF_XSAVE 0xdU
#define MXCSR_OFFSET 24U
#define MXCSR_RESET 0x1f80U
#define FCW_RESET 0x37fU
#define FXSAVE_SIZE 512U
#define DR6_RESET 0xffff0ff0U

static const uint32_t own_msrs[OWN_MSRS] = {
	[OWN_STAR] = 0xc0000081,  [OWN_LSTAR] = 0xc0000082,	     [OWN_CSTAR] = 0xc0000083,
	[OWN_FMASK] = 0xc0000084, [OWN_KERNEL_GS_BASE] = 0xc0000102, [OWN_TSC_AUX] = 0xc0000103,
};

static SEALED uint64_t all_xcr0 = 0; /* 0: no XSAVE */
static SEALED unsigned int fpu_pages = 1;
static SEALED unsigned int nr_msrs = OWN_MSRS;

void own_state_init(void)
{
	struct cpuid leaf = cpuid_checked(LEAF_XSAVE, 0);

	if (!(vmx.secondary & SECONDARY_RDTSCP))
		nr_msrs = OWN_TSC_AUX;
	if (!(cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE))
		return;
	all_xcr0 = leaf.eax | (uint64_t)leaf.edx << 32;
	fpu_pages = (unsigned int)((leaf.ecx + PAGE_SIZE - 1) / PAGE_SIZE);
}

static void write_xcr0(uint64_t value)
{
	__asm__ volatile("xsetbv"
			 :
			 : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

static void save_fpu(struct own_state *state)
{
	void *area = paging_direct(state->fpu_hpa);

	if (!all_xcr0) {
		__asm__ volatile("fxsaveq (%0)" : : "r"(area) : "memory");
		return;
	}
	write_xcr0(all_xcr0);
	__asm__ volatile("xsaveq (%0)"
			 :
			 : "r"(area), "a"((uint32_t)all_xcr0), "d"((uint32_t)(all_xcr0 >> 32))
			 : "memory");
}

static void load_fpu(const struct own_state *state)
{
	const void *area = paging_direct(state->fpu_hpa);

	if (!all_xcr0) {
		__asm__ volatile("fxrstorq (%0)" : : "r"(area) : "memory");
		return;
	}
	write_xcr0(all_xcr0);
	__asm__ volatile("xrstorq (%0)"
			 :
			 : "r"(area), "a"((uint32_t)all_xcr0), "d"((uint32_t)(all_xcr0 >> 32))
			 : "memory");
	write_xcr0(state->xcr0);
}

#define READ_DR(n, to) __asm__ volatile("movq %%dr" #n ", %0" : "=r"(to))
#define WRITE_DR(n, from) __asm__ volatile("movq %0, %%dr" #n : : "r"(from))

static void save(struct own_state *state)
{
	save_fpu(state);
	for (unsigned int i = 0; i < nr_msrs; i++)
		state->msrs[i] = read_msr(own_msrs[i]);
	READ_DR(0, state->dr[0]);
	READ_DR(1, state->dr[1]);
	READ_DR(2, state->dr[2]);
	READ_DR(3, state->dr[3]);
	READ_DR(6, state->dr6);
	state->cr2 = read_cr2();
}

static void load(const struct own_state *state)
{
	load_fpu(state);
	for (unsigned int i = 0; i < nr_msrs; i++)
		write_msr(own_msrs[i], state->msrs[i]);
	WRITE_DR(0, state->dr[0]);
	WRITE_DR(1, state->dr[1]);
	WRITE_DR(2, state->dr[2]);
	WRITE_DR(3, state->dr[3]);
	WRITE_DR(6, state->dr6);
	__asm__ volatile("movq %0, %%cr2" : : "r"(state->cr2));
}

int own_state_alloc(struct own_state *state)
{
	state->fpu_hpa = page_alloc_run(fpu_pages);
	return state->fpu_hpa ? 0 : -HV_ENOMEM;
}

void own_state_free(struct own_state *state)
{
	if (state->fpu_hpa)
		page_free_run(state->fpu_hpa, fpu_pages);
	state->fpu_hpa = 0;
}

void own_state_reset(struct own_state *state)
{
	uint8_t *area = paging_direct(state->fpu_hpa);
	const uint32_t mxcsr = MXCSR_RESET;
	const uint16_t fcw = FCW_RESET;

	/* An empty header says that all is in its initial state, but for MXCSR. */
	memset(area, 0, fpu_pages * PAGE_SIZE);
	memcpy(area, &fcw, sizeof(fcw));
	memcpy(area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
	memset(state->msrs, 0, sizeof(state->msrs));
	memset(state->dr, 0, sizeof(state->dr));
	state->dr6 = DR6_RESET;
	state->cr2 = 0;
	state->xcr0 = 1;
}

void own_state_load(struct vcpu *vcpu)
{
	struct percpu *cpu = this_percpu();

	if (cpu->state_owner == vcpu)
		return;
	if (cpu->state_owner)
		save(&cpu->state_owner->arch->state);
	cpu->state_owner = vcpu;
	load(&vcpu->arch->state);
}

void own_state_drop(struct vcpu *vcpu)
{
	if (this_percpu()->state_owner == vcpu)
		this_percpu()->state_owner = NULL;
}

/* Combinations that the CPU refuses with #GP; Intel SDM 1, 13.3. */
static bool is_xcr0(uint64_t value)
{
	const uint64_t sse = 1U << 1, avx = 1U << 2, mpx = 3U << 3, avx512 = 7U << 5,
		       amx = 3U << 17;

	if (!(value & 1) || value & ~all_xcr0 || (value & avx && !(value & sse)))
		return false;
	if (value & avx512 && (value & (avx512 | avx)) != (avx512 | avx))
		return false;
	return (value & mpx) % mpx == 0 && (value & amx) % amx == 0;
}

bool own_state_set_xcr0(struct vcpu *vcpu, uint64_t value)
{
	if (!is_xcr0(value))
		return false;
	vcpu->arch->state.xcr0 = value;
	write_xcr0(value);
	return true;
}

int arch_xsetbv(struct vcpu *vcpu)
{
	uint64_t value = (uint32_t)vcpu->regs.rax | vcpu->regs.rdx << 32;

	return !(uint32_t)vcpu->regs.rcx && own_state_set_xcr0(vcpu, value) ? 0 : -HV_EINVAL;
}
