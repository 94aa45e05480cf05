// SPDX-License-Identifier: BSD-3-Clause
/* What a pass over a stream has seen, to hold it against what the stream says of itself. */
#include "formats/stream_reader.h"

static struct stream_pcpu_info *seen_pcpu(struct account *account, uint32_t pcpu)
{
	unsigned int i = 0;

	while (i < account->nr_seen && account->seen[i].pcpu != pcpu)
		i++;
	if (i == STREAM_MAX_PCPUS || pcpu > UINT16_MAX)
		return NULL;
	if (i == account->nr_seen) {
		account->seen[i] = (struct stream_pcpu_info){ .pcpu = (uint16_t)pcpu };
		account->nr_seen++;
	}
	return &account->seen[i];
}

static const char *account_trace(struct account *account, const struct frame_info *info)
{
	struct stream_pcpu_info *pcpu = seen_pcpu(account, info->pcpu);

	if (info->chunk != account->chunks)
		return "a chunk is missing";
	if (!pcpu)
		return "too many pCPUs";
	if (info->count < 1 || info->count > CHUNK_RECORDS)
		return "a number of records out of range";
	if (pcpu->records == 0 || info->min_tsc < pcpu->first_tsc)
		pcpu->first_tsc = info->min_tsc;
	if (pcpu->records == 0 || info->max_tsc > pcpu->last_tsc)
		pcpu->last_tsc = info->max_tsc;
	pcpu->records += info->count;
	account->chunks++;
	account->payload_due = true;
	account->due_pcpu = info->pcpu;
	return NULL;
}

static const char *account_loss(struct account *account, const struct frame_info *info)
{
	struct stream_pcpu_info *pcpu;

	if (info->ring != ACRNSCOPE__RING__RING_TRACE)
		return NULL;
	pcpu = seen_pcpu(account, info->pcpu);
	if (!pcpu)
		return "too many pCPUs";
	pcpu->lost += info->lost;
	pcpu->lost_unknown |= info->lost_unknown || info->uncounted;
	pcpu->gaps += !info->uncounted;
	if (info->lost_unknown || info->uncounted)
		account->loss_counted = false;
	return NULL;
}

const char *account_frame(struct account *account, const struct frame_info *info)
{
	if (account->payload_due != (info->kind == FRAME_PAYLOAD))
		return account->payload_due ? "the payload of a chunk is missing"
					    : "payload without its chunk";
	account_unlisted(account, info->compressed, info->size);
	if (info->kind == FRAME_TRACE)
		return account_trace(account, info);
	if (info->kind == FRAME_LOSS)
		return account_loss(account, info);
	if (info->kind != FRAME_PAYLOAD)
		return NULL;
	account->payload_due = false;
	if (info->chunk != account->chunks - 1 || info->pcpu != account->due_pcpu)
		return "payload of another chunk";
	return NULL;
}

void account_unlisted(struct account *account, uint32_t compressed, uint32_t size)
{
	account->seek_hash = seek_hash(account->seek_hash, compressed, size);
	account->nr_frames++;
}

void account_index(struct account *account, uint64_t offset)
{
	account->index_hash =
		seek_hash(account->index_hash, (uint32_t)(offset >> 32), (uint32_t)offset);
}

static bool totals_fit(const struct account *account, const Acrnscope__PcpuTotals *totals)
{
	for (unsigned int i = 0; i < account->nr_seen; i++)
		if (account->seen[i].pcpu == totals->pcpu)
			return account->seen[i].records == totals->records &&
			       account->seen[i].lost == totals->lost &&
			       account->seen[i].lost_unknown == totals->lost_unknown;
	return totals->records == 0 && totals->lost == 0;
}

bool account_fits_end(const struct account *account, const Acrnscope__End *end)
{
	uint64_t hash = SEEK_HASH_START;

	for (size_t i = 0; i < end->n_index_offset; i++)
		hash = seek_hash(hash, (uint32_t)(end->index_offset[i] >> 32),
				 (uint32_t)end->index_offset[i]);
	if (hash != account->index_hash || end->n_pcpu < account->nr_seen)
		return false;
	for (size_t i = 0; i < end->n_pcpu; i++)
		if (!totals_fit(account, end->pcpu[i]))
			return false;
	return true;
}
