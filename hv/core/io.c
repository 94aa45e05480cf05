// SPDX-License-Identifier: BSD-3-Clause
/* Port and memory-mapped I/O of guests, and faults that become I/O. */
#include "hv/core/log.h"
#include "hv/core/trace.h"
#include "hv/core/vm.h"
#include "hv/core/vmexit.h"

/* Exit qualification of I/O instructions; Intel SDM 3, 28.2.1. */
#define IO_SIZE(qualification) ((uint8_t)(((qualification)&7U) + 1))
#define IO_IN (1U << 3)
#define IO_STRING (1U << 4)
#define IO_PORT(qualification) ((uint16_t)((qualification) >> 16))

#define APIC_ACCESS_OFFSET 0xfffU

/* What ACRN's device model listens to for a virtual machine's power management. */
#define PM_PORT 0x404U
#define PM_VALUE_POWER_OFF 0x3400U

static uint64_t size_mask(unsigned int size)
{
	return size >= 8 ? ~0ULL : (1ULL << 8 * size) - 1;
}

/* As MOV and IN write a register: 4 bytes clear the upper half, fewer keep the rest. */
static void set_rax(struct vcpu *vcpu, unsigned int size, uint64_t value)
{
	uint64_t kept = size >= 4 ? 0 : vcpu->regs.rax & ~size_mask(size);

	vcpu->regs.rax = kept | (value & size_mask(size));
}

static void service_vm_io(struct vcpu *vcpu, uint16_t port, uint8_t size, bool write)
{
	uint32_t value = 0xffffffffU;

	if (write) {
		arch_port_write(port, size, (uint32_t)(vcpu->regs.rax & size_mask(size)));
	} else {
		if (arch_port_read(port, size, &value))
			value = 0xffffffffU;
		set_rax(vcpu, size, value);
	}
	vcpu_skip_instruction(vcpu);
}

void io_exit(struct vcpu *vcpu)
{
	uint64_t qualification = vcpu->exit.qualification;
	uint16_t port = IO_PORT(qualification);
	uint8_t size = IO_SIZE(qualification);
	bool write = !(qualification & IO_IN);

	trace_4i(vcpu->pcpu, TRACE_VMEXIT_IO_INSTRUCTION, port, write, size, 0);
	if ((qualification & IO_STRING) || size == 3 || size > 4) {
		vcpu_inject_gp(vcpu);
		return;
	}
	if (vm_is_service(vcpu->vm)) {
		service_vm_io(vcpu, port, size, write);
		return;
	}
	vcpu->io = (struct io_wait){
		.type = IOREQ_PORTIO,
		.write = write,
		.size = size,
		.address = port,
		.value = write ? vcpu->regs.rax & size_mask(size) : 0,
	};
	ioreq_submit(vcpu);
}

/* The answer to vcpu->io. */
void io_complete(struct vcpu *vcpu, uint64_t value)
{
	struct io_wait *io = &vcpu->io;

	if (io->triple_fault) {
		vcpu->state = VCPU_ZOMBIE;
		vcpu->pcpu->runqueue.again = true;
		return;
	}
	if (!io->write && io->type == IOREQ_PORTIO)
		set_rax(vcpu, io->size, value);
	else if (io->type == IOREQ_MMIO)
		arch_mmio_complete(vcpu, &io->mmio, value & size_mask(io->size));
	vcpu_skip_instruction(vcpu);
}

/* What the port does not know reads as all ones, and writes to it are lost. */
static void service_vm_mmio(struct vcpu *vcpu)
{
	const struct io_wait *io = &vcpu->io;
	uint64_t value = ~0ULL;

	if (io->write)
		arch_mmio_write(io->address, io->size, io->value);
	else if (arch_mmio_read(io->address, io->size, &value))
		value = ~0ULL;
	io_complete(vcpu, value);
}

