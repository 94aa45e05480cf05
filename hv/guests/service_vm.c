// SPDX-License-Identifier: BSD-3-Clause
/*
 * The Service VM: what a Linux with its HSM driver and device model does, as far as the hypervisor
 * sees it. It sets up the rings, creates and starts the User VMs, answers their I/O requests, and
 * makes the calls that come through the mailbox.
 */
#include <string.h>

#include "formats/abi/hypercall.h"
#include "formats/abi/ioreq.h"
#include "formats/abi/sbuf.h"
#include "hv/guests/guest_lib.h"

#define AP_PERIOD_US 20000U

struct service {
	struct service_boot boot;
	uint64_t scratch;	      /* a page for parameters */
	uint64_t ioreq[BOOT_MAX_VMS]; /* gpa of the request buffer of each User VM; 0: none */
	uint16_t vmid[BOOT_MAX_VMS];
	volatile bool upcall, mail; /* set by handlers */
	uint64_t ticks;
};

static void on_upcall(uint8_t vector, void *argument)
{
	struct service *service = argument;

	(void)vector;
	guest_eoi();
	service->upcall = true;
}

static void on_mail(uint8_t vector, void *argument)
{
	struct service *service = argument;

	(void)vector;
	guest_eoi();
	service->mail = true;
}

static void on_tick(uint8_t vector, void *argument)
{
	uint64_t *ticks = argument;

	(void)vector;
	guest_eoi();
	(*ticks)++;
}

/* --- rings --- */
static int64_t set_up_ring(struct service *service, uint16_t pcpu, uint32_t id, uint64_t gpa,
			   uint32_t length, uint32_t ele_size)
{
	struct acrn_sbuf_param param = { .cpu_id = pcpu, .sbuf_id = id, .gpa = gpa };
	struct shared_buf header = { .magic = SBUF_MAGIC, .ele_size = ele_size };

	header.ele_num = (length - SBUF_HEADER_SIZE) / ele_size;
	header.size = header.ele_num * ele_size;
	guest_copy_to(gpa, &header, sizeof(header));
	guest_copy_to(service->scratch, &param, sizeof(param));
	return guest_vmcall(HC_SETUP_SBUF, 0, service->scratch);
}

static int64_t set_up_rings(struct service *service)
{
	const struct service_boot *boot = &service->boot;
	int64_t error = 0;

	for (uint16_t i = 0; !error && i < boot->nr_pcpus; i++) {
		error = set_up_ring(service, i, SBUF_HVLOG, boot->hvlog_gpa[i], boot->hvlog_size,
				    SBUF_HVLOG_ELE_SIZE);
		if (!error)
			error = set_up_ring(service, i, SBUF_TRACE, boot->trace_gpa[i],
					    boot->trace_size, SBUF_TRACE_ELE_SIZE);
	}
	return error;
}

/* --- User VMs --- */
static int64_t map_ram(struct service *service, uint16_t vmid, uint64_t ram)
{
	const struct vm_memory_region region = {
		.type = MR_ADD,
		.prot = MEM_ACCESS_READ | MEM_ACCESS_WRITE | MEM_ACCESS_EXEC | MEM_TYPE_WB,
		.service_vm_gpa = ram,
		.size = USER_RAM_SIZE,
	};
	const struct set_regions set = {
		.vmid = vmid,
		.mr_num = 1,
		.regions_gpa = service->scratch + 256,
	};

	guest_copy_to(service->scratch, &set, sizeof(set));
	guest_copy_to(service->scratch + 256, &region, sizeof(region));
	return guest_vmcall(HC_SET_VM_MEMORY_REGIONS, service->scratch, 0);
}

static int64_t start_user_vm(struct service *service, unsigned int n)
{
	const struct service_user_vm *vm = &service->boot.user_vms[n];
	struct acrn_vm_creation creation = { .vm_flag = vm->flags, .cpu_affinity = vm->affinity };
	uint64_t ram = service->boot.free_gpa + n * USER_RAM_SIZE;
	uint64_t buffer = service->boot.scratch_gpa + (1 + n) * GUEST_PAGE_SIZE;
	int64_t error;

	memcpy(creation.name, vm->name, sizeof(creation.name));
	guest_copy_to(service->scratch, &creation, sizeof(creation));
	error = guest_vmcall(HC_CREATE_VM, service->scratch, 0);
	if (error)
		return error;
	guest_copy_from(&creation, service->scratch, sizeof(creation));
	if (creation.vmid == ACRN_INVALID_VMID)
		return -1;
	service->vmid[n] = creation.vmid;
	error = map_ram(service, creation.vmid, ram);
	guest_copy_to(ram + USER_BOOT_GPA, &vm->boot, sizeof(vm->boot));
	guest_write(service->scratch, 8, buffer);
	if (!error)
		error = guest_vmcall(HC_SET_IOREQ_BUFFER, creation.vmid, service->scratch);
	if (!error)
		service->ioreq[n] = buffer;
	return error ? error : guest_vmcall(HC_START_VM, creation.vmid, 0);
}

