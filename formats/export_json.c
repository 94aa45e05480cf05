// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "formats/export.h"
#include "formats/put.h"
#include "formats/timespan.h"

/* "name": */
static char *put_key(char *out, const char *name)
{
	*out++ = '"';
	out = put_text(out, name);
	return put_text(out, "\": ");
}

static char *put_number(char *out, const char *name, uint64_t value)
{
	return put_decimal(put_key(out, name), value);
}

static char *put_name(char *out, const char *name)
{
	return put_json_string(out, name, strlen(name));
}

/* Behind a number, what it means: "call_name": "setup_sbuf". */
static char *put_meaning(char *out, const char *field, const char *name)
{
	*out++ = ',';
	*out++ = ' ';
	*out++ = '"';
	out = put_text(out, field);
	out = put_text(out, "_name\": ");
	return put_name(out, name);
}

/* As in acrntrace report: the name, and the number beside it. */
static char *put_reason(char *out, const char *field, uint64_t value)
{
	const char *name = exit_reason_name(TRACE_EXIT_REASON(value));

	out = put_key(out, field);
	out = name ? put_name(out, name) : put_text(out, "null");
	*out++ = ',';
	*out++ = ' ';
	*out++ = '"';
	out = put_text(out, field);
	out = put_decimal(put_text(out, "_id\": "), TRACE_EXIT_REASON(value));
	if (value > UINT16_MAX) {
		out = put_text(out, ", \"");
		out = put_text(out, field);
		out = put_decimal(put_text(out, "_bits\": "), value & ~(uint64_t)UINT16_MAX);
	}
	return out;
}

static char *put_field(char *out, const struct trace_event_field *field,
		       const struct trace_record *record)
{
	uint64_t value = trace_field_value(record, field->source);
	const char *name;
	size_t length;

	switch (field->format) {
	case FORMAT_STR:
		name = text_string(record, field->source, &length);
		return put_json_string(put_key(out, field->name), name, length);
	case FORMAT_REASON:
		return put_reason(out, field->name, value);
	case FORMAT_VCPU:
		out = put_number(out, "vm", TRACE_ENTER_VM(value));
		return put_number(put_text(out, ", "), "vcpu", TRACE_ENTER_VCPU(value));
	case FORMAT_CALL:
		name = hypercall_name(value);
		break;
	default:
		name = text_value_name(field->format, value);
	}
	out = put_number(out, field->name, value);
	return name ? put_meaning(out, field->name, name) : out;
}

static char *put_fields(char *out, const struct trace_event_info *info,
			const struct trace_record *record)
{
	const char *between = "";

	for (unsigned int i = 0; i < TRACE_EVENT_FIELDS && info->fields[i].name; i++) {
		const struct trace_event_field *field = &info->fields[i];

		/* upstream's hypervisor does not say which vCPU it is */
		if (field->format == FORMAT_VCPU && !(record->e & TRACE_ENTER_VALID))
			continue;
		out = put_field(put_text(out, between), field, record);
		between = ", ";
	}
	return out;
}

static char *put_time(const struct text *text, char *out, uint64_t tsc)
{
	if (!text->tsc_khz)
		return out;
	out = put_text(out, ", \"time_ns\": ");
	if (tsc < text->base_tsc) {
		*out++ = '-';
		return put_decimal(out, tsc_to_ns(text->base_tsc - tsc, text->tsc_khz));
	}
	return put_decimal(out, tsc_to_ns(tsc - text->base_tsc, text->tsc_khz));
}

static char *json_record(struct text *text, char *out, uint16_t pcpu,
			 const struct trace_record *record)
{
	uint64_t id = TRACE_WORD_EVENT(record->word);
	const struct trace_event_info *info = text_event(text, id);

	out = put_time(text, put_number(put_text(out, "{"), "tsc", record->tsc), record->tsc);
	out = put_number(put_text(out, ", "), "pcpu", pcpu);
	if (TRACE_WORD_PCPU(record->word) != (uint8_t)pcpu)
		out = put_number(put_text(out, ", "), "record_pcpu", TRACE_WORD_PCPU(record->word));
	out = put_text(out, ", \"event\": ");
	out = info ? put_name(out, info->name) : put_text(out, "null");
	out = put_number(put_text(out, ", "), "id", id);
	out = put_number(put_text(out, ", "), "n_data", TRACE_WORD_N_DATA(record->word));
	out = put_number(put_text(out, ", "), "e", record->e);
	out = put_number(put_text(out, ", "), "f", record->f);
	out = put_text(out, ", \"fields\": {");
	if (info && text_has_fields(info, record))
		out = put_fields(out, info, record);
	return put_text(out, "}}\n");
}

static char *json_loss(const struct text *text, char *out, const struct trace_loss *loss)
{
	uint64_t tsc = loss->to_tsc ? loss->to_tsc : loss->from_tsc;

	out = put_text(out, "{\"lost\": ");
	out = loss->unknown ? put_text(out, "null") : put_decimal(out, loss->count);
	out = put_time(text, out, tsc);
	out = put_number(put_text(out, ", "), "pcpu", loss->pcpu);
	out = put_number(put_text(out, ", "), "from_tsc", loss->from_tsc);
	out = put_number(put_text(out, ", "), "to_tsc", loss->to_tsc);
	return put_text(out, "}\n");
}

const struct line_format json_lines = { NULL, json_record, json_loss };
