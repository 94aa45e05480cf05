// SPDX-License-Identifier: BSD-3-Clause
/* Writes .atrc streams; atrc(5). */
#define ZSTD_STATIC_LINKING_ONLY /* for ZSTD_c_literalCompressionMode */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "formats/columns_code.h"
#include "formats/events.h"
#include "formats/stream.h"
#include "formats/stream_layout.h"

struct totals {
	uint16_t pcpu;
	struct stream_totals sum;
};

struct stream_writer {
	int fd;
	bool regular;
	struct error failure; /* of the first write that failed; err says which */
	int err;

	ZSTD_CCtx *zstd;
	struct columns_buffer *columns;
	struct columns_encoder *encoder;

	/* The packet being packed, and where in it planes begin and end. */
	ProtobufCBuffer sink;
	uint8_t *packed;
	size_t packed_size;
	size_t cuts[ENCODER_CUTS];
	unsigned int nr_cuts, next_cut;

	/* Frames that go to the file together, and what the index will say of them. */
	uint8_t *out;
	size_t out_size;
	uint64_t written; /* bytes in the file */
	uint32_t chunk;

	struct frame_info listed[INDEX_FRAMES]; /* since the last Index packet */
	unsigned int nr_listed;
	uint64_t listed_from; /* offset of the first of them */
	struct seek_entry *seek;
	size_t nr_seek, max_seek;
	uint64_t *index_offsets;
	size_t nr_index, max_index;

	unsigned int nr_totals;
	struct totals totals[STREAM_MAX_PCPUS];
};

static int no_memory(struct error *error)
{
	return error_set(error, ENOMEM, "no memory to write the stream");
}

/* Packing: protobuf-c hands over piece by piece. Planes lie in the encoder, which says where they
 * begin. */
static void sink_append(ProtobufCBuffer *buffer, size_t len, const uint8_t *data)
{
	struct stream_writer *w = (void *)((char *)buffer - offsetof(struct stream_writer, sink));
	const uint8_t *const *cuts;
	unsigned int n = columns_encoder_cuts(w->encoder, &cuts);

	while (w->next_cut < n && cuts[w->next_cut] >= data && cuts[w->next_cut] <= data + len)
		w->cuts[w->nr_cuts++] = w->packed_size + (size_t)(cuts[w->next_cut++] - data);
	memcpy(w->packed + w->packed_size, data, len);
	w->packed_size += len;
}

static void pack(struct stream_writer *w, const Acrnscope__Packet *packet, bool planes)
{
	size_t size = acrnscope__packet__get_packed_size(packet);

	w->nr_cuts = 0;
	w->next_cut = planes ? 0 : ENCODER_CUTS;
	w->packed_size = varint_put(w->packed, size);
	acrnscope__packet__pack_to_buffer(packet, &w->sink);
}

/*
 * Compresses what is packed as one frame behind those in out. A block of its own for each large
 * plane: so each gets Huffman codes of its own, worth a tenth of the size.
 */
static int compress(struct stream_writer *w, uint32_t *compressed)
{
	ZSTD_outBuffer out = { w->out + w->out_size, OUT_MAX - w->out_size, 0 };
	size_t at = 0, left = ZSTD_CCtx_setPledgedSrcSize(w->zstd, w->packed_size);

	for (unsigned int i = 0; i <= w->nr_cuts && !ZSTD_isError(left); i++) {
		size_t end = i < w->nr_cuts ? w->cuts[i] : w->packed_size;
		ZSTD_inBuffer in = { w->packed + at, end - at, 0 };

		if (at < end || i == w->nr_cuts)
			left = ZSTD_compressStream2(w->zstd, &out, &in,
						    i < w->nr_cuts ? ZSTD_e_flush : ZSTD_e_end);
		at = end;
	}
	if (left) {
		ZSTD_CCtx_reset(w->zstd, ZSTD_reset_session_only);
		return -ENOMEM;
	}
	*compressed = (uint32_t)out.pos;
	w->out_size += out.pos;
	return 0;
}

static int grow(void **list, size_t *max, size_t n, size_t element)
{
	size_t wanted = *max ? 2 * *max : 64;
	void *bigger;

	if (n < *max)
		return 0;
	bigger = realloc(*list, wanted * element);
	if (!bigger)
		return -ENOMEM;
	*list = bigger;
	*max = wanted;
	return 0;
}

static int note_for_seek_table(struct stream_writer *w, uint32_t compressed, uint32_t size)
{
	int err = grow((void **)&w->seek, &w->max_seek, w->nr_seek, sizeof(*w->seek));

	if (err)
		return err;
	if (w->nr_seek == SEEK_FRAMES_MAX)
		return -EFBIG;
	w->seek[w->nr_seek++] = (struct seek_entry){ htole32(compressed), htole32(size) };
	return 0;
}

