// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/acrn_hvlog_cur_<pcpu>, /dev/acrn_hvlog_last_<pcpu>: the hypervisor's log of this boot and of
 * the last one; acrn-modules(4).
 */
#include <linux/err.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "acrn_rings.h"
#include "hvlog.h"

static unsigned int mode = 0600;
module_param(mode, uint, 0444);
MODULE_PARM_DESC(mode, "permissions of the device nodes (0600)");

static char *hvlog;
module_param(hvlog, charp, 0444);
MODULE_PARM_DESC(hvlog, "<size>@<base> of the log's memory (from the kernel's command line)");

static struct hvlog hv;
static struct acrn_device **devices; /* for each pCPU the one of this boot, of the last or NULL */
static unsigned int set_up;	     /* rings the hypervisor was told of */
static DEFINE_MUTEX(read_lock);

/* One element, or nothing. The header is not trusted: programs may have it mapped. */
static ssize_t read_element(struct shared_buf *ring, char __user *to)
{
	/* Pairs with the hypervisor's release of tail: the elements before it are there. */
	u32 tail = smp_load_acquire(&ring->tail), head = READ_ONCE(ring->head);
	u32 size = hvlog_data_size(&hv);

	if (tail >= size || tail % SBUF_HVLOG_ELE_SIZE || head >= size ||
	    head % SBUF_HVLOG_ELE_SIZE)
		return -EBADMSG;
	if (head == tail)
		return 0;
	if (copy_to_user(to, (u8 *)ring + SBUF_HEADER_SIZE + head, SBUF_HVLOG_ELE_SIZE))
		return -EFAULT;
	head += SBUF_HVLOG_ELE_SIZE;
	/* After the copy; the hypervisor acquires head before it writes there again. */
	smp_store_release(&ring->head, head < size ? head : 0);
	return SBUF_HVLOG_ELE_SIZE;
}

static ssize_t hvlog_read(struct file *file, char __user *to, size_t count, loff_t *at)
{
	ssize_t result;

	if (count < SBUF_HVLOG_ELE_SIZE)
		return -EINVAL;
	mutex_lock(&read_lock);
	result = read_element(acrn_device_of(file)->private, to);
	mutex_unlock(&read_lock);
	return result;
}

/* The last boot's log does not change: each opener reads all of it. */
static int open_last(struct inode *inode, struct file *file)
{
	int error = acrn_device_open(inode, file);

	if (!error)
		hvlog_rewind_last(acrn_device_of(file)->private, hvlog_data_size(&hv));
	return error;
}

static const struct file_operations current_fops = {
	.owner = THIS_MODULE,
	.open = acrn_device_open,
	.release = acrn_device_release,
	.read = hvlog_read,
	.mmap = acrn_device_mmap,
};

static const struct file_operations last_fops = {
	.owner = THIS_MODULE,
	.open = open_last,
	.release = acrn_device_release,
	.read = hvlog_read,
	.mmap = acrn_device_mmap,
};

static int add_device(unsigned int half, unsigned int pcpu)
{
	bool last = half != hv.current_half;
	struct acrn_device_options options = {
		.name = last ? "acrn_hvlog_last" : "acrn_hvlog_cur",
		.pcpu = pcpu,
		.fops = last ? &last_fops : &current_fops,
		.mode = mode,
		.memory = hv.base + hvlog_offset(&hv, half, pcpu),
		.size = hv.ring_size,
		.private = hvlog_ring(&hv, half, pcpu),
	};
	struct acrn_device *device;

	/* A mapping has whole pages, and no other ring in them. */
	if (!PAGE_ALIGNED(options.memory) || !PAGE_ALIGNED(options.size))
		options.size = 0;
	device = acrn_device_add(&options);
	if (IS_ERR(device))
		return PTR_ERR(device);
	devices[2 * pcpu + last] = device;
	return 0;
}

static int add_pcpu(unsigned int pcpu)
{
	int error = acrn_setup_sbuf(SBUF_HVLOG, pcpu,
				    hv.base + hvlog_offset(&hv, hv.current_half, pcpu));

	if (error) {
		pr_info("acrn_hvlog: pCPU %u: the hypervisor refuses the ring (%d)\n", pcpu, error);
		return error;
	}
	set_up++;
	error = add_device(hv.current_half, pcpu);
	if (!error && hvlog_is_last(&hv, pcpu))
		error = add_device(!hv.current_half, pcpu);
	return error;
}

/*
 * The memory is reserved for the log, so it does not matter whether the hypervisor stops. Where it
 * made the rings itself it is not asked to: what it has to say of a crash is to be kept.
 */
static void remove_all(void)
{
	for (unsigned int i = 0; devices && i < 2 * hv.nr_pcpus; i++)
		acrn_device_remove(devices[i]);
	while (set_up && !hv.made_by_hypervisor)
		acrn_setup_sbuf(SBUF_HVLOG, --set_up, 0);
	kfree(devices);
	memunmap(hv.memory);
}

static int __init map_memory(void)
{
	if (region_intersects(hv.base, hv.size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT) {
		pr_info("acrn_hvlog: %#zx bytes at %pa are this kernel's memory; reserve them with "
			"memmap=\n",
			hv.size, &hv.base);
		return -EBUSY;
	}
	hv.memory = memremap(hv.base, hv.size, MEMREMAP_WB);
	return hv.memory ? 0 : -ENOMEM;
}

static int __init add_all(void)
{
	int error = hvlog_find_halves(&hv);

	if (error) {
		pr_info("acrn_hvlog: %#zx bytes are too few for the log of %u pCPUs\n", hv.size,
			hv.nr_pcpus);
		return error;
	}
	for (unsigned int pcpu = 0; pcpu < hv.nr_pcpus && !error; pcpu++)
		error = add_pcpu(pcpu);
	return error;
}

static int __init hvlog_init(void)
{
	int nr_pcpus = acrn_nr_pcpus(), error = acrn_mode_check(KBUILD_MODNAME, mode);

	if (!error && nr_pcpus < 0)
		error = nr_pcpus;
	if (!error)
		error = hvlog_place(&hv, hvlog);
	if (!error)
		error = map_memory();
	if (error)
		return error;
	hv.nr_pcpus = nr_pcpus;
	devices = kcalloc(2 * nr_pcpus, sizeof(*devices), GFP_KERNEL);
	error = devices ? add_all() : -ENOMEM;
	if (error)
		remove_all();
	return error;
}
module_init(hvlog_init);

static void __exit hvlog_exit(void)
{
	remove_all();
}
module_exit(hvlog_exit);

MODULE_DESCRIPTION("Log of the ACRN hypervisor, of this boot and of the last one");
MODULE_LICENSE("GPL");
