// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/service.h"

#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/hvlog.h"
#include "hv/arch/x86/image.h"
#include "hv/arch/x86/linux_vm.h"
#include "hv/arch/x86/options.h"
#include "hv/arch/x86/payload_vm.h"
#include "hv/arch/x86/power.h"
#include "hv/arch/x86/tsc.h"
#include "hv/arch/x86/uart.h"
#include "hv/arch/x86/vioapic.h"
#include "hv/arch/x86/vm_start.h"
#include "hv/arch/x86/vmx.h"
#include "hv/core/log.h"
#include "hv/core/pcpu.h"
#include "hv/core/vm.h"

static struct hv_config config;
static struct timer end_timer;
static bool runs_linux;

void service_attach_log(void)
{
	for (unsigned int i = 0; i < arch_nr_pcpus(); i++) {
		uint64_t length;
		struct shared_buf *ring = hvlog_current(i, &length);

		pcpus[i].ring_on[SBUF_HVLOG] =
			ring && !sbuf_producer_init(&pcpus[i].rings[SBUF_HVLOG], ring, length,
						    SBUF_HVLOG_ELE_SIZE);
	}
}

/* The first vCPU of a Linux starts in its kernel, others where a SIPI sends them. */
void vm_start_state(struct vcpu *vcpu)
{
	if (!runs_linux)
		payload_start_state(vcpu);
	else if (!vcpu->id)
		linux_start_state(vcpu);
}

bool service_owns_devices(void)
{
	return runs_linux;
}

bool service_is_wanted(void)
{
	return options.guests[0] || (linux_is_there() && !options.test[0]);
}

static void end(void *argument)
{
	(void)argument;
	pcpu_stop_all();
}

void service_ready(void)
{
	if (!options.duration_ms)
		return;
	timer_init(&end_timer, end, NULL);
	timer_add(this_pcpu(), &end_timer, tsc_after_us(options.duration_ms * 1000ULL));
}

void service_configure(void)
{
	config.slice_us = options.slice_us;
	config.console_level = options.console_level;
	config.memory_level = options.memory_level;
	runs_linux = !options.guests[0];
	vioapic_init();
	if (runs_linux ? linux_configure(&config) : payload_configure(&config))
		hv_panic("guests: there is nothing to run");
	vmx_enable();
	if (hv_init(&config))
		hv_panic("guests: the Service VM cannot be made");
	service_attach_log();
	if (runs_linux)
		service_ready();
}

/*
 * What is in the trace rings, as raw records of all pCPUs one after the other, each of which says
 * its pCPU. The line is as slow as a line, so rings had better be small.
 */
static void dump_trace(void)
{
	if (!options.dump_trace || !uart_init(UART_COM2))
		return;
	for (unsigned int i = 0; i < arch_nr_pcpus(); i++) {
		const struct sbuf_producer *ring = &pcpus[i].rings[SBUF_TRACE];
		const struct shared_buf *shared = ring->shared;

		if (!shared)
			continue;
		for (uint32_t at = shared->head; at != ring->tail; at = (at + 1) % ring->size)
			uart_write(UART_COM2, (char)ring->data[at]);
	}
	uart_flush(UART_COM2);
}

static void report_exits(const struct vcpu *vcpu)
{
	for (unsigned int reason = 0; reason < EXIT_COUNTERS; reason++)
		if (vcpu->arch->exits[reason])
			log_info("exits: %s reason %u: %lu", vcpu->name, reason,
				 vcpu->arch->exits[reason]);
}

static void report(void)
{
	for (unsigned int i = 0; i < arch_nr_pcpus(); i++)
		log_info("trace: pCPU %u: %lu put, %lu lost", i, pcpus[i].rings[SBUF_TRACE].put,
			 pcpus[i].rings[SBUF_TRACE].lost);
	if (!runs_linux)
		log_info("guests: %s", payload_report() ? "hypervisor and guests agree"
							: "hypervisor and guests DO NOT AGREE");
	for (uint16_t i = 0; runs_linux && i < service_vm()->nr_vcpus; i++)
		report_exits(&service_vm()->vcpus[i]);
}

void service_run(void)
{
	if (this_pcpu()->id)
		vmx_enable();
	pcpu_main();
	if (this_pcpu()->id)
		cpu_halt();
	report();
	dump_trace();
	power_exit();
}
