// SPDX-License-Identifier: GPL-2.0
/* The rings of a kind, one for each pCPU, with their devices; and the module acrn_rings itself. */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/slab.h>

#include "rings_internal.h"

static int add_ring(struct acrn_rings *rings, unsigned int pcpu, const struct file_operations *fops,
		    umode_t mode)
{
	struct acrn_device_options options = {
		.name = rings->kind->name,
		.pcpu = pcpu,
		.fops = fops,
		.mode = mode,
		.size = rings->kind->size,
	};
	struct ring_memory *ring = ring_memory_start(rings->kind, pcpu);
	struct acrn_device *device;

	if (IS_ERR(ring))
		return PTR_ERR(ring);
	options.memory = ring_memory_address(ring);
	options.private = ring;
	device = acrn_device_add(&options);
	if (IS_ERR(device)) {
		ring_memory_stop(ring);
		return PTR_ERR(device);
	}
	rings->devices[rings->count++] = device;
	return 0;
}

int acrn_rings_add(struct acrn_rings *rings, const struct acrn_ring_kind *kind,
		   const struct file_operations *fops, umode_t mode)
{
	int nr_pcpus = acrn_nr_pcpus(), error = 0;

	if (nr_pcpus < 0)
		return nr_pcpus;
	*rings = (struct acrn_rings){ .kind = kind };
	rings->devices = kcalloc(nr_pcpus, sizeof(*rings->devices), GFP_KERNEL);
	if (!rings->devices)
		return -ENOMEM;
	for (int pcpu = 0; pcpu < nr_pcpus && !error; pcpu++)
		error = add_ring(rings, pcpu, fops, mode);
	if (error)
		acrn_rings_remove(rings);
	return error;
}
EXPORT_SYMBOL_GPL(acrn_rings_add);

void acrn_rings_remove(struct acrn_rings *rings)
{
	unsigned int kept = 0;

	while (rings->count) {
		struct acrn_device *device = rings->devices[--rings->count];
		struct ring_memory *ring = device->private;

		acrn_device_remove(device);
		kept += !ring_memory_stop(ring);
	}
	if (kept)
		pr_info("%s: this hypervisor writes on into %u rings: their %u KiB are kept\n",
			rings->kind->name, kept, kept * (rings->kind->size >> 10));
	kfree(rings->devices);
	rings->devices = NULL;
}
EXPORT_SYMBOL_GPL(acrn_rings_remove);

/* Also called before kexec, whose kernel knows nothing of the rings. */
static int at_reboot(struct notifier_block *block, unsigned long action, void *data)
{
	ring_memory_stop_all();
	return NOTIFY_DONE;
}

static struct notifier_block reboot_block = { .notifier_call = at_reboot };

static int __init rings_init(void)
{
	int error = service_vm_check();

	if (error)
		return error;
	error = device_init();
	if (error)
		return error;
	error = register_reboot_notifier(&reboot_block);
	if (error)
		device_exit();
	return error;
}
module_init(rings_init);

static void __exit rings_exit(void)
{
	unregister_reboot_notifier(&reboot_block);
	ring_memory_free_all();
	device_exit();
}
module_exit(rings_exit);

MODULE_DESCRIPTION("Rings shared with the ACRN hypervisor: memory and device nodes");
MODULE_LICENSE("GPL");
