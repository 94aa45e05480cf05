// SPDX-License-Identifier: BSD-3-Clause
/* A vCPU's local APIC; Intel SDM 3, 11 (registers) and 30.1 (the virtual-APIC page). */
#include "hv/core/vlapic.h"
#include "hv/core/pcpu.h"
#include "hv/core/vm.h"

#define VERSION_VALUE 0x00050015U /* integrated, 6 LVT entries */
#define LVT_VALID (APIC_TIMER_MODE | APIC_LVT_MASKED | 0xffU)
#define PERIOD_MIN_US 20U /* shorter ones would leave the guest no time */
#define VECTOR_FIRST 16U

#define ICR_MODE(icr) (((icr) >> 8) & 7U)
#define ICR_MODE_FIXED 0U
#define ICR_MODE_LOWEST 1U
#define ICR_MODE_INIT 5U
#define ICR_MODE_SIPI 6U
#define ICR_LOGICAL (1U << 11)
#define ICR_ASSERT (1U << 14)
#define ICR_LEVEL (1U << 15)
#define ICR_SHORTHAND(icr) (((icr) >> 18) & 3U)
enum { SHORTHAND_NONE, SHORTHAND_SELF, SHORTHAND_ALL, SHORTHAND_OTHERS };

static uint32_t *reg(const struct vlapic *vlapic, uint32_t offset)
{
	return vlapic->page + offset / sizeof(uint32_t);
}

static uint32_t get(const struct vlapic *vlapic, uint32_t offset)
{
	return __atomic_load_n(reg(vlapic, offset), __ATOMIC_RELAXED);
}

static void set(struct vlapic *vlapic, uint32_t offset, uint32_t value)
{
	__atomic_store_n(reg(vlapic, offset), value, __ATOMIC_RELAXED);
}

/* IRR and ISR are 8 registers of 32 vectors. */
static uint32_t vector_offset(uint32_t base, uint8_t vector)
{
	return base + vector / 32 * 16;
}

static int highest(const struct vlapic *vlapic, uint32_t base)
{
	for (int word = 7; word >= 0; word--) {
		uint32_t bits = get(vlapic, base + (uint32_t)word * 16);

		if (bits)
			return word * 32 + 31 - __builtin_clz(bits);
	}
	return -1;
}

static void fire(void *argument)
{
	struct vlapic *vlapic = argument;
	uint32_t lvt = get(vlapic, APIC_LVT_TIMER);

	if (vlapic->period) {
		uint64_t next = vlapic->timer.deadline + vlapic->period, now = arch_tsc();

		/* Ticks that nobody could take are not made up for. */
		timer_add(vlapic->vcpu->pcpu, &vlapic->timer,
			  next > now ? next : now + vlapic->period);
	}
	vlapic->tsc_deadline = 0;
	if (!(lvt & APIC_LVT_MASKED))
		vlapic_raise(vlapic, (uint8_t)lvt);
}

int vlapic_init(struct vlapic *vlapic, struct vcpu *vcpu)
{
	vlapic->vcpu = vcpu;
	vlapic->hpa = arch_page_alloc();
	if (!vlapic->hpa)
		return -HV_ENOMEM;
	vlapic->page = arch_hpa_to_hva(vlapic->hpa);
	timer_init(&vlapic->timer, fire, vlapic);
	return 0;
}

void vlapic_free(struct vlapic *vlapic)
{
	if (vlapic->page)
		arch_page_free(vlapic->hpa);
	vlapic->page = NULL;
}

void vlapic_reset(struct vlapic *vlapic)
{
	timer_remove(vlapic->vcpu->pcpu, &vlapic->timer);
	vlapic->period = 0;
	vlapic->x2apic = false;
	vlapic->tsc_deadline = 0;
	for (uint32_t offset = 0; offset < PAGE_SIZE; offset += 16)
		set(vlapic, offset, 0);
	set(vlapic, APIC_ID, (uint32_t)vlapic->vcpu->id << 24);
	set(vlapic, APIC_VERSION, VERSION_VALUE);
	set(vlapic, APIC_SVR, 0xff);
	set(vlapic, APIC_DFR, 0xffffffffU);
	set(vlapic, APIC_LVT_THERMAL, APIC_LVT_MASKED);
	set(vlapic, APIC_LVT_COUNTER, APIC_LVT_MASKED);
	set(vlapic, APIC_LVT_TIMER, APIC_LVT_MASKED);
	set(vlapic, APIC_LVT_LINT0, APIC_LVT_MASKED);
	set(vlapic, APIC_LVT_LINT1, APIC_LVT_MASKED);
	set(vlapic, APIC_LVT_ERROR, APIC_LVT_MASKED);
}

