// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>

#include "acrntrace/select.h"

int select_option(struct select_options *options, int option, const char *value,
		  struct error *error)
{
	switch (option) {
	case 'a':
		options->some_pcpus = true;
		return cli_parse_pcpus(value, &options->pcpus, error);
	case 'e':
		options->some_events = true;
		return event_set_parse(value, &options->events, error);
	case SELECT_FROM:
		return time_parse(value, &options->from, error);
	case SELECT_TO:
		return time_parse(value, &options->to, error);
	case SELECT_TSC_KHZ:
		return cli_parse_number(value, "the TSC's frequency in kHz", 1, TSC_KHZ_MAX,
					&options->tsc_khz, error);
	default:
		return -ENOENT;
	}
}

static int resolve_times(struct selection *selection, struct error *error)
{
	const struct select_options *options = selection->options;
	int err = 0;

	if (options->from.kind != TIME_NONE)
		err = time_resolve(&options->from, selection->first_tsc, selection->tsc_khz,
				   &selection->from, error);
	if (!err && options->to.kind != TIME_NONE)
		err = time_resolve(&options->to, selection->first_tsc, selection->tsc_khz,
				   &selection->to, error);
	if (!err && options->from.kind != TIME_NONE && options->to.kind != TIME_NONE &&
	    selection->to <= selection->from)
		err = error_set(error, EINVAL, "--to: not behind --from");
	return err;
}

static int open_lane(void *context, uint16_t pcpu, struct source **source, struct error *error)
{
	struct selection *selection = context;
	struct source_filter filter = { .payload = true,
					.one_pcpu = true,
					.pcpu = pcpu,
					.from_tsc = selection->from,
					.to_tsc = selection->to };

	return input_source(selection->input, &filter, source, error);
}

static int open_merge(struct selection *selection, struct error *error)
{
	const struct stream_header *header = input_header(selection->input);
	const struct select_options *options = selection->options;
	uint16_t pcpus[STREAM_MAX_PCPUS];
	unsigned int nr = 0;

	for (unsigned int i = 0; i < header->nr_pcpus; i++)
		if (!options->some_pcpus || pcpu_set_has(&options->pcpus, header->pcpus[i]))
			pcpus[nr++] = header->pcpus[i];
	if (nr == 0 && header->nr_pcpus)
		return error_set(
			error, EINVAL,
			"%s: has no records of these pCPUs; acrntrace info lists its pCPUs",
			input_name(selection->input));
	return merge_open(&selection->merge, pcpus, nr, open_lane, selection, error);
}

int select_open(struct selection *selection, const struct select_options *options,
		char *const *paths, int nr, struct error *error)
{
	const struct stream_header *header;
	int err;

	*selection = (struct selection){ .options = options };
	err = input_open(&selection->input, paths, nr, options->tsc_khz, error);
	if (!err) /* it is read once a pCPU */
		err = input_spool(selection->input, error);
	if (err)
		goto out;
	header = input_header(selection->input);
	/* what is beyond belief is not known */
	selection->tsc_khz = header->tsc_khz <= TSC_KHZ_MAX ? header->tsc_khz : 0;
	err = input_first_tsc(selection->input, &selection->first_tsc, error);
	if (!err)
		err = resolve_times(selection, error);
	if (!err)
		err = open_merge(selection, error);
out:
	if (err)
		select_close(selection);
	return err;
}

static bool is_selected(const struct selection *selection, const struct merge_record *record)
{
	const struct select_options *options = selection->options;
	uint64_t first, last;

	if (record->record) {
		first = last = record->record->tsc;
	} else {
		first = record->loss.from_tsc;
		last = record->loss.to_tsc ? record->loss.to_tsc : UINT64_MAX;
	}
	if (options->from.kind != TIME_NONE && last < selection->from)
		return false;
	if (options->to.kind != TIME_NONE && first >= selection->to)
		return false;
	return !record->record || !options->some_events ||
	       event_set_has(&options->events, TRACE_WORD_EVENT(record->record->word));
}

int select_next(struct selection *selection, struct merge_record *record, struct error *error)
{
	for (;;) {
		int got = merge_next(selection->merge, record, error);

		if (got <= 0 || is_selected(selection, record))
			return got;
	}
}

void select_close(struct selection *selection)
{
	merge_close(selection->merge);
	if (selection->input)
		input_close(selection->input);
	selection->merge = NULL;
	selection->input = NULL;
}