/* Adds a frame with that packet to out; info, if any, is what the index says of it. */
static int add_frame(struct stream_writer *w, Acrnscope__Packet *packet,
		     const struct frame_info *info, struct error *error)
{
	uint32_t compressed;
	int err;

	packet->header_id = HEADER_ID;
	pack(w, packet, info && (info->kind == FRAME_TRACE || info->kind == FRAME_PAYLOAD));
	err = compress(w, &compressed);
	if (!err)
		err = note_for_seek_table(w, compressed, (uint32_t)w->packed_size);
	if (err == -EFBIG)
		return error_set(error, EFBIG, "the stream has as many frames as it can have");
	if (err)
		return no_memory(error);
	if (info) {
		w->listed[w->nr_listed] = *info;
		w->listed[w->nr_listed].compressed = compressed;
		w->listed[w->nr_listed++].size = (uint32_t)w->packed_size;
	}
	return 0;
}

static ssize_t write_some(int fd, const uint8_t *data, size_t size)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	for (;;) {
		n = write(fd, data, size);
		if (n >= 0)
			return n;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			poll(&writable, 1, -1);
		else if (errno != EINTR)
			return -errno;
	}
}

/* Cuts a partly written frame off again, where fd lets us. */
static void cut_off(struct stream_writer *w, size_t partly)
{
	off_t end = w->regular && partly ? lseek(w->fd, 0, SEEK_CUR) : -1;

	if (end >= (off_t)partly && ftruncate(w->fd, end - (off_t)partly) == 0)
		lseek(w->fd, end - (off_t)partly, SEEK_SET);
}

/* Writes out to the file, all or (as far as it can be) nothing. */
static int flush(struct stream_writer *w, struct error *error)
{
	size_t done = 0;

	while (done < w->out_size) {
		ssize_t n = write_some(w->fd, w->out + done, w->out_size - done);

		if (n <= 0) {
			cut_off(w, done);
			return error_set(error, n ? (int)-n : EIO, "cannot write the stream: %s",
					 strerror(n ? (int)-n : EIO));
		}
		done += (size_t)n;
	}
	w->written += w->out_size;
	w->out_size = 0;
	return 0;
}

/* Whatever failed, nothing more is written: the index would not fit what is in the file. */
static int fail(struct stream_writer *w, int err, struct error *error)
{
	struct error why = { "" };

	if (!err)
		return 0;
	if (!w->err) {
		w->err = err;
		w->failure = error ? *error : why;
	} else if (error) {
		*error = w->failure;
	}
	return w->err;
}

/* Lists the frames since the last Index packet, which are all in the file. */
static int write_index(struct stream_writer *w, struct error *error)
{
	Acrnscope__Packet packet = ACRNSCOPE__PACKET__INIT;
	Acrnscope__Index index = ACRNSCOPE__INDEX__INIT;
	Acrnscope__FrameInfo infos[INDEX_FRAMES], *list[INDEX_FRAMES];
	int err;

	for (unsigned int i = 0; i < w->nr_listed; i++) {
		frame_info_pack(&w->listed[i], &infos[i]);
		list[i] = &infos[i];
	}
	index.offset = w->listed_from;
	index.n_frame = w->nr_listed;
	index.frame = list;
	packet.body_case = ACRNSCOPE__PACKET__BODY_INDEX;
	packet.index = &index;
	if (grow((void **)&w->index_offsets, &w->max_index, w->nr_index, sizeof(uint64_t)))
		return no_memory(error);
	w->index_offsets[w->nr_index++] = w->written;
	err = add_frame(w, &packet, NULL, error);
	if (!err)
		err = flush(w, error);
	w->nr_listed = 0;
	w->listed_from = w->written;
	return err;
}

/* Room in the index for that many more frames, which are to stand in one Index packet. */
static int prepare(struct stream_writer *w, unsigned int frames, struct error *error)
{
	if (w->err)
		return w->err;
	return w->nr_listed + frames > INDEX_FRAMES ? write_index(w, error) : 0;
}

static int write_header(struct stream_writer *w, const struct stream_header *header,
			struct error *error)
{
	struct frame_info info = { .kind = FRAME_HEADER };
	Acrnscope__Packet packet = ACRNSCOPE__PACKET__INIT;
	Acrnscope__Header *message = stream_header_pack(header);
	int err;

	if (!message)
		return no_memory(error);
	packet.body_case = ACRNSCOPE__PACKET__BODY_HEADER;
	packet.header = message;
	err = add_frame(w, &packet, &info, error);
	if (!err)
		err = flush(w, error);
	free(message);
	return err;
}

/*
 * Level 1 is zstd's fastest with one thing added, Huffman codes, which it would leave out: planes
 * are short of matches and rich in codes. See tests/bench/bench_stream.c.
 */
