// SPDX-License-Identifier: BSD-3-Clause
/* Pieces of a stream that writer and reader share. */
#include <stdlib.h>
#include <string.h>

#include "formats/events.h"
#include "formats/stream_layout.h"

void frame_info_pack(const struct frame_info *info, Acrnscope__FrameInfo *message)
{
	acrnscope__frame_info__init(message);
	message->kind = (Acrnscope__FrameInfo__Kind)info->kind;
	message->compressed = info->compressed;
	message->size = info->size;
	message->pcpu = info->pcpu;
	message->chunk = info->chunk;
	message->count = info->count;
	message->min_tsc = info->min_tsc;
	message->max_tsc = info->max_tsc;
	message->lost = info->lost;
	message->ring = (Acrnscope__Ring)info->ring;
	message->lost_unknown = info->lost_unknown;
	message->uncounted = info->uncounted;
}

void frame_info_unpack(const Acrnscope__FrameInfo *message, struct frame_info *info)
{
	*info = (struct frame_info){
		.kind = (enum frame_kind)message->kind,
		.compressed = message->compressed,
		.size = message->size,
		.pcpu = message->pcpu,
		.chunk = message->chunk,
		.count = message->count,
		.min_tsc = message->min_tsc,
		.max_tsc = message->max_tsc,
		.lost = message->lost,
		.ring = (uint32_t)message->ring,
		.lost_unknown = message->lost_unknown,
		.uncounted = message->uncounted,
	};
}

bool frame_info_equal(const struct frame_info *a, const struct frame_info *b)
{
	return a->kind == b->kind && a->compressed == b->compressed && a->size == b->size &&
	       a->pcpu == b->pcpu && a->chunk == b->chunk && a->count == b->count &&
	       a->min_tsc == b->min_tsc && a->max_tsc == b->max_tsc && a->lost == b->lost &&
	       a->ring == b->ring && a->lost_unknown == b->lost_unknown &&
	       a->uncounted == b->uncounted;
}

/* FNV-1a, 64 bits at a time. */
uint64_t seek_hash(uint64_t hash, uint32_t compressed, uint32_t size)
{
	return (hash ^ ((uint64_t)compressed << 32 | size)) * 0x100000001b3ULL;
}

