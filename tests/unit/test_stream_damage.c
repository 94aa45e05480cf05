// SPDX-License-Identifier: BSD-3-Clause
/* Streams cut, flipped, rearranged, and files that are none: never a wrong record, never silence.
 */
#include <zstd.h>

#include "formats/acrnscope.pb-c.h"
#include "formats/stream_layout.h"
#include "tests/unit/stream_truth.h"

static const struct source_filter everything = { .payload = true }, core = { 0 };

/* How many items lie wholly in the first bytes of the stream. */
static unsigned int items_before(const struct truth *truth, size_t bytes)
{
	unsigned int n = 0;

	while (n < truth->nr_items && truth->items[n].end <= (long)bytes)
		n++;
	return n;
}

static int as_pipe(const uint8_t *bytes, size_t size)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], bytes, size), (ssize_t)size);
	close(ends[1]);
	return ends[0];
}

/* Cut at every byte: all that is complete comes, then -ENODATA. */
static void test_cuts(void **state)
{
	struct truth *truth = small_truth();
	struct error error = { "" };
	unsigned int given;
	size_t size;
	uint8_t *bytes = truth_bytes(truth, true, &size);

	(void)state;
	assert_true(size < 65536); /* what a pipe holds */
	for (size_t cut = 1; cut < size; cut++) {
		unsigned int expected = items_before(truth, cut);
		bool piped = cut % 3 == 0, payload = cut % 2;
		int fd = piped ? as_pipe(bytes, cut) : memory_file(bytes, cut);

		assert_int_equal(
			read_truth(truth, fd, payload ? &everything : &core, &given, &error),
			-ENODATA);
		assert_non_null(strstr(error.text, "FILE: ends early"));
		assert_true(given >= expected);
		assert_true(given <= expected + !payload); /* its first frame may be there */
	}
	free(bytes);
	truth_free(truth);
}

/* Cuts of a stream with several Index packets, near all of its frames. */
static void test_cuts_of_long(void **state)
{
	struct truth *truth = long_truth(true);
	struct error error;
	unsigned int given;
	size_t size;
	uint8_t *bytes = truth_bytes(truth, true, &size);

	(void)state;
	for (unsigned int i = 0; i < truth->nr_items; i += 29)
		for (int off = -1; off <= 1; off++) {
			size_t cut = (size_t)(truth->items[i].end + off);

			assert_int_equal(read_truth(truth, memory_file(bytes, cut), &everything,
						    &given, &error),
					 -ENODATA);
			assert_int_equal(given, items_before(truth, cut));
		}
	free(bytes);
	truth_free(truth);
}

struct flips {
	unsigned int found, harmless;
};

/* One flipped bit: an error, or nothing is changed at all. */
static void check_flip(const struct truth *truth, const uint8_t *bytes, size_t size,
		       const struct stream_info *good, struct flips *flips)
{
	struct stream_info info;
	struct error error = { "" };
	unsigned int given;
	int fd = memory_file(bytes, size), err;

	err = stream_read_info(fd, "FILE", true, &info, &error);
	lseek(fd, 0, SEEK_SET);
	if (err) {
		assert_true(strncmp(error.text, "FILE: ", 6) == 0);
		flips->found++;
	} else {
		assert_memory_equal(&info, good, sizeof(info));
		assert_int_equal(read_truth(truth, dup(fd), &everything, &given, &error), 0);
		assert_int_equal(given, truth->nr_items);
		flips->harmless++;
		lseek(fd, 0, SEEK_SET);
	}
	err = read_truth(truth, dup(fd), &everything, &given, &error);
	assert_true(err || given == truth->nr_items);
	lseek(fd, 0, SEEK_SET);
	err = read_truth(truth, fd, &core, &given, &error);
	assert_true(err || given == truth->nr_items);
}