void ept_violation_exit(struct vcpu *vcpu)
{
	struct mmio_access access;
	struct ept_mapping mapping;

	trace_2l(vcpu->pcpu, TRACE_VMEXIT_EPT_VIOLATION, vcpu->exit.qualification, vcpu->exit.gpa);
	/* Mapped meanwhile with the right it lacks: the guest tries again. */
	if (!ept_walk(&vcpu->vm->ept, vcpu->exit.gpa, &mapping) &&
	    !(vcpu->exit.qualification & 7U & ~mapping.flags))
		return;
	if (arch_mmio_decode(vcpu, &access)) {
		vcpu_inject_gp(vcpu);
		return;
	}
	vcpu->io = (struct io_wait){
		.type = IOREQ_MMIO,
		.write = access.write,
		.size = access.size,
		.address = vcpu->exit.gpa,
		.value = access.value & size_mask(access.size),
		.mmio = access,
	};
	if (vm_is_service(vcpu->vm))
		service_vm_mmio(vcpu);
	else
		ioreq_submit(vcpu);
}

/* The tables are core's own: this cannot come from the guest, but must not stop others. */
void ept_misconfiguration_exit(struct vcpu *vcpu)
{
	trace_2l(vcpu->pcpu, TRACE_VMEXIT_EPT_MISCONFIGURATION, 0, 0);
	log_error("EPT misconfiguration of %s at 0x%lx", vcpu->name, vcpu->exit.gpa);
	triple_fault_exit(vcpu);
}

/* A register of xAPIC mode. The destination in ICR has been written before. */
static void apic_page_write(struct vcpu *vcpu, uint32_t offset, uint64_t value)
{
	if (offset == APIC_ICR_LOW)
		value |= (uint64_t)(vcpu->vlapic.page[APIC_ICR_HIGH / sizeof(uint32_t)] >> 24)
			 << 32;
	vlapic_write(&vcpu->vlapic, offset, value);
}

void apic_write_exit(struct vcpu *vcpu)
{
	uint32_t offset = vcpu->exit.qualification & APIC_ACCESS_OFFSET;

	trace_2l(vcpu->pcpu, TRACE_VMEXIT_APICV_WRITE, offset, 0);
	/* The exit comes behind the write (as a trap); what the APIC has not is ignored. */
	apic_page_write(vcpu, offset, vcpu->vlapic.page[offset / sizeof(uint32_t)]);
}

void apic_access_exit(struct vcpu *vcpu)
{
	uint32_t offset = vcpu->exit.qualification & APIC_ACCESS_OFFSET;
	struct mmio_access access;
	uint64_t value = 0;

	trace_2l(vcpu->pcpu, TRACE_VMEXIT_APICV_ACCESS, vcpu->exit.qualification, 0);
	if (arch_mmio_decode(vcpu, &access)) {
		vcpu_inject_gp(vcpu);
		return;
	}
	if (access.write)
		apic_page_write(vcpu, offset, access.value);
	else
		vlapic_read(&vcpu->vlapic, offset, &value);
	arch_mmio_complete(vcpu, &access, value);
	vcpu_skip_instruction(vcpu);
}

/* Only level-triggered interrupts ask for this, and there is no virtual I/O APIC yet. */
void virtualized_eoi_exit(struct vcpu *vcpu)
{
	trace_2l(vcpu->pcpu, TRACE_VMEXIT_APICV_VIRT_EOI, vcpu->exit.qualification & 0xffU, 0);
}

void triple_fault_exit(struct vcpu *vcpu)
{
	log_error("%s shuts down: triple fault at 0x%lx", vcpu->name, vcpu->rip);
	if (vm_is_service(vcpu->vm)) {
		vcpu->state = VCPU_ZOMBIE;
		vcpu->pcpu->runqueue.again = true;
		return;
	}
	vcpu->io = (struct io_wait){
		.type = IOREQ_PORTIO,
		.write = true,
		.size = 2,
		.address = PM_PORT,
		.value = PM_VALUE_POWER_OFF,
		.triple_fault = true,
	};
	ioreq_submit(vcpu);
}
