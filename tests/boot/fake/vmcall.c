// SPDX-License-Identifier: GPL-2.0
/*
 * Stands in for hv/service_vm/vmcall.c in the modules' test under QEMU, which has no hypervisor
 * beneath Linux: answers as acrnscope's hypervisor does or, with fake_upstream=1, as upstream's.
 *
 * Writing "<ring id> <pcpu> <count>" to the parameter fake_put puts elements into a ring, numbered
 * in words: "[seq=<n>]:...".
 */
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#include "formats/abi/cpuid.h"
#include "formats/abi/hypercall.h"
#include "formats/abi/profiling.h"
#include "rings_internal.h"

#define PCPUS 2U

static bool fake_upstream;
module_param(fake_upstream, bool, 0644);

static bool fake_loud; /* tell the console of each stop */
module_param(fake_loud, bool, 0644);

static int fake_refuse = -1; /* 16 * ring id + pCPU */
module_param(fake_refuse, int, 0644);

static struct shared_buf *rings[SBUF_PER_PCPU][PCPUS];
static unsigned int sequence[SBUF_PER_PCPU][PCPUS];
static u64 switches[2];

static int put(struct shared_buf *ring, unsigned int number)
{
	u32 next = ring->tail + ring->ele_size;
	char text[SBUF_HVLOG_ELE_SIZE] = {};

	if (next == ring->size)
		next = 0;
	if (next == READ_ONCE(ring->head))
		return -ENOSPC;
	snprintf(text, sizeof(text), "[seq=%u]:said by a fake\n", number);
	memcpy((u8 *)ring + SBUF_HEADER_SIZE + ring->tail, text, ring->ele_size);
	smp_store_release(&ring->tail, next);
	return 0;
}

static int set_put(const char *value, const struct kernel_param *param)
{
	unsigned int id, pcpu, count;
	int error = 0;

	if (sscanf(value, "%u %u %u", &id, &pcpu, &count) != 3 || id >= SBUF_PER_PCPU ||
	    pcpu >= PCPUS)
		return -EINVAL;
	if (!rings[id][pcpu])
		return -ENXIO;
	while (count-- && !error)
		error = put(rings[id][pcpu], sequence[id][pcpu]++);
	return error;
}

static const struct kernel_param_ops put_ops = { .set = set_put };
module_param_cb(fake_put, &put_ops, NULL, 0200);

static s32 setup_sbuf(const struct acrn_sbuf_param *param)
{
	struct shared_buf *ring;

	if (param->sbuf_id >= SBUF_PER_PCPU)
		return -1;
	if (param->cpu_id >= PCPUS)
		return -EINVAL;
	if (!param->gpa) {
		if (fake_loud)
			pr_emerg("fake: ring %u of pCPU %u stops\n", param->sbuf_id, param->cpu_id);
		if (!fake_upstream)
			rings[param->sbuf_id][param->cpu_id] = NULL;
		return -1;
	}
	if (fake_refuse == (int)(16 * param->sbuf_id + param->cpu_id))
		return -1;
	ring = memremap(param->gpa, PAGE_SIZE, MEMREMAP_WB);
	if (!ring || ring->magic != SBUF_MAGIC || ring->head >= ring->size ||
	    ring->tail >= ring->size || ring->size != ring->ele_num * ring->ele_size)
		return -1;
	ring = memremap(param->gpa, SBUF_HEADER_SIZE + ring->size, MEMREMAP_WB);
	rings[param->sbuf_id][param->cpu_id] = ring;
	if (!fake_upstream)
		*sbuf_loss_of(ring) = (struct sbuf_loss){ .cookie = SBUF_LOSS_COOKIE };
	return 0;
}

static s32 profiling(u64 command, void *argument)
{
	struct profiling_version_info *version = argument;
	struct profiling_control *control = argument;
	struct profiling_msr_ops_list *list = argument;

	switch (command) {
	case PROFILING_GET_VERSION:
		*version = (struct profiling_version_info){ 1, 0, 0x2b, 0 };
		return 0;
	case PROFILING_SET_CONTROL_SWITCH:
		switches[control->collector_id & 1] = control->switches;
		return 0;
	case PROFILING_GET_CONTROL_SWITCH:
		control->switches = switches[control->collector_id & 1];
		return 0;
	case PROFILING_MSR_OPS:
		for (unsigned int i = 0; i < PCPUS; i++)
			list[i].entries[0].value = list[i].entries[0].msr_id + 1;
		return 0;
	case PROFILING_CONFIG_PMI:
		return -EINVAL;
	default:
		return -1;
	}
}

s32 acrn_hypercall(u32 id, u64 param1, u64 param2)
{
	switch (id) {
	case HC_GET_HW_INFO:
		((struct acrn_hw_info *)phys_to_virt(param1))->cpu_num = PCPUS;
		return 0;
	case HC_SETUP_SBUF:
		return setup_sbuf(phys_to_virt(param2));
	case HC_PROFILING_OPS:
		return profiling(param1, phys_to_virt(param2));
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(acrn_hypercall);

void acrn_cpuid(u32 leaf, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	*eax = leaf == CPUID_HV_FEATURES ? CPUID_HV_FEATURE_SERVICE_VM : CPUID_HV_MAX_LEAF;
	*ebx = CPUID_HV_NAME;
	*ecx = leaf == 1 ? CPUID_1_ECX_HYPERVISOR : CPUID_HV_NAME;
	*edx = CPUID_HV_NAME;
}