static void test_flips(void **state)
{
	struct truth *truth = small_truth();
	struct stream_info good;
	struct flips flips = { 0 };
	struct error error;
	size_t size;
	uint8_t *bytes = truth_bytes(truth, true, &size);
	int fd = memory_file(bytes, size);

	(void)state;
	assert_int_equal(stream_read_info(fd, "FILE", true, &good, &error), 0);
	close(fd);
	for (size_t at = 0; at < size; at++)
		for (unsigned int bit = at % 4; bit < 8; bit += 4) {
			bytes[at] ^= (uint8_t)(1U << bit);
			check_flip(truth, bytes, size, &good, &flips);
			bytes[at] ^= (uint8_t)(1U << bit);
		}
	/* zstd has bits without meaning: one in each frame, and where codes are padded */
	assert_true(flips.found > 100 * flips.harmless);
	free(bytes);
	truth_free(truth);
}

#define MAX_FRAMES 4096

/* Offsets of all frames, and of the end behind them. */
static unsigned int find_frames(const uint8_t *bytes, size_t size, size_t *offsets)
{
	unsigned int n = 0;

	for (size_t at = 0; at < size;) {
		size_t length = ZSTD_findFrameCompressedSize(bytes + at, size - at);

		assert_false(ZSTD_isError(length));
		assert_true(n + 1 < MAX_FRAMES);
		offsets[n++] = at;
		at += length;
	}
	offsets[n] = size;
	return n;
}

/* Builds a stream of the frames listed, out of those of another. */
static size_t assemble(uint8_t *to, const uint8_t *from, const size_t *offsets,
		       const unsigned int *list, unsigned int n)
{
	size_t at = 0;

	for (unsigned int i = 0; i < n; i++) {
		size_t length = offsets[list[i] + 1] - offsets[list[i]];

		memcpy(to + at, from + offsets[list[i]], length);
		at += length;
	}
	return at;
}

/* how: 0 a frame left out, 1 doubled, 2 exchanged with the next one. */
static unsigned int rearrange(unsigned int *list, unsigned int n, unsigned int frame, int how)
{
	unsigned int length = 0;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int other = i == frame ? i + 1 : i == frame + 1 ? i - 1 : i;

		if (i != frame || how != 0)
			list[length++] = how == 2 && frame + 1 < n ? other : i;
		if (i == frame && how == 1)
			list[length++] = i;
	}
	return length;
}

/* Whole frames that are missing, double or in the wrong place are noticed without fail. */
static void check_rearranged(struct truth *truth, bool with_end, unsigned int step)
{
	static size_t offsets[MAX_FRAMES];
	static unsigned int list[MAX_FRAMES + 1];
	struct error error;
	size_t size;
	uint8_t *bytes = truth_bytes(truth, with_end, &size), *other = malloc(2 * size);
	unsigned int n = find_frames(bytes, size, offsets);

	assert_non_null(other);
	for (unsigned int frame = 0; frame < n; frame += step)
		for (int how = 0; how < 3; how++) {
			unsigned int length = rearrange(list, n, frame, how), given;
			size_t s = assemble(other, bytes, offsets, list, length);

			if (how == 2 && frame + 1 == n)
				continue;
			for (int payload = 0; payload < 2; payload++)
				assert_true(read_truth(truth, memory_file(other, s),
						       payload ? &everything : &core, &given,
						       &error) < 0);
		}
	free(other);
	free(bytes);
}

static void test_rearranged(void **state)
{
	struct truth *small = truth_new(), *large = long_truth(false);

	(void)state;
	/* without losses: those have no numbers, so one missing shows only in the sums at the end
	 */
	plan_chunk(small, 3, RECORDS_PLAIN, 40);
	plan_chunk(small, 700, RECORDS_PLAIN, 40);
	plan_chunk(small, 700, RECORDS_PLAIN, 40);
	plan_chunk(small, 3, RECORDS_NOISE, 5);
	check_rearranged(small, true, 1);
	check_rearranged(small, false, 1);
	check_rearranged(large, true, 101);
	truth_free(small);
	truth_free(large);
}