size_t varint_put(uint8_t *to, uint64_t value)
{
	size_t n = 0;

	while (value > 0x7f) {
		to[n++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	to[n++] = (uint8_t)value;
	return n;
}

size_t varint_get(const uint8_t *from, size_t size, uint64_t *value)
{
	*value = 0;
	for (size_t n = 0; n < size && n < 10; n++) {
		*value |= (uint64_t)(from[n] & 0x7f) << (7 * n);
		if (!(from[n] & 0x80))
			return n + 1;
	}
	return 0;
}

struct header_parts {
	Acrnscope__Header message;
	struct stream_header text; /* with strings that are UTF-8 */
	uint32_t pcpus[STREAM_MAX_PCPUS];
	Acrnscope__Vm vms[STREAM_MAX_VMS], *vm_list[STREAM_MAX_VMS];
	Acrnscope__EventType *event_list[];
};

/* events: as many as event_list has room for; they stand behind it. */
static void add_lists(struct header_parts *parts, Acrnscope__EventType *events,
		      const struct stream_header *header)
{
	for (unsigned int i = 0; i < header->nr_pcpus; i++)
		parts->pcpus[i] = header->pcpus[i];
	for (unsigned int i = 0; i < header->nr_vms; i++) {
		acrnscope__vm__init(&parts->vms[i]);
		parts->vms[i].id = header->vms[i].id;
		stream_text_copy(parts->text.vms[i].name, sizeof(parts->text.vms[i].name),
				 header->vms[i].name);
		parts->vms[i].name = parts->text.vms[i].name;
		parts->vm_list[i] = &parts->vms[i];
	}
	for (unsigned int i = 0; i < nr_trace_events; i++) {
		acrnscope__event_type__init(&events[i]);
		events[i].id = trace_events[i].id;
		events[i].name = (char *)trace_events[i].name;
		parts->event_list[i] = &events[i];
	}
	parts->message.n_pcpu = header->nr_pcpus;
	parts->message.pcpu = parts->pcpus;
	parts->message.n_vm = header->nr_vms;
	parts->message.vm = parts->vm_list;
	parts->message.n_event = nr_trace_events;
	parts->message.event = parts->event_list;
}

static void copy_texts(const struct stream_header *from, struct stream_header *to)
{
	stream_text_copy(to->host, sizeof(to->host), from->host);
	stream_text_copy(to->kernel, sizeof(to->kernel), from->kernel);
	stream_text_copy(to->hypervisor, sizeof(to->hypervisor), from->hypervisor);
	stream_text_copy(to->tsc_source, sizeof(to->tsc_source), from->tsc_source);
	stream_text_copy(to->command, sizeof(to->command), from->command);
}

Acrnscope__Header *stream_header_pack(const struct stream_header *header)
{
	size_t list = nr_trace_events * sizeof(Acrnscope__EventType *);
	struct header_parts *parts =
		malloc(sizeof(*parts) + list + nr_trace_events * sizeof(Acrnscope__EventType));
	Acrnscope__Header *message;

	if (!parts)
		return NULL;
	message = &parts->message;
	acrnscope__header__init(message);
	message->id = HEADER_ID;
	message->version = STREAM_VERSION;
	message->host = parts->text.host;
	message->kernel = parts->text.kernel;
	message->hypervisor = parts->text.hypervisor;
	message->tsc_khz = header->tsc_khz;
	message->tsc_source = parts->text.tsc_source;
	message->tsc = header->tsc;
	message->wall_ns = header->wall_ns;
	message->mono_ns = header->mono_ns;
	message->command = parts->text.command;
	copy_texts(header, &parts->text);
	add_lists(parts, (void *)((char *)parts->event_list + list), header);
	return message;
}

/* How long the UTF-8 character is that from starts with: 1 to 4; 0: there is none. */
static size_t utf8_length(const unsigned char *from)
{
	static const uint8_t lead_mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = from[0] < 0x80   ? 1
		   : from[0] < 0xc0 ? 0
		   : from[0] < 0xe0 ? 2
		   : from[0] < 0xf0 ? 3
				    : 4;
	uint32_t code = from[0] & lead_mask[n];

	for (size_t i = 1; i < n; i++) {
		if ((from[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (from[i] & 0x3f);
	}
	if (from[0] >= 0xf8 || code < least[n] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return n;
}

void stream_text_copy(char *to, size_t size, const char *from)
{
	size_t at = 0;

	while (*from) {
		size_t n = utf8_length((const unsigned char *)from);
		bool plain = n && (unsigned char)*from >= ' ' && *from != 0x7f;

		n = n ? n : 1;
		if (at + n >= size)
			break;
		memcpy(to + at, plain ? from : "?", n);
		at += n;
		from += n;
	}
	to[at] = '\0';
}

void stream_header_unpack(const Acrnscope__Header *message, struct stream_header *header)
{
	*header = (struct stream_header){
		.tsc_khz = message->tsc_khz,
		.tsc = message->tsc,
		.wall_ns = message->wall_ns,
		.mono_ns = message->mono_ns,
	};
	stream_text_copy(header->host, sizeof(header->host), message->host);
	stream_text_copy(header->kernel, sizeof(header->kernel), message->kernel);
	stream_text_copy(header->hypervisor, sizeof(header->hypervisor), message->hypervisor);
	stream_text_copy(header->tsc_source, sizeof(header->tsc_source), message->tsc_source);
	stream_text_copy(header->command, sizeof(header->command), message->command);
	for (size_t i = 0; i < message->n_pcpu && i < STREAM_MAX_PCPUS; i++)
		header->pcpus[header->nr_pcpus++] = (uint16_t)message->pcpu[i];
	for (size_t i = 0; i < message->n_vm && i < STREAM_MAX_VMS; i++) {
		struct stream_vm *vm = &header->vms[header->nr_vms++];

		vm->id = (uint16_t)message->vm[i]->id;
		stream_text_copy(vm->name, sizeof(vm->name), message->vm[i]->name);
	}
}
