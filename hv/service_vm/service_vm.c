// SPDX-License-Identifier: GPL-2.0
/* Finds the hypervisor, and what it says of the machine; acrn-hypercalls(7). */
#include <linux/err.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "formats/abi/cpuid.h"
#include "formats/abi/hypercall.h"
#include "rings_internal.h"

static bool under_acrn(void)
{
	u32 eax, ebx, ecx, edx;

	acrn_cpuid(1, &eax, &ebx, &ecx, &edx);
	if (!(ecx & CPUID_1_ECX_HYPERVISOR))
		return false;
	acrn_cpuid(CPUID_HV_SIGNATURE, &eax, &ebx, &ecx, &edx);
	return eax >= CPUID_HV_FEATURES && ebx == CPUID_HV_NAME && ecx == CPUID_HV_NAME &&
	       edx == CPUID_HV_NAME;
}

int service_vm_check(void)
{
	u32 eax, ebx, ecx, edx;

	if (!under_acrn()) {
		pr_info("acrn_rings: this machine does not run the ACRN hypervisor\n");
		return -ENODEV;
	}
	acrn_cpuid(CPUID_HV_FEATURES, &eax, &ebx, &ecx, &edx);
	if (!(eax & CPUID_HV_FEATURE_SERVICE_VM)) {
		pr_info("acrn_rings: this VM is not the Service VM of the ACRN hypervisor\n");
		return -ENODEV;
	}
	return 0;
}

int acrn_errno(s32 answer)
{
	if (answer >= 0)
		return 0;
	/* -1 is the hypervisor's word for any failure, not a lack of rights. */
	return answer == -1 || answer < -MAX_ERRNO ? -EIO : answer;
}
EXPORT_SYMBOL_GPL(acrn_errno);

/* What the hypervisor reads and writes is on the heap: a stack may not be contiguous. */
int acrn_nr_pcpus(void)
{
	struct acrn_hw_info *info = kzalloc(sizeof(*info), GFP_KERNEL);
	s32 answer;
	int count;

	if (!info)
		return -ENOMEM;
	answer = acrn_hypercall(HC_GET_HW_INFO, virt_to_phys(info), 0);
	count = info->cpu_num;
	kfree(info);
	if (!answer && count)
		return count;
	/*
	 * A hypervisor that is too old to tell. Where the Service VM has all pCPUs, CPU n is pCPU
	 * n: both count the processors in the order of the MADT.
	 */
	return num_present_cpus();
}
EXPORT_SYMBOL_GPL(acrn_nr_pcpus);

int acrn_setup_sbuf(u32 sbuf_id, unsigned int pcpu, phys_addr_t gpa)
{
	struct acrn_sbuf_param *param = kzalloc(sizeof(*param), GFP_KERNEL);
	s32 answer;

	if (!param)
		return -ENOMEM;
	*param = (struct acrn_sbuf_param){ .cpu_id = pcpu, .sbuf_id = sbuf_id, .gpa = gpa };
	answer = acrn_hypercall(HC_SETUP_SBUF, 0, virt_to_phys(param));
	kfree(param);
	return acrn_errno(answer);
}
EXPORT_SYMBOL_GPL(acrn_setup_sbuf);