/* A whole chunk left out, or two exchanged, where there is no end to tell by. */
static void test_chunk_missing(void **state)
{
	static size_t offsets[MAX_FRAMES];
	static const unsigned int lists[][7] = { { 0, 3, 4, 5, 6 }, { 0, 1, 2, 5, 6, 3, 4 } };
	struct truth *truth = truth_new();
	struct error error;
	size_t size;
	uint8_t *bytes, *other;

	(void)state;
	for (int i = 0; i < 3; i++)
		plan_chunk(truth, 3, RECORDS_PLAIN, 10);
	bytes = truth_bytes(truth, false, &size);
	other = malloc(size);
	assert_non_null(other);
	assert_int_equal(find_frames(bytes, size, offsets), 7);
	for (unsigned int i = 0; i < 2; i++) {
		size_t s = assemble(other, bytes, offsets, lists[i], i ? 7 : 5);
		unsigned int given;

		assert_int_equal(
			read_truth(truth, memory_file(other, s), &everything, &given, &error),
			-EINVAL);
		assert_non_null(strstr(error.text, "a chunk is missing"));
		assert_int_equal(given, i);
	}
	free(bytes);
	free(other);
	truth_free(truth);
}

/* A damaged index is done without: all items come, and the damage is said at its place. */
static void test_damaged_index(void **state)
{
	static size_t offsets[MAX_FRAMES];
	struct truth *truth = long_truth(true);
	struct error error;
	size_t size;
	uint8_t *bytes = truth_bytes(truth, true, &size);
	unsigned int n = find_frames(bytes, size, offsets), given;

	(void)state;
	/* the last frames are: Index, End, seek table */
	for (unsigned int frame = n - 3; frame < n; frame++)
		for (size_t at = offsets[frame] + 8; at < offsets[frame + 1]; at += 199) {
			bytes[at] ^= 0x10;
			assert_true(read_truth(truth, memory_file(bytes, size), &everything, &given,
					       &error) < 0);
			assert_int_equal(given, truth->nr_items);
			bytes[at] ^= 0x10;
		}
	free(bytes);
	truth_free(truth);
}

/* --- streams made by hand --- */

static size_t make_frame(uint8_t *to, Acrnscope__Packet *packet, bool checksum)
{
	static uint8_t raw[65536];
	size_t size = acrnscope__packet__get_packed_size(packet), at = varint_put(raw, size), n;
	ZSTD_CCtx *zstd = ZSTD_createCCtx();

	assert_true(size < sizeof(raw) - 10);
	acrnscope__packet__pack(packet, raw + at);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, checksum);
	n = ZSTD_compress2(zstd, to, 65536, raw, at + size);
	assert_false(ZSTD_isError(n));
	ZSTD_freeCCtx(zstd);
	return n;
}

static size_t make_header(uint8_t *to, uint32_t version)
{
	Acrnscope__Packet packet = ACRNSCOPE__PACKET__INIT;
	Acrnscope__Header header = ACRNSCOPE__HEADER__INIT;

	header.id = 1;
	header.version = version;
	packet.header_id = 1;
	packet.body_case = ACRNSCOPE__PACKET__BODY_HEADER;
	packet.header = &header;
	return make_frame(to, &packet, true);
}

static int open_bytes(const void *bytes, size_t size, struct error *error)
{
	struct source *source;
	int err = source_open_stream(&source, memory_file(bytes, size), "FILE", &core, error);

	if (!err)
		source_close(source);
	return err;
}

static int first_item(const void *bytes, size_t size, struct error *error)
{
	struct source *source;
	struct trace_item item;
	int err = source_open_stream(&source, memory_file(bytes, size), "FILE", &everything, error);

	assert_int_equal(err, 0);
	err = source_next(source, &item, error);
	source_close(source);
	return err;
}

static void test_version(void **state)
{
	static uint8_t bytes[65536];
	struct error error;

	(void)state;
	assert_int_equal(open_bytes(bytes, make_header(bytes, 1), &error), 0);
	for (uint32_t version = 0; version < 4; version++)
		if (version != 1)
			assert_int_equal(open_bytes(bytes, make_header(bytes, version), &error),
					 -ENOTSUP);
	assert_non_null(strstr(error.text, "FILE: is in version 3"));
}

