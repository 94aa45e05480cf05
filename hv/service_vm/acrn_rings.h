/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What acrn_rings.ko does for the modules that offer the hypervisor's rings: it finds the
 * hypervisor, owns the rings' memory, and makes the device nodes; acrn-modules(4).
 */
#ifndef ACRN_RINGS_H
#define ACRN_RINGS_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/types.h>

#include "formats/abi/sbuf.h"

/* --- the hypervisor --- */

/* A hypercall, see acrn-hypercalls(7): its answer, negative for an error. */
s32 acrn_hypercall(u32 id, u64 param1, u64 param2);

/* The same as a negative errno, or 0. */
int acrn_errno(s32 answer);

/*
 * The number of pCPUs as the hypervisor counts them: rings and devices are numbered 0 to one less.
 * It says nothing about this kernel's CPUs: a pCPU that is not ours, or off line, has its rings.
 */
int acrn_nr_pcpus(void);

/* HC_SETUP_SBUF; gpa 0 asks to stop, and that has no answer. Negative errno. */
int acrn_setup_sbuf(u32 sbuf_id, unsigned int pcpu, phys_addr_t gpa);

/* --- device nodes --- */

struct acrn_device_options {
	const char *name;
	int pcpu; /* behind the name; -1: nothing */
	const struct file_operations *fops;
	umode_t mode;
	phys_addr_t memory; /* what mmap() gives, */
	size_t size;	    /* in bytes; 0: nothing can be mapped */
	void *private;
};

struct acrn_device {
	struct device dev;
	struct cdev cdev;
	unsigned long opened; /* bit 0: somebody has it open */
	umode_t mode;
	phys_addr_t memory;
	size_t size;
	void *private;
};

/* ERR_PTR on failure. The device is the caller's until acrn_device_remove(). */
struct acrn_device *acrn_device_add(const struct acrn_device_options *options);
/* NULL and ERR_PTR are allowed. */
void acrn_device_remove(struct acrn_device *device);

/* For file_operations, whose owner is the module that added the device: one opener, whole memory.
 */
int acrn_device_open(struct inode *inode, struct file *file);
int acrn_device_release(struct inode *inode, struct file *file);
int acrn_device_mmap(struct file *file, struct vm_area_struct *vma);

static inline struct acrn_device *acrn_device_of(const struct file *file)
{
	return file->private_data;
}

/* -EINVAL, and a line in the log, where a module's parameter mode is not one of a device node. */
int acrn_mode_check(const char *module, unsigned int mode);

/* --- rings in this kernel's memory, one for each pCPU --- */

struct acrn_ring_kind {
	const char *name; /* of the devices, before _<pcpu> */
	u32 id;		  /* enum sbuf_id */
	u32 size;	  /* bytes, header included; a power of two */
	u32 ele_size;
};

struct acrn_rings {
	const struct acrn_ring_kind *kind;
	unsigned int count;
	struct acrn_device **devices;
};

/* Sets up all rings of a kind and adds their devices; all or nothing. */
int acrn_rings_add(struct acrn_rings *rings, const struct acrn_ring_kind *kind,
		   const struct file_operations *fops, umode_t mode);
/* Removes the devices and asks the hypervisor to stop. The memory stays for the next time. */
void acrn_rings_remove(struct acrn_rings *rings);

#endif