static int set_level(ZSTD_CCtx *zstd, int level)
{
	int zstd_level = level == 1 ? LEVEL_1_ZSTD : level;

	if (ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, zstd_level)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1)))
		return -EINVAL;
	if (level == 1) /* not of zstd's stable interface: without it streams are larger */
		ZSTD_CCtx_setParameter(zstd, ZSTD_c_literalCompressionMode, ZSTD_lcm_huffman);
	return 0;
}

int stream_writer_open(struct stream_writer **writer, int fd, int level,
		       const struct stream_header *header, struct error *error)
{
	struct stream_writer *w = calloc(1, sizeof(*w));
	struct stat st;
	int err = -ENOMEM;

	if (!w)
		return no_memory(error);
	w->fd = fd;
	w->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	w->sink.append = sink_append;
	w->zstd = ZSTD_createCCtx();
	w->columns = columns_buffer_new();
	w->encoder = columns_encoder_new();
	w->packed = malloc(STREAM_FRAME_MAX);
	w->out = malloc(OUT_MAX);
	if (!w->zstd || !w->columns || !w->encoder || !w->packed || !w->out)
		err = no_memory(error);
	else if (level < 1 || level > 19 || set_level(w->zstd, level))
		err = error_set(error, EINVAL, "%d: a compression level is 1 to 19", level);
	else
		err = write_header(w, header, error);
	if (err) {
		stream_writer_abandon(w);
		return err;
	}
	*writer = w;
	return 0;
}

static struct totals *totals_of(struct stream_writer *w, uint16_t pcpu, struct error *error)
{
	unsigned int i = 0;

	while (i < w->nr_totals && w->totals[i].pcpu != pcpu)
		i++;
	if (i == STREAM_MAX_PCPUS) {
		error_set(error, EINVAL, "a stream has room for %u pCPUs", STREAM_MAX_PCPUS);
		return NULL;
	}
	if (i == w->nr_totals)
		w->totals[w->nr_totals++].pcpu = pcpu;
	return &w->totals[i];
}

static int add_chunk(struct stream_writer *w, const struct trace_columns *columns,
		     struct error *error)
{
	struct frame_info info = { .kind = FRAME_TRACE,
				   .pcpu = columns->pcpu,
				   .chunk = w->chunk,
				   .count = columns->count };
	Acrnscope__Packet packet = ACRNSCOPE__PACKET__INIT;
	Acrnscope__TraceChunk trace;
	Acrnscope__TracePayload payload;
	int err;

	columns_tsc_span(columns, &info.min_tsc, &info.max_tsc);
	columns_encode_trace(w->encoder, columns, &trace);
	trace.chunk = w->chunk;
	packet.body_case = ACRNSCOPE__PACKET__BODY_TRACE;
	packet.trace = &trace;
	err = add_frame(w, &packet, &info, error);
	if (err)
		return err;
	columns_encode_payload(w->encoder, columns, &payload);
	payload.chunk = w->chunk;
	packet.body_case = ACRNSCOPE__PACKET__BODY_PAYLOAD;
	packet.payload = &payload;
	info = (struct frame_info){ .kind = FRAME_PAYLOAD,
				    .pcpu = columns->pcpu,
				    .chunk = w->chunk };
	return add_frame(w, &packet, &info, error);
}

int stream_write_trace(struct stream_writer *writer, uint16_t pcpu,
		       const struct trace_record *records, uint32_t count, struct error *error)
{
	struct totals *totals;
	struct trace_columns columns;
	int err;

	if (count < 1 || count > CHUNK_RECORDS)
		return error_set(error, EINVAL, "a chunk has 1 to %u records", CHUNK_RECORDS);
	totals = totals_of(writer, pcpu, error);
	if (!totals)
		return -EINVAL;
	err = prepare(writer, 2, error);
	if (!err)
		err = columns_split(writer->columns, pcpu, records, count, &columns);
	if (!err)
		err = add_chunk(writer, &columns, error);
	if (!err)
		err = flush(writer, error);
	if (err)
		return fail(writer, err, error);
	writer->chunk++;
	totals->sum.records += count;
	return 0;
}

static int write_loss(struct stream_writer *w, const struct trace_loss *loss, bool uncounted,
		      struct error *error)
{
	struct frame_info info = { .kind = FRAME_LOSS,
				   .pcpu = loss->pcpu,
				   .lost = loss->count,
				   .lost_unknown = loss->unknown,
				   .uncounted = uncounted };
	struct totals *totals = totals_of(w, loss->pcpu, error);
	Acrnscope__Packet packet = ACRNSCOPE__PACKET__INIT;
	Acrnscope__Loss message = ACRNSCOPE__LOSS__INIT;
	int err;