static void test_no_stream(void **state)
{
	static uint8_t bytes[1 << 20], zst[1 << 20];
	uint64_t random = 1;
	struct error error;

	(void)state;
	assert_int_equal(open_bytes("", 0, &error), -EINVAL);
	assert_non_null(strstr(error.text, "not an acrnscope stream"));
	assert_int_equal(open_bytes("hello, world; this is text", 26, &error), -EINVAL);
	assert_non_null(strstr(error.text, "not an acrnscope stream"));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)next_random(&random);
	assert_int_equal(open_bytes(bytes, sizeof(bytes), &error), -EINVAL);
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(
		open_bytes(zst, ZSTD_compress(zst, sizeof(zst), bytes, sizeof(bytes), 1), &error),
		-EINVAL);
	assert_non_null(strstr(error.text, "not an acrnscope stream"));
}

/* A frame that would be larger than any of a stream's is refused before it is decompressed. */
static void test_bomb(void **state)
{
	size_t size = 1UL << 28, at, n;
	uint8_t *zeros = calloc(1, size), *bytes = malloc(1 << 20);
	struct error error;

	(void)state;
	assert_non_null(zeros);
	assert_non_null(bytes);
	at = make_header(bytes, 1);
	n = ZSTD_compress(bytes + at, (1 << 20) - at, zeros, size, 1);
	assert_false(ZSTD_isError(n));
	assert_int_equal(open_bytes(bytes + at, n, &error), -EINVAL);
	assert_int_equal(first_item(bytes, at + n, &error), -EINVAL);
	assert_non_null(strstr(error.text, "too large"));
	free(zeros);
	free(bytes);
}

/* A message of the allowed size that would unpack to a thousand times of it. */
static void test_bomb_of_messages(void **state)
{
	size_t size = 6U << 20, at, n, length;
	uint8_t *raw = malloc(size + 32), *bytes = malloc(1 << 20);
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	struct error error;

	(void)state;
	assert_non_null(raw);
	assert_non_null(bytes);
	at = make_header(bytes, 1);
	length = varint_put(raw, size + 7);
	raw[length++] = 0x08; /* header_id 1 */
	raw[length++] = 1;
	raw[length++] = 6 << 3 | 2; /* index */
	length += varint_put(raw + length, size);
	for (size_t i = 0; i < size; i += 2) { /* empty FrameInfo */
		raw[length + i] = 2 << 3 | 2;
		raw[length + i + 1] = 0;
	}
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(zstd, bytes + at, (1 << 20) - at, raw, length + size);
	assert_false(ZSTD_isError(n));
	assert_int_equal(first_item(bytes, at + n, &error), -EINVAL);
	assert_non_null(strstr(error.text, "not a packet"));
	ZSTD_freeCCtx(zstd);
	free(raw);
	free(bytes);
}

/* What later writers of version 1 may add is passed over; frames of another header are not. */
static void test_frames_by_hand(void **state)
{
	static uint8_t bytes[3 * 65536];
	Acrnscope__Packet packet = ACRNSCOPE__PACKET__INIT;
	Acrnscope__Loss loss = ACRNSCOPE__LOSS__INIT;
	struct error error = { "" };
	size_t at = make_header(bytes, 1), n;

	(void)state;
	packet.header_id = 1; /* and nothing that is known */
	n = make_frame(bytes + at, &packet, true);
	assert_int_equal(first_item(bytes, at + n, &error), -ENODATA);
	n = make_frame(bytes + at, &packet, false);
	assert_int_equal(first_item(bytes, at + n, &error), -EINVAL);
	assert_non_null(strstr(error.text, "without a checksum"));
	packet.body_case = ACRNSCOPE__PACKET__BODY_LOSS;
	packet.loss = &loss;
	n = make_frame(bytes + at, &packet, true);
	assert_int_equal(first_item(bytes, at + n, &error), 0);
	loss.ring = ACRNSCOPE__RING__RING_HVLOG;
	n = make_frame(bytes + at, &packet, true);
	assert_int_equal(first_item(bytes, at + n, &error), -ENODATA);
	loss.ring = ACRNSCOPE__RING__RING_TRACE;
	loss.pcpu = 70000;
	n = make_frame(bytes + at, &packet, true);
	assert_int_equal(first_item(bytes, at + n, &error), -EINVAL);
	packet.header_id = 2;
	loss.pcpu = 0;
	n = make_frame(bytes + at, &packet, true);
	assert_int_equal(first_item(bytes, at + n, &error), -EINVAL);
	assert_non_null(strstr(error.text, "another header"));
}

