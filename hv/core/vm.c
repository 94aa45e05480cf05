// SPDX-License-Identifier: BSD-3-Clause
/* A virtual machine and its life; acrn-hypercalls(7). */
#include "hv/core/vm.h"
#include "hv/core/log.h"
#include "hv/core/pcpu.h"

struct vm vms[MAX_VMS];

struct vm *service_vm(void)
{
	for (unsigned int i = 0; i < MAX_VMS; i++)
		if (hv_config->vms[i].used && hv_config->vms[i].load_order == SERVICE_VM)
			return &vms[i];
	return NULL;
}

struct vm *vm_by_relative_id(uint64_t id)
{
	const struct vm *service = service_vm();

	return id < MAX_VMS && service->id + id < MAX_VMS ? &vms[service->id + id] : NULL;
}

uint16_t vm_relative_id(const struct vm *vm)
{
	return (uint16_t)(vm->id - service_vm()->id);
}

/* Those that look for a slot read it without the lock; what they find is for vm_create() to check.
 */
static void set_state(struct vm *vm, enum vm_state state)
{
	__atomic_store_n(&vm->state, state, __ATOMIC_RELAXED);
}

static bool name_is(const char *a, const char *b)
{
	for (unsigned int i = 0; i < ACRN_VM_NAME_LEN; i++) {
		if (a[i] != b[i])
			return false;
		if (!a[i])
			return true;
	}
	return true;
}

struct vm *vm_find_slot(const char *name)
{
	for (unsigned int i = 0; i < MAX_VMS; i++)
		if (hv_config->vms[i].used && name_is(hv_config->vms[i].name, name))
			return &vms[i];
	for (unsigned int i = service_vm()->id; i < MAX_VMS; i++)
		if (!hv_config->vms[i].used &&
		    __atomic_load_n(&vms[i].state, __ATOMIC_RELAXED) == VM_POWERED_OFF)
			return &vms[i];
	return NULL;
}

/* --- what a vCPU's own pCPU does --- */
struct placing {
	struct vcpu *vcpu;
	int error;
};

static void place(void *argument)
{
	struct placing *placing = argument;
	struct vcpu *vcpu = placing->vcpu;

	placing->error = sched_add(vcpu->pcpu, vcpu);
	if (!placing->error)
		vcpu_reset(vcpu);
}

static void remove_vcpu(void *argument)
{
	struct vcpu *vcpu = argument;

	timer_remove(vcpu->pcpu, &vcpu->vlapic.timer);
	sched_remove(vcpu->pcpu, vcpu);
}

static void start_vcpu(void *argument)
{
	struct vcpu *vcpu = argument;

	vcpu->state = VCPU_RUNNING;
	vcpu->pcpu->runqueue.again = true;
}

static void stop_vcpu(void *argument)
{
	struct vcpu *vcpu = argument;

	vcpu->state = VCPU_ZOMBIE;
	timer_remove(vcpu->pcpu, &vcpu->vlapic.timer);
	vcpu->pcpu->runqueue.again = true;
}

static void reset_vcpu(void *argument)
{
	vcpu_reset(argument);
}

static void on_all_vcpus(struct vm *vm, void (*function)(void *))
{
	for (uint16_t i = 0; i < vm->nr_vcpus; i++)
		pcpu_run_on(vm->vcpus[i].pcpu, function, &vm->vcpus[i]);
}

static void release(struct vm *vm)
{
	on_all_vcpus(vm, remove_vcpu);
	for (uint16_t i = 0; i < vm->nr_vcpus; i++)
		vcpu_free(&vm->vcpus[i]);
	vm->nr_vcpus = 0;
	vm->ioreq = NULL;
	ept_destroy(&vm->ept);
}

static int add_vcpu(struct vm *vm, struct pcpu *pcpu)
{
	struct vcpu *vcpu = &vm->vcpus[vm->nr_vcpus];
	struct placing placing = { .vcpu = vcpu };

	placing.error = vcpu_init(vcpu, vm, vm->nr_vcpus, pcpu);
	if (!placing.error)
		pcpu_run_on(pcpu, place, &placing);
	if (placing.error)
		vcpu_free(vcpu);
	else
		vm->nr_vcpus++;
	return placing.error;
}

/* The pCPUs a VM takes; 0: what was asked for is not allowed. */
static uint64_t allowed_affinity(const struct vm_config *config, uint64_t affinity)
{
	uint64_t all = (1ULL << arch_nr_pcpus()) - 1;

	if (config->used) {
		if (affinity & ~config->affinity)
			return 0;
		if (!affinity)
			affinity = config->affinity;
	}
	return affinity & ~all ? 0 : affinity;
}

static bool is_allowed(const struct vm *vm, uint64_t flags)
{
	if (vm->state != VM_POWERED_OFF)
		return false;
	return !(flags & GUEST_FLAG_LAPIC_PASSTHROUGH) || (flags & GUEST_FLAG_RT);
}

int vm_create(struct vm *vm, const char *name, uint64_t flags, uint64_t affinity,
	      bool *out_of_memory)
{
	int error;

	affinity = allowed_affinity(vm->config, affinity);
	*out_of_memory = false;
	if (!is_allowed(vm, flags) || !affinity)
		return -1;
	memcpy(vm->name, name, sizeof(vm->name));
	vm->flags = flags | vm->config->flags;
	vm->callback_vector = HC_CALLBACK_VECTOR_DEFAULT;
	error = ept_init(&vm->ept);
	for (unsigned int i = 0; !error && i < arch_nr_pcpus(); i++)
		if (affinity >> i & 1U)
			error = add_vcpu(vm, &pcpus[i]);
	if (error) {
		release(vm);
		*out_of_memory = true;
		return -1;
	}
	set_state(vm, VM_CREATED);
	return 0;
}

int vm_start(struct vm *vm)
{
	if (vm->state != VM_CREATED || (!vm_is_service(vm) && !vm->ioreq))
		return -1;
	set_state(vm, VM_RUNNING);
	pcpu_run_on(vm->vcpus[0].pcpu, start_vcpu, &vm->vcpus[0]);
	return 0;
}

int vm_pause(struct vm *vm)
{
	if (vm->state == VM_POWERED_OFF)
		return -1;
	if (vm->state == VM_RUNNING && vm->config->severity > service_vm()->config->severity)
		return 0;
	on_all_vcpus(vm, stop_vcpu);
	set_state(vm, VM_PAUSED);
	return 0;
}

int vm_reset(struct vm *vm)
{
	if (vm->state != VM_PAUSED)
		return -1;
	on_all_vcpus(vm, reset_vcpu);
	ioreq_reset(vm);
	set_state(vm, VM_CREATED);
	return 0;
}

int vm_destroy(struct vm *vm)
{
	if (vm->state != VM_PAUSED)
		return -1;
	release(vm);
	set_state(vm, VM_POWERED_OFF);
	return 0;
}