	if (!totals)
		return -EINVAL;
	message.pcpu = loss->pcpu;
	message.unknown = loss->unknown;
	message.count = loss->count;
	message.from_tsc = loss->from_tsc;
	message.to_tsc = loss->to_tsc;
	message.uncounted = uncounted;
	packet.body_case = ACRNSCOPE__PACKET__BODY_LOSS;
	packet.loss = &message;
	err = prepare(w, 1, error);
	if (!err)
		err = add_frame(w, &packet, &info, error);
	if (!err)
		err = flush(w, error);
	if (err)
		return fail(w, err, error);
	totals->sum.lost += loss->count;
	totals->sum.lost_unknown |= loss->unknown || uncounted;
	return 0;
}

int stream_write_loss(struct stream_writer *writer, const struct trace_loss *loss,
		      struct error *error)
{
	struct trace_loss checked = *loss;

	if (checked.unknown)
		checked.count = 0;
	return write_loss(writer, &checked, false, error);
}

void stream_writer_loss_unknown(struct stream_writer *writer, uint16_t pcpu)
{
	struct trace_loss loss = { .pcpu = pcpu };
	struct error error;

	/* What fails here fails again, and is reported, at the next write. */
	write_loss(writer, &loss, true, &error);
}

void stream_writer_totals(const struct stream_writer *writer, int pcpu,
			  struct stream_totals *totals)
{
	*totals = (struct stream_totals){ .bytes = writer->written };
	for (unsigned int i = 0; i < writer->nr_totals; i++) {
		const struct totals *one = &writer->totals[i];

		if (pcpu >= 0 && one->pcpu != pcpu)
			continue;
		totals->records += one->sum.records;
		totals->lost += one->sum.lost;
		totals->lost_unknown |= one->sum.lost_unknown;
	}
}

static int write_end(struct stream_writer *w, const char *reason, struct error *error)
{
	Acrnscope__Packet packet = ACRNSCOPE__PACKET__INIT;
	Acrnscope__End end = ACRNSCOPE__END__INIT;
	Acrnscope__PcpuTotals totals[STREAM_MAX_PCPUS], *list[STREAM_MAX_PCPUS];

	for (unsigned int i = 0; i < w->nr_totals; i++) {
		acrnscope__pcpu_totals__init(&totals[i]);
		totals[i].pcpu = w->totals[i].pcpu;
		totals[i].records = w->totals[i].sum.records;
		totals[i].lost = w->totals[i].sum.lost;
		totals[i].lost_unknown = w->totals[i].sum.lost_unknown;
		list[i] = &totals[i];
	}
	end.n_pcpu = w->nr_totals;
	end.pcpu = list;
	end.reason = (char *)(reason ? reason : "");
	end.n_index_offset = w->nr_index;
	end.index_offset = w->index_offsets;
	packet.body_case = ACRNSCOPE__PACKET__BODY_END;
	packet.end = &end;
	return add_frame(w, &packet, NULL, error);
}

/* zstd's seekable format: a skippable frame with the sizes of all frames, and a footer. */
static int write_seek_table(struct stream_writer *w, struct error *error)
{
	struct seek_head head = { htole32(SEEK_MAGIC),
				  htole32((uint32_t)(w->nr_seek * sizeof(*w->seek) +
						     sizeof(struct seek_foot))) };
	struct seek_foot foot = { htole32((uint32_t)w->nr_seek), 0, htole32(SEEKABLE_MAGIC) };
	size_t size = w->nr_seek * sizeof(*w->seek), at = 0;
	int err = 0;

	memcpy(w->out + w->out_size, &head, sizeof(head));
	w->out_size += sizeof(head);
	while (at < size && !err) {
		size_t n = size - at < OUT_MAX / 2 ? size - at : OUT_MAX / 2;

		err = w->out_size + n + sizeof(struct seek_foot) > OUT_MAX ? flush(w, error) : 0;
		memcpy(w->out + w->out_size, (const uint8_t *)w->seek + at, err ? 0 : n);
		w->out_size += n;
		at += n;
	}
	memcpy(w->out + w->out_size, &foot, sizeof(struct seek_foot));
	w->out_size += sizeof(struct seek_foot);
	return err ? err : flush(w, error);
}

int stream_writer_close(struct stream_writer *writer, const char *reason, struct error *error)
{
	int err = writer->err ? fail(writer, writer->err, error) : 0;

	if (!err && writer->nr_listed)
		err = write_index(writer, error);
	if (!err)
		err = write_end(writer, reason, error);
	if (!err)
		err = write_seek_table(writer, error);
	stream_writer_abandon(writer);
	return err;
}

void stream_writer_abandon(struct stream_writer *writer)
{
	if (!writer)
		return;
	ZSTD_freeCCtx(writer->zstd);
	columns_buffer_free(writer->columns);
	columns_encoder_free(writer->encoder);
	free(writer->packed);
	free(writer->out);
	free(writer->seek);
	free(writer->index_offsets);
	free(writer);
}
