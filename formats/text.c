// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "formats/export.h"
#include "formats/put.h"
#include "formats/text.h"
#include "formats/timespan.h"

#define NS_PER_S 1000000000ULL
#define TIME_WIDTH 15U
#define EVENT_WIDTH 27U

static bool needs_quotes(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f || text[i] == '"' || text[i] == '=' ||
		    text[i] == '\\')
			return true;
	return length == 0;
}

/* As it is, or in quotes where it would not read as one word. */
static char *put_word(char *out, const char *text, size_t length)
{
	if (!needs_quotes(text, length)) {
		memcpy(out, text, length);
		return out + length;
	}
	*out++ = '"';
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c >= 0x7f) {
			out = put_text(out, "\\x");
			out = put_hex_digits(out, c, 2);
		} else {
			if (c == '"' || c == '\\')
				*out++ = '\\';
			*out++ = (char)c;
		}
	}
	*out++ = '"';
	return out;
}

/* length 0 where the text does not fit. */
static void set_word(struct text_word *word, const char *text, size_t length)
{
	word->length = length < sizeof(word->text) ? (uint8_t)length : 0;
	memcpy(word->text, text, word->length);
}

static inline char *put_known(char *out, const struct text_word *word)
{
	memcpy(out, word->text, sizeof(word->text));
	return out + word->length;
}

void text_init(struct text *text, uint64_t base_tsc, uint64_t tsc_khz)
{
	char word[256], *end;

	memset(text, 0, sizeof(*text));
	text->base_tsc = base_tsc;
	text->tsc_khz = tsc_khz;
	/* an id that does not belong into that place, so that it is looked up */
	for (unsigned int i = 0; i < TEXT_CACHE; i++)
		text->cache[i].id = UINT64_MAX;
	for (uint16_t i = 0; i < TEXT_REASONS; i++) {
		const char *name = exit_reason_short_name(i);

		if (name && strlen(name) < sizeof(text->reasons[i].text)) {
			end = put_word(word, name, strlen(name));
			set_word(&text->reasons[i], word, (size_t)(end - word));
		}
	}
}

static void fill_event(struct text_event *event, uint64_t id)
{
	const struct trace_event_info *info = trace_event_by_id(id);
	char word[256], *end;

	event->id = id;
	event->info = info;
	if (!info)
		return;
	end = put_text(word, info->name);
	if (end - word < EVENT_WIDTH)
		end = put_spaces(end, EVENT_WIDTH - (size_t)(end - word));
	set_word(&event->name, word, (size_t)(end - word));
	for (unsigned int i = 0; i < TRACE_EVENT_FIELDS && info->fields[i].name; i++) {
		end = put_text(put_text(word, " "), info->fields[i].name);
		*end++ = '=';
		set_word(&event->fields[i], word, (size_t)(end - word));
	}
}

static inline const struct text_event *find_event(struct text *text, uint64_t id)
{
	struct text_event *event = &text->cache[(id ^ id >> 10) % TEXT_CACHE];

	if (event->id != id)
		fill_event(event, id);
	return event;
}

const struct trace_event_info *text_event(struct text *text, uint64_t id)
{
	return find_event(text, id)->info;
}

bool text_has_fields(const struct trace_event_info *info, const struct trace_record *record)
{
	return info && (info->n_data == 0 || info->n_data == TRACE_WORD_N_DATA(record->word));
}

/* Time of tsc: seconds, cycles, or the TSC itself. */
static char *put_time(const struct text *text, char *out, uint64_t tsc)
{
	uint64_t cycles = tsc - text->base_tsc, ns;

	if (text->raw_tsc)
		return put_decimal(out, tsc);
	if (tsc < text->base_tsc) {
		*out++ = '-';
		cycles = text->base_tsc - tsc;
	}
	if (!text->tsc_khz)
		return put_decimal(out, cycles);
	ns = tsc_to_ns(cycles, text->tsc_khz);
	out = put_decimal(out, ns / NS_PER_S);
	*out++ = '.';
	return put_nine_digits(out, (uint32_t)(ns % NS_PER_S));
}

/* What every line begins with. */
static char *put_head(const struct text *text, char *out, uint64_t tsc, uint16_t pcpu)
{
	char number[2 * PUT_DECIMAL_MAX];
	size_t length = (size_t)(put_time(text, number, tsc) - number);

	if (length < TIME_WIDTH)
		out = put_spaces(out, TIME_WIDTH - length);
	memcpy(out, number, length);
	out += length;
	*out++ = ' ';
	length = pcpu < 10 ? 2 : pcpu < 100 ? 1 : 0;
	out = put_spaces(out, length);
	out = put_decimal(out, pcpu);
	*out++ = ' ';
	return out;
}

const char *text_value_name(enum field_format format, uint64_t value)
{
	static const char *const direction[] = { "read", "write" };
	static const char *const access[] = { "mov_to_cr", "mov_from_cr", "clts", "lmsw" };

	if (format == FORMAT_DIR && value < 2)
		return direction[value];
	if (format == FORMAT_CR && value < 4)
		return access[value];
	return NULL;
}

