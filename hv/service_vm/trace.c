// SPDX-License-Identifier: GPL-2.0
/* /dev/acrn_trace_<pcpu>: the hypervisor's trace rings; acrn-modules(4). */
#include <linux/module.h>

#include "acrn_rings.h"

static unsigned int mode = 0600;
module_param(mode, uint, 0444);
MODULE_PARM_DESC(mode, "permissions of the device nodes (0600)");

static const struct acrn_ring_kind trace_kind = {
	.name = "acrn_trace",
	.id = SBUF_TRACE,
	.size = SBUF_TRACE_SIZE,
	.ele_size = SBUF_TRACE_ELE_SIZE,
};

static const struct file_operations trace_fops = {
	.owner = THIS_MODULE,
	.open = acrn_device_open,
	.release = acrn_device_release,
	.mmap = acrn_device_mmap,
};

static struct acrn_rings rings;

static int __init trace_init(void)
{
	int error = acrn_mode_check(KBUILD_MODNAME, mode);
	if (!error)
		error = acrn_rings_add(&rings, &trace_kind, &trace_fops, mode);
	return error;
}
module_init(trace_init);

static void __exit trace_exit(void)
{
	acrn_rings_remove(&rings);
}
module_exit(trace_exit);

MODULE_DESCRIPTION("Trace rings of the ACRN hypervisor");
MODULE_LICENSE("GPL");
