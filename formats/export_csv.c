// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "formats/export.h"
#include "formats/put.h"
#include "formats/timespan.h"

static char *csv_head(char *out)
{
	return put_text(out, "tsc,time_ns,pcpu,event,id,n_data,e,f,fields,lost\n");
}

/* tsc, time_ns and pcpu, each with its comma. */
static char *put_place(const struct text *text, char *out, uint64_t tsc, uint16_t pcpu)
{
	out = put_decimal(out, tsc);
	*out++ = ',';
	if (text->tsc_khz && tsc < text->base_tsc) {
		*out++ = '-';
		out = put_decimal(out, tsc_to_ns(text->base_tsc - tsc, text->tsc_khz));
	} else if (text->tsc_khz) {
		out = put_decimal(out, tsc_to_ns(tsc - text->base_tsc, text->tsc_khz));
	}
	*out++ = ',';
	out = put_decimal(out, pcpu);
	*out++ = ',';
	return out;
}

/* In quotes where it has some, or a comma; RFC 4180. */
static char *put_cell(char *out, const char *cell, size_t length)
{
	if (!memchr(cell, '"', length) && !memchr(cell, ',', length)) {
		memcpy(out, cell, length);
		return out + length;
	}
	*out++ = '"';
	for (size_t i = 0; i < length; i++) {
		if (cell[i] == '"')
			*out++ = '"';
		*out++ = cell[i];
	}
	*out++ = '"';
	return out;
}

static char *csv_record(struct text *text, char *out, uint16_t pcpu,
			const struct trace_record *record)
{
	uint64_t id = TRACE_WORD_EVENT(record->word);
	const struct trace_event_info *info = text_event(text, id);
	char fields[TEXT_MAX];
	size_t length = (size_t)(text_fields(text, fields, pcpu, record) - fields);

	out = put_place(text, out, record->tsc, pcpu);
	out = put_text(out, info ? info->name : "");
	out = put_decimal(put_text(out, ","), id);
	out = put_decimal(put_text(out, ","), TRACE_WORD_N_DATA(record->word));
	out = put_decimal(put_text(out, ","), record->e);
	out = put_decimal(put_text(out, ","), record->f);
	*out++ = ',';
	out = put_cell(out, fields, length);
	return put_text(out, ",\n");
}

static char *csv_loss(const struct text *text, char *out, const struct trace_loss *loss)
{
	out = put_place(text, out, loss->to_tsc ? loss->to_tsc : loss->from_tsc, loss->pcpu);
	out = put_text(out, "LOST,,,,,,");
	out = loss->unknown ? put_text(out, "unknown") : put_decimal(out, loss->count);
	*out++ = '\n';
	return out;
}

const struct line_format csv_lines = { csv_head, csv_record, csv_loss };
