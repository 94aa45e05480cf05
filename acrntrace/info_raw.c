// SPDX-License-Identifier: BSD-3-Clause
/* What there is to say of upstream's files, which say nothing of themselves. */
#include <errno.h>
#include <string.h>

#include "acrntrace/info.h"
#include "formats/events.h"

static struct stream_pcpu_info *pcpu_of(struct stream_info *info, uint16_t pcpu)
{
	for (unsigned int i = 0; i < info->nr_pcpus; i++)
		if (info->pcpu[i].pcpu == pcpu)
			return &info->pcpu[i];
	return NULL;
}

/* What is wrong with a record's second word in a file of that pCPU, or NULL. */
static const char *word_fault(uint64_t word, uint16_t pcpu)
{
	const struct trace_event_info *event = trace_event_by_id(TRACE_WORD_EVENT(word));

	if (!event)
		return "an event that is not known";
	if (event->n_data && event->n_data != TRACE_WORD_N_DATA(word))
		return "a payload form that the event does not have";
	if (TRACE_WORD_PCPU(word) != (uint8_t)pcpu)
		return "another pCPU than the file";
	return NULL;
}

/* Notes the first fault in the columns, unless error has one already. */
static void check_columns(const struct trace_columns *columns, const struct stream_pcpu_info *pcpu,
			  const char *name, int *err, struct error *error)
{
	uint64_t last = pcpu->last_tsc;

	for (uint32_t i = 0; i < columns->count && !*err; i++) {
		const char *fault = word_fault(columns->word[columns->word_of[i]], columns->pcpu);

		if (!fault && columns->tsc[i] < last)
			fault = "a TSC below the one before";
		if (fault)
			*err = error_set(error, EBADMSG, "%s: pCPU %u: record %llu has %s", name,
					 columns->pcpu, (unsigned long long)pcpu->records + i + 1,
					 fault);
		last = columns->tsc[i];
	}
}

static void add_columns(const struct trace_columns *columns, struct stream_pcpu_info *pcpu)
{
	if (pcpu->records == 0)
		pcpu->first_tsc = columns->tsc[0];
	pcpu->last_tsc = columns->tsc[columns->count - 1];
	pcpu->records += columns->count;
}

int info_read_raw(struct input *input, bool check, struct stream_info *info, struct error *error)
{
	const struct stream_header *header = input_header(input);
	struct source_filter filter = { 0 };
	struct source *source;
	struct trace_item item = { .kind = ITEM_LOSS };
	int fault = 0, err;

	memset(info, 0, sizeof(*info));
	info->header = *header;
	info->nr_pcpus = header->nr_pcpus;
	for (unsigned int i = 0; i < header->nr_pcpus; i++) {
		info->pcpu[i].pcpu = header->pcpus[i];
		info->pcpu[i].lost_unknown = true; /* nobody counted */
	}
	err = input_source(input, &filter, &source, error);
	if (err)
		return err;
	while (!(err = source_next(source, &item, fault ? NULL : error)) && item.kind != ITEM_END) {
		struct stream_pcpu_info *pcpu = pcpu_of(info, item.columns.pcpu);

		if (item.kind != ITEM_TRACE || !pcpu)
			continue;
		if (check)
			check_columns(&item.columns, pcpu, input_name(input), &fault, error);
		add_columns(&item.columns, pcpu);
	}
	source_close(source);
	return fault ? fault : err;
}
