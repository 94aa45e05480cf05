// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the boot tests do to the modules' device nodes and a shell cannot:
 *
 *   ring header DEVICE SIZE       maps the ring and prints its header
 *   ring busy DEVICE SIZE         a second opener gets EBUSY, also while only a mapping is left
 *   ring refuse DEVICE SIZE       every other mapping than the whole one is refused
 *   ring hold DEVICE SIZE COMMAND maps the ring, closes the file, runs COMMAND
 *   ring poke DEVICE SIZE OFFSET VALUE   writes a word of the header
 *   ring short DEVICE             reading less than an element is EINVAL
 *   ring ioctl                    the commands of /dev/acrn_profiling
 *   ring ioctl-fake               the same where tests/boot/fake answers
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "formats/abi/sbuf.h"
#include "hv/service_vm/acrn_profiling.h"

static int failed;
static void *volatile nowhere = (void *)16; /* an address that is not mapped */

static void expect(bool good, const char *what)
{
	int error = errno;

	if (good)
		return;
	failed = 1;
	printf("%s: not so (errno %d: %s)\n", what, error, strerror(error));
}

static int open_or_die(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		printf("%s: %s\n", path, strerror(errno));
		exit(1);
	}
	return fd;
}

static struct shared_buf *map_or_die(const char *path, size_t size, bool keep_open)
{
	int fd = open_or_die(path);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED) {
		printf("%s: mmap: %s\n", path, strerror(errno));
		exit(1);
	}
	if (!keep_open)
		close(fd);
	return memory;
}

static void header(const char *path, size_t size)
{
	struct shared_buf *ring = map_or_die(path, size, true);
	struct sbuf_loss *loss = sbuf_loss_of(ring);

	printf("magic=%" PRIx64 " ele_num=%u ele_size=%u size=%u head=%u tail=%u counted=%d\n",
	       ring->magic, ring->ele_num, ring->ele_size, ring->size, ring->head, ring->tail,
	       loss->cookie == SBUF_LOSS_COOKIE);
	expect(SBUF_HEADER_SIZE + ring->size <= size, "the elements fit");
	/* The last byte of the ring is there and can be written. */
	((volatile uint8_t *)ring)[size - 1] = ((volatile uint8_t *)ring)[size - 1];
}

static void busy(const char *path, size_t size)
{
	struct shared_buf *ring = map_or_die(path, size, false);
	int fd = open(path, O_RDWR | O_CLOEXEC);

	expect(fd < 0 && errno == EBUSY, "EBUSY while the ring is mapped");
	expect(munmap(ring, size) == 0, "munmap");
	fd = open_or_die(path);
	expect(open(path, O_RDONLY | O_CLOEXEC) < 0 && errno == EBUSY, "EBUSY while it is open");
	close(fd);
	close(open_or_die(path));
}

static void expect_refused(int fd, size_t size, int flags, off_t offset, const char *what)
{
	void *memory = mmap(NULL, size, PROT_READ, flags, fd, offset);

	expect(memory == MAP_FAILED && errno == EINVAL, what);
	if (memory != MAP_FAILED)
		munmap(memory, size);
}

static void refuse(const char *path, size_t size)
{
	int fd = open_or_die(path);
	void *memory;

	expect_refused(fd, 4096, MAP_SHARED, 0, "a part is refused");
	expect_refused(fd, size + 4096, MAP_SHARED, 0, "more than the ring is refused");
	expect_refused(fd, size, MAP_SHARED, 4096, "another offset is refused");
	expect_refused(fd, size, MAP_PRIVATE, 0, "a private mapping is refused");
	close(fd);
	memory = map_or_die(path, size, false);
	expect(mremap(memory, size, size + 4096, MREMAP_MAYMOVE) == MAP_FAILED,
	       "a mapping does not grow");
}

static void poke(const char *path, size_t size, size_t offset, uint32_t value)
{
	struct shared_buf *ring = map_or_die(path, size, true);

	memcpy((uint8_t *)ring + offset, &value, sizeof(value));
}