/* What the end says must be what was read. */
static void test_wrong_totals(void **state)
{
	static uint8_t bytes[4 * 65536];
	Acrnscope__Packet packet = ACRNSCOPE__PACKET__INIT;
	Acrnscope__Loss loss = ACRNSCOPE__LOSS__INIT;
	Acrnscope__FrameInfo infos[2] = { ACRNSCOPE__FRAME_INFO__INIT,
					  ACRNSCOPE__FRAME_INFO__INIT };
	Acrnscope__FrameInfo *frames[2] = { &infos[0], &infos[1] };
	Acrnscope__Index index = ACRNSCOPE__INDEX__INIT;
	Acrnscope__PcpuTotals totals = ACRNSCOPE__PCPU_TOTALS__INIT, *list[] = { &totals };
	Acrnscope__End end = ACRNSCOPE__END__INIT;
	uint64_t offset;
	size_t header, at;

	(void)state;
	header = at = make_header(bytes, 1);
	packet.header_id = 1;
	packet.body_case = ACRNSCOPE__PACKET__BODY_LOSS;
	packet.loss = &loss;
	loss.count = 7;
	at += make_frame(bytes + at, &packet, true);
	for (unsigned int i = 0; i < 2; i++) {
		infos[i].size = (uint32_t)ZSTD_getFrameContentSize(bytes + i * header, at);
		infos[i].compressed = (uint32_t)(i ? at - header : header);
	}
	infos[1].kind = ACRNSCOPE__FRAME_INFO__KIND__LOSS;
	infos[1].lost = 7;
	index.n_frame = 2;
	index.frame = frames;
	packet.body_case = ACRNSCOPE__PACKET__BODY_INDEX;
	packet.index = &index;
	offset = at;
	at += make_frame(bytes + at, &packet, true);
	end.n_pcpu = 1;
	end.pcpu = list;
	end.n_index_offset = 1;
	end.index_offset = &offset;
	packet.body_case = ACRNSCOPE__PACKET__BODY_END;
	packet.end = &end;
	for (unsigned int wrong = 0; wrong < 6; wrong++) {
		struct stream_info info;
		struct error error = { "" };
		size_t n;
		int fd;

		totals.lost = wrong == 1 ? 6 : 7;
		totals.records = wrong == 2;
		totals.lost_unknown = wrong == 3;
		end.n_pcpu = wrong != 4;
		offset += wrong == 5;
		n = make_frame(bytes + at, &packet, true);
		fd = memory_file(bytes, at + n);
		/* all well, it is only the seek table that is missing */
		assert_int_equal(stream_read_info(fd, "FILE", true, &info, &error),
				 wrong ? -EINVAL : -ENODATA);
		assert_true(!wrong || strstr(error.text, "totals do not fit"));
		close(fd);
	}
}

/* Reading itself fails. */
static void test_unreadable(void **state)
{
	struct source *source;
	struct error error;
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_int_equal(source_open_stream(&source, fd, "FILE", &core, &error), -EISDIR);
	assert_non_null(strstr(error.text, "FILE: cannot read: Is a directory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_cuts_of_long),
		cmocka_unit_test(test_flips),
		cmocka_unit_test(test_rearranged),
		cmocka_unit_test(test_chunk_missing),
		cmocka_unit_test(test_wrong_totals),
		cmocka_unit_test(test_damaged_index),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_no_stream),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_bomb_of_messages),
		cmocka_unit_test(test_frames_by_hand),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
