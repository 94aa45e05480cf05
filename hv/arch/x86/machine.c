// SPDX-License-Identifier: BSD-3-Clause
/* What the Service VM sees of this machine: CPUID, MSRs, ports. */
#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/cr.h"
#include "hv/arch/x86/fixup.h"
#include "hv/arch/x86/image.h"
#include "hv/arch/x86/payload_vm.h"
#include "hv/arch/x86/percpu.h"
#include "hv/arch/x86/service.h"
#include "hv/arch/x86/vioapic.h"
#include "hv/arch/x86/vmx.h"
#include "hv/arch/x86/vpic.h"
#include "hv/core/vm.h"
#include "hv/include/arch.h"

enum { EAX, EBX, ECX, EDX };

/* Leaf 1 */
#define ECX_DTES64 (1U << 2)
#define ECX_DS_CPL (1U << 4)
#define ECX_EIST (1U << 7)
#define ECX_TM2 (1U << 8)
#define ECX_PDCM (1U << 15)
#define ECX_X2APIC (1U << 21)
#define ECX_TSC_DEADLINE (1U << 24)
#define ECX_OSXSAVE (1U << 27)
#define EDX_DS (1U << 21)
#define EDX_ACPI (1U << 22)
#define EDX_TM (1U << 29)
/* Leaf 7 */
#define EBX_TSC_ADJUST (1U << 1)
#define EBX_SGX (1U << 2)
#define EBX_INVPCID (1U << 10)
#define EBX_PT (1U << 25)
#define ECX7_WAITPKG (1U << 5)
#define ECX7_CET_SS (1U << 7)
#define ECX7_PKS (1U << 31)
#define EDX7_UINTR (1U << 5)
#define EDX7_CET_IBT (1U << 20)
#define EDX7_ARCH (1U << 18 | 1U << 19 | 1U << 22 | 1U << 29 | 1U << 30)
/* Leaf 0xd, subleaf 1 */
#define EAX_XSAVEC (1U << 1) /* its size is that with what XSAVES saves */
#define EAX_XSAVES (1U << 3)

static void features(uint32_t regs[4])
{
	regs[ECX] &= ~(ECX_DTES64 | ECX_DS_CPL | ECX_EIST | ECX_TM2 | ECX_PDCM | ECX_OSXSAVE);
	regs[ECX] |= ECX_X2APIC | ECX_TSC_DEADLINE;
	if (this_percpu()->vmcs_hpa && cr4_of_guest() & GUEST_CR4_OSXSAVE)
		regs[ECX] |= ECX_OSXSAVE;
	regs[EDX] &= ~(EDX_DS | EDX_ACPI | EDX_TM);
}

static void more_features(uint32_t regs[4])
{
	regs[EBX] &= ~(EBX_TSC_ADJUST | EBX_SGX | EBX_PT);
	if (!(vmx.secondary & SECONDARY_INVPCID))
		regs[EBX] &= ~EBX_INVPCID;
	regs[ECX] &= ~(ECX7_WAITPKG | ECX7_CET_SS | ECX7_PKS);
	regs[EDX] &= ~(EDX7_UINTR | EDX7_CET_IBT | EDX7_ARCH);
}

void arch_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
	struct cpuid values = cpuid(leaf, subleaf);

	regs[EAX] = values.eax;
	regs[EBX] = values.ebx;
	regs[ECX] = values.ecx;
	regs[EDX] = values.edx;
	switch (leaf) {
	case 1:
		features(regs);
		break;
	case 7:
		if (!subleaf)
			more_features(regs);
		break;
	case 0xd:
		if (subleaf == 1)
			regs[EAX] &= ~(EAX_XSAVEC | EAX_XSAVES);
		break;
	case 6: /* but for: the APIC timer never stops */
		regs[EAX] &= 4;
		regs[EBX] = regs[ECX] = regs[EDX] = 0;
		break;
	case 0x12: /* SGX */
	case 0x14: /* processor trace */
		regs[EAX] = regs[EBX] = regs[ECX] = regs[EDX] = 0;
		break;
	default:
		break;
	}
}

/* --- MSRs that the Service VM may read as they are; what it writes there is not done --- */
static const struct {
	uint32_t first, last;
} readable[] = {
	{ 0x17, 0x17 },	  { 0x8b, 0x8b },   { 0xce, 0xce },   { 0xfe, 0xfe },
	{ 0x179, 0x179 }, { 0x1a0, 0x1a0 }, { 0x200, 0x20f }, { 0x250, 0x250 },
	{ 0x258, 0x259 }, { 0x268, 0x26f }, { 0x2ff, 0x2ff },
};

#define MSR_FEATURE_CONTROL_LOCKED 1U /* and no VMX */

static bool is_readable(uint32_t msr)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(readable); i++)
		if (readable[i].first <= msr && msr <= readable[i].last)
			return true;
	return false;
}

int arch_msr_read(uint32_t msr, uint64_t *value)
{
	if (msr == MSR_FEATURE_CONTROL) {
		*value = MSR_FEATURE_CONTROL_LOCKED;
		return 0;
	}
	if (!is_readable(msr) || !read_msr_checked(msr, value))
		return -HV_ENODEV;
	return 0;
}

int arch_msr_write(uint32_t msr, uint64_t value)
{
	uint64_t old;

	(void)value;
	return arch_msr_read(msr, &old);
}

int arch_port_read(uint16_t port, unsigned int size, uint32_t *value)
{
	if (!service_owns_devices())
		return -HV_ENODEV;
	if (vpic_read(port, value))
		return 0;
	*value = size == 1 ? in8(port) : size == 2 ? in16(port) : in32(port);
	return 0;
}

int arch_port_write(uint16_t port, unsigned int size, uint32_t value)
{
	if (!service_owns_devices())
		return payload_doorbell(port, value);
	if (vpic_write(port, value))
		return 0;
	if (size == 1)
		out8(port, (uint8_t)value);
	else if (size == 2)
		out16(port, (uint16_t)value);
	else
		out32(port, value);
	return 0;
}

/* All but the interrupt controllers is mapped. */
int arch_mmio_read(uint64_t hpa, unsigned int size, uint64_t *value)
{
	uint32_t word;

	(void)size;
	if (!service_owns_devices() || !vioapic_read(hpa, &word))
		return -HV_ENODEV;
	*value = word;
	return 0;
}

int arch_mmio_write(uint64_t hpa, unsigned int size, uint64_t value)
{
	(void)size;
	return service_owns_devices() && vioapic_write(hpa, (uint32_t)value) ? 0 : -HV_ENODEV;
}

void arch_eoi(struct vcpu *vcpu, uint8_t vector)
{
	if (vm_is_service(vcpu->vm) && service_owns_devices())
		vioapic_eoi(vector);
}