static void short_read(const char *path)
{
	char element[SBUF_HVLOG_ELE_SIZE];
	int fd = open_or_die(path);

	expect(read(fd, element, sizeof(element) - 1) < 0 && errno == EINVAL, "79 bytes: EINVAL");
	expect(read(fd, nowhere, sizeof(element)) <= 0, "a bad address");
	expect(lseek(fd, 0, SEEK_SET) < 0 && errno == ESPIPE, "no seeking");
}

static void profiling(void)
{
	int fd = open_or_die("/dev/acrn_profiling");
	struct profiling_version_info version = { 0 };
	struct profiling_control control = { .collector_id = COLLECTOR_SOCWATCH, .switches = 2 };

	expect(ioctl(fd, ACRN_PROFILING_GET_VERSION, &version) == 0, "version");
	expect(version.major == PROFILING_MAJOR_VERSION, "its number");
	printf("version=%d.%d features=%" PRIx64 "\n", version.major, version.minor,
	       (uint64_t)version.supported_features);
	expect(ioctl(fd, ACRN_PROFILING_SET_CONTROL, &control) == 0, "set control");
	control.switches = 0;
	expect(ioctl(fd, ACRN_PROFILING_GET_CONTROL, &control) == 0, "get control");
	expect(control.switches == 2, "what was set is got");
	control.switches = 0;
	expect(ioctl(fd, ACRN_PROFILING_SET_CONTROL, &control) == 0, "set control back");

	expect(ioctl(fd, ACRN_PROFILING_GET_VERSION, nowhere) < 0 && errno == EFAULT, "EFAULT");
	expect(ioctl(fd, ACRN_PROFILING_SET_CONTROL, nowhere) < 0 && errno == EFAULT, "EFAULT");
	expect(ioctl(fd, _IOR(ACRN_PROFILING_IOC, 0xe2, uint32_t), &version) < 0 && errno == ENOTTY,
	       "another size: ENOTTY");
	expect(ioctl(fd, _IO(ACRN_PROFILING_IOC, 0xe9), &version) < 0 && errno == ENOTTY,
	       "no such command: ENOTTY");
	expect(ioctl(fd, _IO(ACRN_PROFILING_IOC, 0xdf), &version) < 0 && errno == ENOTTY,
	       "no such command: ENOTTY");
	close(fd);
}

/* Only against the fake: an answer that is an error, and arguments of the greatest size. */
static void profiling_fake(void)
{
	int fd = open_or_die("/dev/acrn_profiling");
	static struct acrn_profiling_msr_ops ops;
	static struct profiling_pmi_config pmi;

	for (unsigned int i = 0; i < PROFILING_MAX_PCPUS; i++)
		ops.pcpu[i].entries[0].msr_id = 100 + i;
	expect(ioctl(fd, ACRN_PROFILING_MSR_OPS, &ops) == 0, "MSR operations");
	expect(ops.pcpu[1].entries[0].value == 102 && ops.pcpu[2].entries[0].value == 0, "values");
	expect(ioctl(fd, ACRN_PROFILING_CONFIG_PMI, &pmi) < 0 && errno == EINVAL, "EINVAL");
	expect(ioctl(fd, ACRN_PROFILING_GET_STATUS, &ops) < 0 && errno == EIO, "-1 is EIO");
	expect(setuid(1000) == 0, "setuid");
	expect(ioctl(fd, ACRN_PROFILING_MSR_OPS, &ops) < 0 && errno == EPERM, "EPERM");
	close(fd);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	size_t size = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;

	if (!strcmp(what, "header") && argc == 4)
		header(argv[2], size);
	else if (!strcmp(what, "busy") && argc == 4)
		busy(argv[2], size);
	else if (!strcmp(what, "refuse") && argc == 4)
		refuse(argv[2], size);
	else if (!strcmp(what, "short") && argc == 3)
		short_read(argv[2]);
	else if (!strcmp(what, "poke") && argc == 6)
		poke(argv[2], size, strtoul(argv[4], NULL, 0), (uint32_t)strtoul(argv[5], NULL, 0));
	else if (!strcmp(what, "hold") && argc == 5)
		return map_or_die(argv[2], size, false) && system(argv[4]) ? 1 : 0;
	else if (!strcmp(what, "ioctl") && argc == 2)
		profiling();
	else if (!strcmp(what, "ioctl-fake") && argc == 2)
		profiling_fake();
	else
		return 2;
	return failed;
}