void vlapic_raise(struct vlapic *vlapic, uint8_t vector)
{
	if (vector < VECTOR_FIRST || !vlapic->page)
		return;
	/* Before the notice; pairs with the target's taking of it in pcpu_service(). */
	__atomic_fetch_or(reg(vlapic, vector_offset(APIC_IRR, vector)), 1U << vector % 32,
			  __ATOMIC_SEQ_CST);
	vcpu_notify(vlapic->vcpu);
}

/* The priority class below which nothing is delivered. */
static uint32_t processor_priority(const struct vlapic *vlapic)
{
	int in_service = highest(vlapic, APIC_ISR);
	uint32_t task = get(vlapic, APIC_TPR) & 0xf0U;
	uint32_t service = in_service < 0 ? 0 : (uint32_t)in_service & 0xf0U;

	return task > service ? task : service;
}

int vlapic_pending(const struct vlapic *vlapic)
{
	int vector = highest(vlapic, APIC_IRR);

	if (vector < 0 || ((uint32_t)vector & 0xf0U) <= processor_priority(vlapic))
		return -1;
	return vector;
}

void vlapic_accept(struct vlapic *vlapic, uint8_t vector)
{
	uint32_t bit = 1U << vector % 32;

	__atomic_fetch_and(reg(vlapic, vector_offset(APIC_IRR, vector)), ~bit, __ATOMIC_SEQ_CST);
	set(vlapic, vector_offset(APIC_ISR, vector),
	    get(vlapic, vector_offset(APIC_ISR, vector)) | bit);
	set(vlapic, APIC_PPR, processor_priority(vlapic));
}

static void end_of_interrupt(struct vlapic *vlapic)
{
	int vector = highest(vlapic, APIC_ISR);

	if (vector < 0)
		return;
	set(vlapic, vector_offset(APIC_ISR, (uint8_t)vector),
	    get(vlapic, vector_offset(APIC_ISR, (uint8_t)vector)) & ~(1U << vector % 32));
	set(vlapic, APIC_PPR, processor_priority(vlapic));
	arch_eoi(vlapic->vcpu, (uint8_t)vector);
}

/* --- the timer: one of its ticks is a TSC tick times the divider --- */
static uint32_t timer_mode(const struct vlapic *vlapic)
{
	return get(vlapic, APIC_LVT_TIMER) & APIC_TIMER_MODE;
}

static uint64_t divider(const struct vlapic *vlapic)
{
	uint32_t divide = get(vlapic, APIC_TIMER_DIVIDE);
	uint32_t code = (divide & 3U) | (divide >> 1 & 4U);

	return code == 7 ? 1 : 2ULL << code;
}

static void start_count(struct vlapic *vlapic)
{
	uint64_t ticks = get(vlapic, APIC_TIMER_INITIAL) * divider(vlapic);
	uint64_t least = (uint64_t)PERIOD_MIN_US * arch_tsc_khz() / 1000;
	struct pcpu *pcpu = vlapic->vcpu->pcpu;

	vlapic->period = 0;
	if (!ticks || timer_mode(vlapic) == APIC_TIMER_DEADLINE) {
		timer_remove(pcpu, &vlapic->timer);
		return;
	}
	if (timer_mode(vlapic) == APIC_TIMER_PERIODIC)
		vlapic->period = ticks > least ? ticks : least;
	timer_add(pcpu, &vlapic->timer, arch_tsc() + ticks);
}

static uint32_t current_count(const struct vlapic *vlapic)
{
	uint64_t now = arch_tsc();

	if (!vlapic->timer.queued || timer_mode(vlapic) == APIC_TIMER_DEADLINE ||
	    vlapic->timer.deadline <= now)
		return 0;
	return (uint32_t)((vlapic->timer.deadline - now) / divider(vlapic));
}

void vlapic_set_tsc_deadline(struct vlapic *vlapic, uint64_t deadline)
{
	if (timer_mode(vlapic) != APIC_TIMER_DEADLINE)
		return;
	vlapic->tsc_deadline = deadline;
	if (deadline)
		timer_add(vlapic->vcpu->pcpu, &vlapic->timer, deadline);
	else
		timer_remove(vlapic->vcpu->pcpu, &vlapic->timer);
}