static int64_t start_user_vms(struct service *service)
{
	int64_t error = 0;

	for (unsigned int n = 0; !error && n < service->boot.nr_user_vms; n++)
		error = start_user_vm(service, n);
	return error;
}

/* --- I/O requests: a device model with no devices --- */
#define SLOT_FIELD(slot, field) ((slot) + offsetof(struct acrn_io_request, field))

static void serve_slot(struct service *service, unsigned int n, uint32_t vcpu)
{
	uint64_t slot = service->ioreq[n] + vcpu * sizeof(struct acrn_io_request);
	bool polled;

	if (guest_read(SLOT_FIELD(slot, processed), 4) != IOREQ_PENDING)
		return;
	guest_write(SLOT_FIELD(slot, processed), 4, IOREQ_PROCESSING);
	polled = guest_read(SLOT_FIELD(slot, completion_polling), 4);
	if (guest_read(SLOT_FIELD(slot, type), 4) == IOREQ_PORTIO) {
		if (guest_read(SLOT_FIELD(slot, reqs.pio_request.direction), 4) == IOREQ_READ)
			guest_write(SLOT_FIELD(slot, reqs.pio_request.value), 4, 0xffffffffU);
	} else if (guest_read(SLOT_FIELD(slot, reqs.mmio_request.direction), 4) == IOREQ_READ) {
		guest_write(SLOT_FIELD(slot, reqs.mmio_request.value), 8, ~0ULL);
	}
	guest_write(SLOT_FIELD(slot, processed), 4, IOREQ_COMPLETE);
	if (!polled)
		guest_vmcall(HC_NOTIFY_IOREQ_FINISH, service->vmid[n], vcpu);
}

static void serve_requests(struct service *service)
{
	for (unsigned int n = 0; n < service->boot.nr_user_vms; n++)
		for (uint32_t vcpu = 0; service->ioreq[n] && vcpu < ACRN_MAX_VCPUS; vcpu++)
			serve_slot(service, n, vcpu);
}

/* --- the mailbox --- */
#define MAIL_FIELD(gpa, field) ((gpa) + offsetof(struct service_mailbox, field))

static void serve_mail(struct service *service)
{
	uint64_t mail = service->boot.mailbox_gpa;
	uint64_t param[3];
	unsigned int fault = 0;

	if (!mail || guest_read(MAIL_FIELD(mail, state), 4) != MAILBOX_REQUEST)
		return;
	guest_copy_from(param, MAIL_FIELD(mail, param), sizeof(param));
	if (guest_read(MAIL_FIELD(mail, is_cpuid), 4)) {
		struct guest_cpuid_regs regs = guest_cpuid((uint32_t)param[0], (uint32_t)param[1]);

		guest_copy_to(MAIL_FIELD(mail, regs), &regs, sizeof(regs));
		guest_write(MAIL_FIELD(mail, result), 8, 0);
	} else {
		int64_t result = guest_vmcall_regs(param[0], param[1], param[2], &fault);

		guest_write(MAIL_FIELD(mail, result), 8, (uint64_t)result);
	}
	guest_write(MAIL_FIELD(mail, fault), 4, fault);
	guest_write(MAIL_FIELD(mail, state), 4, MAILBOX_ANSWER);
	guest_out(DOORBELL_PORT, 4, DOORBELL_ANSWER);
}

/* --- life --- */
static void other_vcpu(uint64_t tsc_khz)
{
	uint64_t ticks = 0;

	guest_set_handler(GUEST_TIMER_VECTOR, on_tick, &ticks);
	guest_start_periodic_timer(AP_PERIOD_US * tsc_khz / 1000);
	for (;;) {
		guest_wait();
		guest_spin(tsc_khz / 20);
	}
}

static void serve(struct service *service)
{
	guest_start_periodic_timer((uint64_t)service->boot.period_us * 10 * service->boot.tsc_khz /
				   1000);
	for (;;) {
		guest_cli();
		while (!service->upcall && !service->mail)
			guest_wait();
		if (service->mail) {
			service->mail = false;
			guest_sti();
			serve_mail(service);
		}
		if (service->upcall) {
			service->upcall = false;
			guest_sti();
			serve_requests(service);
		}
	}
}

void service_vm_entry(uint64_t boot_gpa)
{
	struct service service = { .upcall = false };
	int64_t error;

	guest_copy_from(&service.boot, boot_gpa, sizeof(service.boot));
	if (guest_vcpu_id())
		other_vcpu(service.boot.tsc_khz);
	service.scratch = service.boot.scratch_gpa;
	guest_set_handler(HC_CALLBACK_VECTOR_DEFAULT, on_upcall, &service);
	guest_set_handler(MAILBOX_VECTOR, on_mail, &service);
	guest_set_handler(GUEST_TIMER_VECTOR, on_tick, &service.ticks);
	error = set_up_rings(&service);
	guest_start_others();
	guest_sti();
	if (!error)
		error = start_user_vms(&service);
	guest_out(DOORBELL_PORT, 4, error ? DOORBELL_FAILED : DOORBELL_READY);
	serve(&service);
}
