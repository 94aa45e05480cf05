// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/acrn_sep_<pcpu>, /dev/acrn_socwatch_<pcpu>: the profiler's rings; /dev/acrn_profiling:
 * HC_PROFILING_OPS for programs; acrn-modules(4).
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "acrn_profiling.h"
#include "acrn_rings.h"
#include "formats/abi/hypercall.h"

/*
 * What the hypervisor reads and writes. More than any argument has: a hypervisor built for more
 * pCPUs or VMs than its interface says finds zeros behind ours, and does not write into memory of
 * somebody else.
 */
#define ARGUMENT_SIZE (16U << 10)

static unsigned int mode = 0600;
module_param(mode, uint, 0444);
MODULE_PARM_DESC(mode, "permissions of the device nodes (0600)");

static const struct {
	unsigned int ioctl;
	bool writes_msrs;
} commands[] = {
	[PROFILING_MSR_OPS] = { ACRN_PROFILING_MSR_OPS, true },
	[PROFILING_GET_VMINFO] = { ACRN_PROFILING_GET_VMINFO },
	[PROFILING_GET_VERSION] = { ACRN_PROFILING_GET_VERSION },
	[PROFILING_GET_CONTROL_SWITCH] = { ACRN_PROFILING_GET_CONTROL },
	[PROFILING_SET_CONTROL_SWITCH] = { ACRN_PROFILING_SET_CONTROL },
	[PROFILING_CONFIG_PMI] = { ACRN_PROFILING_CONFIG_PMI, true },
	[PROFILING_CONFIG_VMSWITCH] = { ACRN_PROFILING_CONFIG_VMSWITCH, true },
	[PROFILING_GET_PCPUID] = { ACRN_PROFILING_GET_PCPUID },
	[PROFILING_GET_STATUS] = { ACRN_PROFILING_GET_STATUS },
};

/* argument: ARGUMENT_SIZE zeroed bytes that are contiguous in memory. */
static int call(unsigned int command, void *argument, void __user *user)
{
	unsigned int ioctl = commands[command].ioctl;
	int error;

	if ((_IOC_DIR(ioctl) & _IOC_WRITE) && copy_from_user(argument, user, _IOC_SIZE(ioctl)))
		return -EFAULT;
	error = acrn_errno(acrn_hypercall(HC_PROFILING_OPS, command, virt_to_phys(argument)));
	if (error)
		return error;
	if ((_IOC_DIR(ioctl) & _IOC_READ) && copy_to_user(user, argument, _IOC_SIZE(ioctl)))
		return -EFAULT;
	return 0;
}

static long control_ioctl(struct file *file, unsigned int ioctl, unsigned long user)
{
	unsigned int command = _IOC_NR(ioctl) - ACRN_PROFILING_IOC_FIRST;
	void *argument;
	int error;

	if (command >= ARRAY_SIZE(commands))
		return -ENOTTY;
	command = array_index_nospec(command, ARRAY_SIZE(commands));
	/* Type, size and direction are in the number. */
	if (ioctl != commands[command].ioctl)
		return -ENOTTY;
	/* As /dev/cpu/<n>/msr asks for, whatever the node's mode is. */
	if (commands[command].writes_msrs && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	argument = alloc_pages_exact(ARGUMENT_SIZE, GFP_KERNEL | __GFP_ZERO);
	if (!argument)
		return -ENOMEM;
	error = call(command, argument, (void __user *)user);
	free_pages_exact(argument, ARGUMENT_SIZE);
	return error;
}

/* Any number of openers: one reads the status while another one profiles. */
static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static const struct file_operations ring_fops = {
	.owner = THIS_MODULE,
	.open = acrn_device_open,
	.release = acrn_device_release,
	.mmap = acrn_device_mmap,
};

static const struct acrn_ring_kind sep_kind = {
	.name = "acrn_sep",
	.id = SBUF_SEP,
	.size = ACRN_SEP_RING_SIZE,
	.ele_size = SBUF_SEP_ELE_SIZE,
};

static const struct acrn_ring_kind socwatch_kind = {
	.name = "acrn_socwatch",
	.id = SBUF_SOCWATCH,
	.size = ACRN_SOCWATCH_RING_SIZE,
	.ele_size = SBUF_SOCWATCH_ELE_SIZE,
};

static struct acrn_rings sep_rings, socwatch_rings;
static struct acrn_device *control;

static int __init profiling_init(void)
{
	struct acrn_device_options options = {
		.name = "acrn_profiling",
		.pcpu = -1,
		.fops = &control_fops,
		.mode = mode,
	};
	int error = acrn_mode_check(KBUILD_MODNAME, mode);

	BUILD_BUG_ON(sizeof(struct acrn_profiling_msr_ops) > ARGUMENT_SIZE);
	if (error)
		return error;
	error = acrn_rings_add(&sep_rings, &sep_kind, &ring_fops, mode);
	if (error)
		return error;
	error = acrn_rings_add(&socwatch_rings, &socwatch_kind, &ring_fops, mode);
	if (error)
		goto remove_sep;
	control = acrn_device_add(&options);
	if (!IS_ERR(control))
		return 0;
	error = PTR_ERR(control);
	acrn_rings_remove(&socwatch_rings);
remove_sep:
	acrn_rings_remove(&sep_rings);
	return error;
}
module_init(profiling_init);

static void __exit profiling_exit(void)
{
	acrn_device_remove(control);
	acrn_rings_remove(&socwatch_rings);
	acrn_rings_remove(&sep_rings);
}
module_exit(profiling_exit);

MODULE_DESCRIPTION("Profiling of the ACRN hypervisor: rings and control");
MODULE_LICENSE("GPL");
