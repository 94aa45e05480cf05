// SPDX-License-Identifier: BSD-3-Clause
/* Start and end of the hosted hypervisor. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/arch/host/port.h"
#include "hv/core/ept.h"
#include "hv/core/irq.h"
#include "hv/core/log.h"
#include "hv/core/pcpu.h"
#include "hv/core/vm.h"

#define LOCK_NAME "acrn-hv.lock"
#define MAILBOX_OFFSET 0x10000ULL
#define SCRATCH_OFFSET 0x40000ULL
#define FREE_OFFSET 0x200000ULL

_Static_assert(BOOT_MAX_PCPUS >= MAX_PCPUS && BOOT_MAX_VMS >= MAX_VMS, "all fit");

static struct host_options options;
static struct hv_config config;
static int run_dir = -1, lock_file = -1;
static bool running, allocated; /* pCPUs, memory */

static const struct guest_payload *longest(const struct guest_payload *table, unsigned int nr,
					   const char *name)
{
	const struct guest_payload *found = NULL;

	for (unsigned int i = 0; i < nr; i++) {
		size_t length = strlen(table[i].name);

		if (!strncmp(table[i].name, name, length) &&
		    (!found || length > strlen(found->name)))
			found = &table[i];
	}
	return found;
}

const struct guest_payload *host_find_payload(const char *vm_name)
{
	const struct guest_payload *found;
	char name[ACRN_VM_NAME_LEN + 1] = { 0 };

	memcpy(name, vm_name, strnlen(vm_name, ACRN_VM_NAME_LEN));
	found = longest(options.payloads, options.nr_payloads, name);
	return found ? found : longest(guest_payloads, nr_guest_payloads, name);
}

/* --- the run directory --- */
static int fail(const char *subject, int error)
{
	fprintf(stderr, "acrn-hv: %s: %s\n", subject, strerror(-error));
	return error;
}

static int open_run_dir(const char *path)
{
	if (mkdir(path, 0700) && errno != EEXIST)
		return fail(path, -errno);
	run_dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run_dir < 0)
		return fail(path, -errno);
	lock_file = openat(run_dir, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock_file < 0)
		return fail(path, -errno);
	if (flock(lock_file, LOCK_EX | LOCK_NB)) {
		fprintf(stderr,
			"acrn-hv: %s: another acrn-hv runs there; end it or give --run-dir\n",
			path);
		return -EBUSY;
	}
	return 0;
}

static void close_run_dir(bool clean)
{
	if (clean && run_dir >= 0)
		unlinkat(run_dir, LOCK_NAME, 0);
	if (lock_file >= 0)
		close(lock_file);
	if (run_dir >= 0)
		close(run_dir);
	run_dir = lock_file = -1;
}

/* --- configuration --- */
static uint64_t all_pcpus(void)
{
	return (1ULL << options.nr_pcpus) - 1;
}

static uint64_t service_affinity(void)
{
	uint64_t affinity = options.service_affinity;

	for (unsigned int i = 0; !options.service_affinity && i < options.nr_pcpus; i++)
		if (options.sched[i] == SCHED_ROUND_ROBIN)
			affinity |= 1ULL << i;
	return affinity;
}

static void make_config(void)
{
	const uint32_t ram = EPT_RWX | EPT_TYPE_WB;

	config = (struct hv_config){
		.vms[0] = { .used = true,
			    .load_order = SERVICE_VM,
			    .name = "service_vm",
			    .severity = SEVERITY_SERVICE_VM,
			    .affinity = service_affinity() },
		.service_memory = { { host_service_ram(), host_service_ram_size(), ram },
				    { host_ring_hpa(0, SBUF_TRACE), host_rings_size(), ram } },
		.slice_us = options.slice_us,
		.console_level = options.log_level,
		.memory_level = HVLOG_INFO,
	};
	memcpy(config.sched, options.sched, sizeof(config.sched));
	for (unsigned int i = 0; i < options.nr_guests; i++) {
		const struct host_guest_option *guest = &options.guests[i];
		struct vm_config *vm = &config.vms[1 + i];

		vm->used = true;
		vm->load_order = POST_LAUNCHED_VM;
		memcpy(vm->name, guest->name, sizeof(vm->name));
		vm->severity = guest->severity ? guest->severity : SEVERITY_STANDARD_VM;
		vm->flags = guest->flags;
		vm->affinity = guest->affinity ? guest->affinity & all_pcpus() : all_pcpus();
	}
}

