// SPDX-License-Identifier: GPL-2.0
/* The device nodes: who may open them, how often, and what can be mapped; acrn-modules(4). */
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/version.h>

#include "rings_internal.h"

#define MINORS 4096U

static dev_t first;
static DEFINE_IDA(minors);

static struct acrn_device *from_dev(const struct device *dev)
{
	return container_of(dev, struct acrn_device, dev);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
static char *node_of(const struct device *dev, umode_t *mode)
#else
static char *node_of(struct device *dev, umode_t *mode)
#endif
{
	if (mode)
		*mode = from_dev(dev)->mode;
	return NULL; /* the name stays */
}

static struct class acrn_class = {
	.name = "acrn_rings",
	.devnode = node_of,
};

static void release(struct device *dev)
{
	ida_free(&minors, MINOR(dev->devt));
	kfree(from_dev(dev));
}

static int set_name(struct acrn_device *device, const struct acrn_device_options *options)
{
	if (options->pcpu < 0)
		return dev_set_name(&device->dev, "%s", options->name);
	return dev_set_name(&device->dev, "%s_%d", options->name, options->pcpu);
}

struct acrn_device *acrn_device_add(const struct acrn_device_options *options)
{
	struct acrn_device *device = kzalloc(sizeof(*device), GFP_KERNEL);
	int minor, error;

	if (!device)
		return ERR_PTR(-ENOMEM);
	minor = ida_alloc_max(&minors, MINORS - 1, GFP_KERNEL);
	if (minor < 0) {
		kfree(device);
		return ERR_PTR(minor);
	}
	device->mode = options->mode;
	device->memory = options->memory;
	device->size = options->size;
	device->private = options->private;
	device_initialize(&device->dev);
	device->dev.class = &acrn_class;
	device->dev.devt = MKDEV(MAJOR(first), minor);
	device->dev.release = release;
	cdev_init(&device->cdev, options->fops);
	device->cdev.owner = options->fops->owner;
	error = set_name(device, options);
	if (!error)
		error = cdev_device_add(&device->cdev, &device->dev);
	if (error) {
		put_device(&device->dev);
		return ERR_PTR(error);
	}
	return device;
}
EXPORT_SYMBOL_GPL(acrn_device_add);

void acrn_device_remove(struct acrn_device *device)
{
	if (IS_ERR_OR_NULL(device))
		return;
	cdev_device_del(&device->cdev, &device->dev);
	put_device(&device->dev);
}
EXPORT_SYMBOL_GPL(acrn_device_remove);

int acrn_device_open(struct inode *inode, struct file *file)
{
	struct acrn_device *device = container_of(inode->i_cdev, struct acrn_device, cdev);

	if (test_and_set_bit_lock(0, &device->opened))
		return -EBUSY;
	file->private_data = device;
	return stream_open(inode, file);
}
EXPORT_SYMBOL_GPL(acrn_device_open);

/* A mapping holds the file: when this is called there is none. */
int acrn_device_release(struct inode *inode, struct file *file)
{
	clear_bit_unlock(0, &acrn_device_of(file)->opened);
	return 0;
}
EXPORT_SYMBOL_GPL(acrn_device_release);

int acrn_device_mmap(struct file *file, struct vm_area_struct *vma)
{
	const struct acrn_device *device = acrn_device_of(file);
	unsigned long size = vma->vm_end - vma->vm_start;

	if (!device->size)
		return -ENODEV;
	/* VM_SHARED would also refuse a shared mapping that is only read. */
	if (!(vma->vm_flags & VM_MAYSHARE) || vma->vm_pgoff || size != device->size)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, PHYS_PFN(device->memory), size,
			       vma->vm_page_prot);
}
EXPORT_SYMBOL_GPL(acrn_device_mmap);

int acrn_mode_check(const char *module, unsigned int mode)
{
	if (!(mode & ~0666U))
		return 0;
	pr_info("%s: mode=%#o: only the bits of 0666 are allowed\n", module, mode);
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(acrn_mode_check);

int device_init(void)
{
	int error = alloc_chrdev_region(&first, 0, MINORS, "acrn_rings");

	if (error)
		return error;
	error = class_register(&acrn_class);
	if (error)
		unregister_chrdev_region(first, MINORS);
	return error;
}

void device_exit(void)
{
	class_unregister(&acrn_class);
	unregister_chrdev_region(first, MINORS);
	ida_destroy(&minors);
}
