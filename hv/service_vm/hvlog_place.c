// SPDX-License-Identifier: GPL-2.0
/* Where the memory of the log is: hvlog=<size>@<base>; and which boot this is. */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "hvlog.h"

#define COMMAND_LINE_MAX 4096

/*
 * Reads a file of /proc: neither the command line nor the boot's id is exported to modules. The
 * caller frees the text.
 */
static char *read_text(const char *path)
{
	struct file *file = filp_open(path, O_RDONLY, 0);
	char *text;
	loff_t at = 0;
	ssize_t length;

	if (IS_ERR(file)) {
		pr_info("acrn_hvlog: %s: cannot be opened (%ld)\n", path, PTR_ERR(file));
		return ERR_CAST(file);
	}
	text = kzalloc(COMMAND_LINE_MAX + 1, GFP_KERNEL);
	length = text ? kernel_read(file, text, COMMAND_LINE_MAX, &at) : -ENOMEM;
	filp_close(file, NULL);
	if (length >= 0)
		return text;
	kfree(text);
	return ERR_PTR(length);
}

static int parse_place(struct hvlog *log, const char *text)
{
	char *end;
	u64 size = memparse(text, &end), base;

	if (end == text || *end != '@')
		return -EINVAL;
	text = end + 1;
	base = memparse(text, &end);
	if (end == text || (*end && !strchr(" \n", *end)))
		return -EINVAL;
	if (!size || !base || !PAGE_ALIGNED(size) || !PAGE_ALIGNED(base) || size >> 32 ||
	    base + size < base)
		return -EINVAL;
	log->size = size;
	log->base = base;
	return 0;
}

/* The last hvlog= on the command line, NULL: there is none. */
static const char *find_option(const char *line)
{
	static const char option[] = "hvlog=";
	const char *at = line, *found = NULL;

	while ((at = strstr(at, option))) {
		if (at == line || at[-1] == ' ')
			found = at + strlen(option);
		at += strlen(option);
	}
	return found;
}

static int place_on_command_line(struct hvlog *log)
{
	char *line = read_text("/proc/cmdline");
	const char *option;
	int error = -EINVAL;

	if (IS_ERR(line))
		return PTR_ERR(line);
	option = find_option(line);
	if (!option)
		pr_info("acrn_hvlog: no hvlog=<size>@<base> on the command line or as parameter\n");
	else
		error = parse_place(log, option);
	if (option && error)
		pr_info("acrn_hvlog: hvlog= is not <size>@<base> in whole pages\n");
	kfree(line);
	return error;
}

/* The first eight digits of the boot's id are random. */
static int find_boot_id(struct hvlog *log)
{
	char *text = read_text("/proc/sys/kernel/random/boot_id");
	int error = 0;

	if (IS_ERR(text))
		return PTR_ERR(text);
	text[8] = '\0';
	error = kstrtou32(text, 16, &log->boot_id);
	kfree(text);
	if (!log->boot_id)
		log->boot_id = 1;
	return error;
}

int hvlog_place(struct hvlog *log, const char *parameter)
{
	int error = parameter ? parse_place(log, parameter) : place_on_command_line(log);

	if (error && parameter)
		pr_info("acrn_hvlog: hvlog=%s is not <size>@<base> in whole pages\n", parameter);
	if (!error)
		error = find_boot_id(log);
	return error;
}