/* What the Service VM finds at the start of its memory. */
static void write_boot(void)
{
	struct service_boot *boot = arch_hpa_to_hva(host_service_ram());

	*boot = (struct service_boot){
		.nr_pcpus = options.nr_pcpus,
		.nr_user_vms = options.nr_guests,
		.mailbox_gpa = host_service_ram() + MAILBOX_OFFSET,
		.scratch_gpa = host_service_ram() + SCRATCH_OFFSET,
		.free_gpa = host_service_ram() + FREE_OFFSET,
		.free_size = host_service_ram_size() - FREE_OFFSET,
		.period_us = options.period_us,
		.tsc_khz = arch_tsc_khz(),
	};
	for (unsigned int i = 0; i < options.nr_pcpus; i++) {
		boot->trace_gpa[i] = host_ring_hpa(i, SBUF_TRACE);
		boot->hvlog_gpa[i] = host_ring_hpa(i, SBUF_HVLOG);
		host_ring(i, SBUF_TRACE, &boot->trace_size);
		host_ring(i, SBUF_HVLOG, &boot->hvlog_size);
	}
	for (unsigned int i = 0; i < options.nr_guests; i++) {
		struct service_user_vm *vm = &boot->user_vms[i];

		memcpy(vm->name, options.guests[i].name, sizeof(vm->name));
		vm->flags = options.guests[i].flags;
		vm->affinity = config.vms[1 + i].affinity;
		vm->boot = (struct guest_boot){ .seed = options.seed + i,
						.period_us = options.period_us,
						.vm = 1 + i };
	}
}

/* --- start and end --- */
static void check_options(void)
{
	if (!options.period_us)
		options.period_us = 1000;
	if (!options.trace_size)
		options.trace_size = SBUF_TRACE_SIZE;
}

int host_start(const struct host_options *given)
{
	int error;

	options = *given;
	check_options();
	host_mailbox_init();
	error = host_calibrate();
	if (!error && options.run_dir)
		error = open_run_dir(options.run_dir);
	if (error) {
		close_run_dir(false);
		return error;
	}
	allocated = true;
	error = host_pcpus_init(options.nr_pcpus);
	if (!error)
		error = host_memory_init(run_dir, options.nr_pcpus, options.trace_size);
	make_config();
	if (!error) {
		write_boot();
		error = hv_init(&config);
		irq_route(MAILBOX_VECTOR, service_vm(), 0, MAILBOX_VECTOR);
	}
	if (!error)
		error = host_pcpus_start();
	running = !error;
	if (!error && options.run_dir)
		error = host_hsm_start(run_dir);
	return error;
}

void host_stop(void)
{
	if (!running)
		return;
	running = false;
	pcpu_stop_all();
	host_mailbox_end();
	host_pcpus_join();
	/* Its hang-up says that nothing is put any more, so it comes last. */
	if (options.run_dir)
		host_hsm_stop();
}

void host_free(void)
{
	if (!allocated)
		return;
	allocated = false;
	for (unsigned int vm = 0; vm < MAX_VMS; vm++)
		for (unsigned int i = 0; i < vms[vm].nr_vcpus; i++)
			arch_vcpu_free(&vms[vm].vcpus[i]);
	host_memory_free(run_dir);
	close_run_dir(true);
}

void host_ring_counts(unsigned int pcpu, enum sbuf_id id, uint64_t *put, uint64_t *lost)
{
	*put = pcpus[pcpu].rings[id].put;
	*lost = pcpus[pcpu].rings[id].lost;
}
