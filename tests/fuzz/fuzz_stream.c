// SPDX-License-Identifier: BSD-3-Clause
/*
 * Any bytes as a stream: no crash, no hang, no memory without bound. The first byte chooses how
 * they are read. As zstd's checksums would stop nearly all that libFuzzer comes up with, the rest
 * are packets that are framed here; or, with the top bit of the first byte, the file as it is.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "formats/stream_layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ZSTD_CCtx *zstd;
static uint8_t packet[1 << 16], frame[1 << 17];
static struct trace_record records[CHUNK_RECORDS];

static void put_frame(int fd, const uint8_t *data, size_t size)
{
	size_t at = varint_put(packet, size), n;

	memcpy(packet + at, data, size);
	n = ZSTD_compress2(zstd, frame, sizeof(frame), packet, at + size);
	if (ZSTD_isError(n) || write(fd, frame, n) != (ssize_t)n)
		abort();
}

/* Each frame: two bytes that say how long its packet is. */
static void put_frames(int fd, const uint8_t *data, size_t size)
{
	while (size > 2) {
		size_t length = (size_t)(data[0] | data[1] << 8) % 60000;

		length = length < size - 2 ? length : size - 2;
		put_frame(fd, data + 2, length);
		data += 2 + length;
		size -= 2 + length;
	}
}

static void read_all(int fd, const struct source_filter *filter)
{
	struct source *source;
	struct trace_item item;
	struct error error;

	if (source_open_stream(&source, fd, "fuzz", filter, &error))
		return;
	while (source_next(source, &item, &error) == 0 && item.kind != ITEM_END)
		if (item.kind == ITEM_TRACE && columns_join(&item.columns, records) &&
		    filter->payload)
			abort(); /* asked for payload and got none */
	source_close(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t header[] = { 0x08, 1, 0x12, 4, 0x08, 1, 0x10, 1 };
	static struct stream_info info;
	struct error error;
	struct source_filter filter = { 0 };
	int fd;

	if (!size)
		return 0;
	if (!zstd) {
		zstd = ZSTD_createCCtx();
		ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	}
	fd = memfd_create("fuzz", 0);
	if (*data & 0x80) {
		if (write(fd, data + 1, size - 1) != (ssize_t)size - 1)
			abort();
	} else {
		put_frame(fd, header, sizeof(header));
		put_frames(fd, data + 1, size - 1);
	}
	filter.payload = *data & 1;
	filter.one_pcpu = *data & 2;
	filter.from_tsc = *data & 4 ? 1000 : 0;
	lseek(fd, 0, SEEK_SET);
	stream_read_info(fd, "fuzz", *data & 8, &info, &error);
	lseek(fd, 0, SEEK_SET);
	read_all(fd, &filter);
	return 0;
}