static void set_timer_lvt(struct vlapic *vlapic, uint32_t lvt)
{
	uint32_t mode = timer_mode(vlapic);

	set(vlapic, APIC_LVT_TIMER, lvt & LVT_VALID);
	if (mode == timer_mode(vlapic))
		return;
	/* Another mode disarms. */
	vlapic->period = 0;
	vlapic->tsc_deadline = 0;
	timer_remove(vlapic->vcpu->pcpu, &vlapic->timer);
}

/* --- interrupts between vCPUs --- */
static bool is_destination(const struct vcpu *sender, const struct vcpu *vcpu, uint32_t icr,
			   uint32_t destination)
{
	switch (ICR_SHORTHAND(icr)) {
	case SHORTHAND_SELF:
		return vcpu == sender;
	case SHORTHAND_ALL:
		return true;
	case SHORTHAND_OTHERS:
		return vcpu != sender;
	default:
		if (icr & ICR_LOGICAL) /* flat: a bit a vCPU */
			return vcpu->id < 16 && (destination >> vcpu->id & 1U);
		return destination == vcpu->id || destination == 0xffU ||
		       destination == 0xffffffffU;
	}
}

static void send(struct vcpu *vcpu, uint32_t icr)
{
	switch (ICR_MODE(icr)) {
	case ICR_MODE_FIXED:
	case ICR_MODE_LOWEST:
		vlapic_raise(&vcpu->vlapic, (uint8_t)icr);
		break;
	case ICR_MODE_INIT:
		/* INIT de-assert changes nothing. */
		if (!(icr & ICR_LEVEL) || (icr & ICR_ASSERT))
			vcpu_request(vcpu, VCPU_REQUEST_INIT);
		break;
	case ICR_MODE_SIPI:
		__atomic_store_n(&vcpu->sipi_vector, (uint8_t)icr, __ATOMIC_RELAXED);
		vcpu_request(vcpu, VCPU_REQUEST_SIPI);
		break;
	default:
		break;
	}
}

static void send_ipi(struct vlapic *vlapic, uint32_t icr, uint32_t destination)
{
	struct vm *vm = vlapic->vcpu->vm;

	for (uint16_t i = 0; i < vm->nr_vcpus; i++)
		if (is_destination(vlapic->vcpu, &vm->vcpus[i], icr, destination))
			send(&vm->vcpus[i], icr);
}

/* --- registers --- */
int vlapic_read(struct vlapic *vlapic, uint32_t offset, uint64_t *value)
{
	if (offset >= PAGE_SIZE || offset % 16)
		return -HV_EINVAL;
	*value = offset == APIC_TIMER_CURRENT ? current_count(vlapic) : get(vlapic, offset);
	return 0;
}

int vlapic_write(struct vlapic *vlapic, uint32_t offset, uint64_t value)
{
	switch (offset) {
	case APIC_EOI:
		end_of_interrupt(vlapic);
		return 0;
	case APIC_ICR_LOW:
		set(vlapic, APIC_ICR_LOW, (uint32_t)value);
		send_ipi(vlapic, (uint32_t)value, (uint32_t)(value >> 32));
		return 0;
	case APIC_ESR: /* there are no errors */
		set(vlapic, offset, 0);
		return 0;
	case APIC_SELF_IPI:
		vlapic_raise(vlapic, (uint8_t)value);
		return 0;
	case APIC_LVT_TIMER:
		set_timer_lvt(vlapic, (uint32_t)value);
		return 0;
	case APIC_TIMER_INITIAL:
		set(vlapic, offset, (uint32_t)value);
		start_count(vlapic);
		return 0;
	case APIC_TPR:
		set(vlapic, offset, (uint32_t)value & 0xffU);
		return 0;
	case APIC_TIMER_DIVIDE:
	case APIC_SVR:
	case APIC_ICR_HIGH:
	case APIC_LVT_LINT0:
	case APIC_LVT_LINT1:
	case APIC_LVT_ERROR:
	case APIC_LVT_THERMAL:
	case APIC_LVT_COUNTER:
	case APIC_LDR:
	case APIC_DFR:
		set(vlapic, offset, (uint32_t)value);
		return 0;
	default:
		return -HV_EINVAL;
	}
}