const char *text_string(const struct trace_record *record, enum field_source source, size_t *length)
{
	const char *text = record->str + (source == FIELD_S4 ? 4 : 0);

	*length = strnlen(text, source == FIELD_S ? sizeof(record->str) : 4);
	return text;
}

/* "reason=HLT"; bits above the basic reason are shown behind it. */
static char *put_reason(const struct text *text, char *out, uint64_t value)
{
	const char *name;

	if (value < TEXT_REASONS && text->reasons[value].length)
		return put_known(out, &text->reasons[value]);
	name = exit_reason_short_name(TRACE_EXIT_REASON(value));
	if (name)
		out = put_word(out, name, strlen(name));
	else
		out = put_decimal(out, TRACE_EXIT_REASON(value));
	if (value > UINT16_MAX) {
		*out++ = '+';
		out = put_hex(out, value & ~(uint64_t)UINT16_MAX);
	}
	return out;
}

/* Upstream's hypervisor writes 0 here, which says nothing. */
static char *put_vcpu(char *out, uint64_t value)
{
	if (value == 0)
		return out;
	if (!(value & TRACE_ENTER_VALID))
		return put_hex(put_text(out, " e="), value);
	out = put_decimal(put_text(out, " vm="), TRACE_ENTER_VM(value));
	return put_decimal(put_text(out, " vcpu="), TRACE_ENTER_VCPU(value));
}

static char *put_value(const struct text *text, char *out, const struct trace_event_field *field,
		       const struct trace_record *record)
{
	uint64_t value = trace_field_value(record, field->source);
	const char *name = text_value_name(field->format, value);
	size_t length;

	if (name)
		return put_text(out, name);
	switch (field->format) {
	case FORMAT_REASON:
		return put_reason(text, out, value);
	case FORMAT_T:
		return put_time(text, out, value);
	case FORMAT_CALL:
		name = hypercall_name(value);
		return name ? put_text(out, name) : put_hex(out, value);
	case FORMAT_STR:
		name = text_string(record, field->source, &length);
		return put_word(out, name, length);
	case FORMAT_D:
		return put_decimal(out, value);
	default:
		return put_hex(out, value);
	}
}

char *text_raw(char *out, const struct trace_record *record)
{
	out = put_decimal(put_text(out, "n_data="), TRACE_WORD_N_DATA(record->word));
	out = put_text(out, " data=");
	for (unsigned int i = 0; i < sizeof(record->c); i++)
		out = put_hex_digits(out, record->c[i], 2);
	return out;
}

/* The fields, each behind a blank. */
static char *put_fields(const struct text *text, char *out, const struct text_event *event,
			uint16_t pcpu, const struct trace_record *record)
{
	const struct trace_event_info *info = event->info;

	if (!text_has_fields(info, record)) {
		*out++ = ' ';
		out = text_raw(out, record);
	} else {
		const struct trace_event_field *field = info->fields;

		for (unsigned int i = 0; i < TRACE_EVENT_FIELDS && field->name; i++, field++) {
			if (field->format == FORMAT_VCPU) {
				out = put_vcpu(out, record->e);
				continue;
			}
			out = put_known(out, &event->fields[i]);
			out = put_value(text, out, field, record);
		}
	}
	/* a record that says it is another pCPU's is a finding */
	if (TRACE_WORD_PCPU(record->word) != (uint8_t)pcpu)
		out = put_decimal(put_text(out, " record_pcpu="), TRACE_WORD_PCPU(record->word));
	return out;
}

char *text_fields(struct text *text, char *out, uint16_t pcpu, const struct trace_record *record)
{
	char *end;

	end = put_fields(text, out, find_event(text, TRACE_WORD_EVENT(record->word)), pcpu, record);
	if (end == out)
		return out;
	memmove(out, out + 1, (size_t)(end - out - 1));
	return end - 1;
}

char *text_record(struct text *text, char *out, uint16_t pcpu, const struct trace_record *record)
{
	const struct text_event *event = find_event(text, TRACE_WORD_EVENT(record->word));
	char *name, *fields;

	out = name = put_head(text, out, record->tsc, pcpu);
	if (event->info)
		out = put_known(out, &event->name);
	else
		out = put_hex(out, event->id);
	if (out - name < EVENT_WIDTH)
		out = put_spaces(out, EVENT_WIDTH - (size_t)(out - name));
	fields = out;
	out = put_fields(text, out, event, pcpu, record);
	while (out == fields && out[-1] == ' ')
		fields = --out;
	*out++ = '\n';
	return out;
}

char *text_loss(const struct text *text, char *out, const struct trace_loss *loss)
{
	out = put_head(text, out, loss->to_tsc ? loss->to_tsc : loss->from_tsc, loss->pcpu);
	out = put_text(out, "LOST                        records=");
	out = loss->unknown ? put_text(out, "unknown") : put_decimal(out, loss->count);
	if (loss->from_tsc)
		out = put_time(text, put_text(out, " from="), loss->from_tsc);
	if (loss->to_tsc)
		out = put_time(text, put_text(out, " to="), loss->to_tsc);
	*out++ = '\n';
	return out;
}

const struct line_format text_lines = { NULL, text_record, text_loss };
