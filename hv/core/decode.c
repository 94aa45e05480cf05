// SPDX-License-Identifier: BSD-3-Clause
/* From instruction bytes to what they do to memory: prefixes, opcode, ModRM, displacement,
 * immediate. */
#include <string.h>

#include "hv/core/decode.h"

#define REX_W 8U
#define REX_R 4U
#define REX_X 2U
#define REX_B 1U

enum opcode_map {
	MAP_ONE_BYTE,
	MAP_0F,
	MAP_0F38,
};

/* Which operands there are, in the order of the SDM; M is memory by ModRM, R the register in it. */
enum layout {
	LAYOUT_M,
	LAYOUT_M_R,
	LAYOUT_R_M,
	LAYOUT_M_I,	 /* immediate of the operand size, 4 bytes at most */
	LAYOUT_M_I8,	 /* immediate of one byte */
	LAYOUT_AX_MOFFS, /* memory by an offset of the address size */
	LAYOUT_MOFFS_AX,
	LAYOUT_STRING_STORE,
	LAYOUT_STRING_LOAD,
	LAYOUT_STRING_MOVE,
};

#define PAIR (1U << 0)	    /* this even opcode is for bytes, the next one for the operand size */
#define BYTE (1U << 1)	    /* operands are bytes */
#define MEMORY_8 (1U << 2)  /* the memory operand is a byte whatever the register is, */
#define MEMORY_16 (1U << 3) /* at most two, */
#define MEMORY_32 (1U << 4) /* or at most four */
#define ONLY_64 (1U << 5)   /* another instruction outside of 64-bit mode */
#define NOT_64 (1U << 6)    /* #UD in 64-bit mode */
#define NO_REPEAT (1U << 7) /* F2 and F3 make another instruction of it, or none */
#define WIDE (1U << 8)	    /* of 4 or 8 bytes in each mode, and #UD with 66 */

/* ModRM bits 5:3 where they name no register but extend the opcode: those of a form. */
#define ANY_DIGIT 0, 7
#define DIGIT(n) (n), (n)

/* Without R in the layout, each digit after the first stands for the next operation. */
struct form {
	uint8_t map;
	uint8_t opcode;
	uint8_t layout;
	uint8_t operation;
	uint8_t first_digit, last_digit;
	uint16_t flags;
};

#define ARITHMETIC(opcode, operation)                                                \
	{ MAP_ONE_BYTE, (opcode), LAYOUT_M_R, (operation), ANY_DIGIT, PAIR },        \
	{                                                                            \
		MAP_ONE_BYTE, (opcode) + 2, LAYOUT_R_M, (operation), ANY_DIGIT, PAIR \
	}

/* Searched in order: what drivers do to their devices comes first. */
static const struct form forms[] = {
	{ MAP_ONE_BYTE, 0x88, LAYOUT_M_R, MMIO_MOV, ANY_DIGIT, PAIR },
	{ MAP_ONE_BYTE, 0x8a, LAYOUT_R_M, MMIO_MOV, ANY_DIGIT, PAIR },
	{ MAP_ONE_BYTE, 0xc6, LAYOUT_M_I, MMIO_MOV, DIGIT(0), PAIR },
	{ MAP_0F, 0xb6, LAYOUT_R_M, MMIO_MOVZX, ANY_DIGIT, MEMORY_8 },
	{ MAP_0F, 0xb7, LAYOUT_R_M, MMIO_MOVZX, ANY_DIGIT, MEMORY_16 },
	{ MAP_0F, 0xbe, LAYOUT_R_M, MMIO_MOVSX, ANY_DIGIT, MEMORY_8 },
	{ MAP_0F, 0xbf, LAYOUT_R_M, MMIO_MOVSX, ANY_DIGIT, MEMORY_16 },
	{ MAP_ONE_BYTE, 0x63, LAYOUT_R_M, MMIO_MOVSX, ANY_DIGIT, MEMORY_32 | ONLY_64 },
	{ MAP_ONE_BYTE, 0xa0, LAYOUT_AX_MOFFS, MMIO_MOV, ANY_DIGIT, PAIR },
	{ MAP_ONE_BYTE, 0xa2, LAYOUT_MOFFS_AX, MMIO_MOV, ANY_DIGIT, PAIR },
	{ MAP_ONE_BYTE, 0xa4, LAYOUT_STRING_MOVE, MMIO_MOVS, ANY_DIGIT, PAIR },
	{ MAP_ONE_BYTE, 0xaa, LAYOUT_STRING_STORE, MMIO_STOS, ANY_DIGIT, PAIR },
	{ MAP_ONE_BYTE, 0xac, LAYOUT_STRING_LOAD, MMIO_LODS, ANY_DIGIT, PAIR },
	{ MAP_0F38, 0xf0, LAYOUT_R_M, MMIO_MOVBE, ANY_DIGIT, NO_REPEAT },
	{ MAP_0F38, 0xf1, LAYOUT_M_R, MMIO_MOVBE, ANY_DIGIT, NO_REPEAT },
	{ MAP_0F, 0xc3, LAYOUT_M_R, MMIO_MOV, ANY_DIGIT, NO_REPEAT | WIDE },
	ARITHMETIC(0x00, MMIO_ADD),
	ARITHMETIC(0x08, MMIO_OR),
	ARITHMETIC(0x10, MMIO_ADC),
	ARITHMETIC(0x18, MMIO_SBB),
	ARITHMETIC(0x20, MMIO_AND),
	ARITHMETIC(0x28, MMIO_SUB),
	ARITHMETIC(0x30, MMIO_XOR),
	ARITHMETIC(0x38, MMIO_CMP),
	{ MAP_ONE_BYTE, 0x80, LAYOUT_M_I, MMIO_ADD, 0, 7, PAIR },
	{ MAP_ONE_BYTE, 0x82, LAYOUT_M_I8, MMIO_ADD, 0, 7, BYTE | NOT_64 },
	{ MAP_ONE_BYTE, 0x83, LAYOUT_M_I8, MMIO_ADD, 0, 7, 0 },
	{ MAP_ONE_BYTE, 0x84, LAYOUT_M_R, MMIO_TEST, ANY_DIGIT, PAIR },
	{ MAP_ONE_BYTE, 0x86, LAYOUT_M_R, MMIO_XCHG, ANY_DIGIT, PAIR },
	/* The SDM has no /1; the processor takes it for /0. */
	{ MAP_ONE_BYTE, 0xf6, LAYOUT_M_I, MMIO_TEST, DIGIT(0), PAIR },
	{ MAP_ONE_BYTE, 0xf6, LAYOUT_M_I, MMIO_TEST, DIGIT(1), PAIR },
	{ MAP_ONE_BYTE, 0xf6, LAYOUT_M, MMIO_NOT, 2, 3, PAIR },
	{ MAP_ONE_BYTE, 0xfe, LAYOUT_M, MMIO_INC, 0, 1, PAIR },
	{ MAP_0F, 0xb0, LAYOUT_M_R, MMIO_CMPXCHG, ANY_DIGIT, PAIR },
	{ MAP_0F, 0xc0, LAYOUT_M_R, MMIO_XADD, ANY_DIGIT, PAIR },
	{ MAP_0F, 0xba, LAYOUT_M_I8, MMIO_BT, 4, 7, 0 },
};

/* What an operation does to a memory operand that comes first; as second operand it is read. */
#define OPERATION(operation) (1U << (operation))
static const uint32_t only_writes =
	OPERATION(MMIO_MOV) | OPERATION(MMIO_MOVBE) | OPERATION(MMIO_STOS) | OPERATION(MMIO_MOVS);
static const uint32_t only_reads = OPERATION(MMIO_CMP) | OPERATION(MMIO_TEST) | OPERATION(MMIO_BT);

/* An instruction on its way; after the bytes have run out, take() gives zeros. */
struct decoder {
	const uint8_t *bytes;
	unsigned int length, at;
	bool overrun;
	enum cpu_mode mode;
	/* Prefixes. */
	bool operand_size, address_size, lock;
	uint8_t repeat;	 /* F2 or F3, whichever comes last, or 0 */
	uint8_t segment; /* enum decode_segment, or NO_OVERRIDE */
	uint8_t rex;	 /* 0: none */
	uint8_t opcode;	 /* its last byte */
	/* ModRM. */
	uint8_t mod, reg, rm;
};

#define NO_OVERRIDE 255U

static uint64_t take(struct decoder *d, unsigned int size)
{
	uint64_t value = 0;

	if (size > d->length - d->at) {
		d->overrun = true;
		d->at = d->length;
		return 0;
	}
	memcpy(&value, d->bytes + d->at, size);
	d->at += size;
	return value;
}

static int64_t take_signed(struct decoder *d, unsigned int size)
{
	unsigned int unused = 64 - 8 * size;

	return (int64_t)(take(d, size) << unused) >> unused;
}

/* In 64-bit mode the overrides of the flat segments are void and leave an earlier FS or GS alone.
 */
static void override_segment(struct decoder *d, enum decode_segment segment)
{
	if (d->mode != CPU_MODE_64BIT || segment >= SEGMENT_FS)
		d->segment = (uint8_t)segment;
}

static bool take_legacy_prefix(struct decoder *d, uint8_t byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		override_segment(d, (byte >> 3) & 3);
		return true;
	case 0x64:
	case 0x65:
		override_segment(d, byte & 7);
		return true;
	case 0x66:
		d->operand_size = true;
		return true;
	case 0x67:
		d->address_size = true;
		return true;
	case 0xf0:
		d->lock = true;
		return true;
	case 0xf2:
	case 0xf3:
		d->repeat = byte;
		return true;
	default:
		return false;
	}
}

/* Returns the first byte of the opcode. REX counts only right before it. */
static uint8_t take_prefixes(struct decoder *d)
{
	for (;;) {
		uint8_t byte = (uint8_t)take(d, 1);

		if (d->mode == CPU_MODE_64BIT && (byte & 0xf0) == 0x40)
			d->rex = byte;
		else if (take_legacy_prefix(d, byte))
			d->rex = 0;
		else
			return byte;
	}
}

static uint8_t take_opcode(struct decoder *d, enum opcode_map *map)
{
	uint8_t byte = take_prefixes(d);

	*map = MAP_ONE_BYTE;
	if (byte != 0x0f)
		return byte;
	*map = MAP_0F;
	byte = (uint8_t)take(d, 1);
	if (byte != 0x38)
		return byte;
	*map = MAP_0F38;
	return (uint8_t)take(d, 1);
}

static bool has_modrm(const struct form *form)
{
	return form->layout <= LAYOUT_M_I8;
}

static bool has_register(const struct form *form)
{
	return form->layout == LAYOUT_M_R || form->layout == LAYOUT_R_M;
}

static bool is_string(const struct form *form)
{
	return form->layout >= LAYOUT_STRING_STORE;
}

static bool fits(const struct form *form, const struct decoder *d)
{
	bool is_64 = d->mode == CPU_MODE_64BIT;

	return !((form->flags & ONLY_64) && !is_64) && !((form->flags & NOT_64) && is_64) &&
	       !((form->flags & NO_REPEAT) && d->repeat) &&
	       !((form->flags & WIDE) && d->operand_size) &&
	       (has_register(form) || !has_modrm(form) ||
		(d->reg >= form->first_digit && d->reg <= form->last_digit));
}

/* All forms of an opcode have ModRM, or none; it is taken with the first of them. */
static const struct form *find_form(struct decoder *d)
{
	enum opcode_map map;
	uint8_t opcode = d->opcode = take_opcode(d, &map);
	bool modrm_taken = false;

	for (unsigned int i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct form *form = &forms[i];
		uint8_t pair = (form->flags & PAIR) ? 1 : 0;

		if (form->map != map || form->opcode != (opcode & ~pair))
			continue;
		if (has_modrm(form) && !modrm_taken) {
			uint8_t modrm = (uint8_t)take(d, 1);

			d->mod = modrm >> 6;
			d->reg = (modrm >> 3) & 7;
			d->rm = modrm & 7;
			modrm_taken = true;
		}
		if (fits(form, d))
			return form;
	}
	return NULL;
}

static uint8_t operand_size(const struct form *form, const struct decoder *d)
{
	if ((form->flags & BYTE) || ((form->flags & PAIR) && !(d->opcode & 1)))
		return 1;
	if (d->rex & REX_W)
		return 8;
	if (form->flags & WIDE)
		return 4;
	return d->operand_size == (d->mode == CPU_MODE_16BIT) ? 4 : 2;
}

static uint8_t memory_size(const struct form *form, uint8_t size)
{
	if (form->flags & MEMORY_8)
		return 1;
	if (form->flags & MEMORY_16)
		return 2;
	if ((form->flags & MEMORY_32) && size > 4)
		return 4;
	return size;
}

static uint8_t address_size(const struct decoder *d)
{
	if (d->mode == CPU_MODE_64BIT)
		return d->address_size ? 4 : 8;
	return d->address_size == (d->mode == CPU_MODE_16BIT) ? 4 : 2;
}

static uint8_t segment_or(const struct decoder *d, enum decode_segment standard)
{
	return d->segment == NO_OVERRIDE ? (uint8_t)standard : d->segment;
}

static void take_address_16(struct decoder *d, struct mmio_address *address)
{
	static const struct {
		uint8_t base, index, segment;
	} pairs[8] = {
		{ REGISTER_BX, REGISTER_SI, SEGMENT_DS },
		{ REGISTER_BX, REGISTER_DI, SEGMENT_DS },
		{ REGISTER_BP, REGISTER_SI, SEGMENT_SS },
		{ REGISTER_BP, REGISTER_DI, SEGMENT_SS },
		{ REGISTER_SI, DECODE_NO_REGISTER, SEGMENT_DS },
		{ REGISTER_DI, DECODE_NO_REGISTER, SEGMENT_DS },
		{ REGISTER_BP, DECODE_NO_REGISTER, SEGMENT_SS },
		{ REGISTER_BX, DECODE_NO_REGISTER, SEGMENT_DS },
	};

	address->base = pairs[d->rm].base;
	address->index = pairs[d->rm].index;
	address->segment = segment_or(d, pairs[d->rm].segment);
	if (d->mod == 0 && d->rm == 6) {
		address->base = DECODE_NO_REGISTER;
		address->segment = segment_or(d, SEGMENT_DS);
		address->displacement = take_signed(d, 2);
	}
}

/* SIB; the base that is none without a displacement is BP, or R13. */
static void take_sib(struct decoder *d, struct mmio_address *address)
{
	uint8_t sib = (uint8_t)take(d, 1);
	uint8_t index = ((sib >> 3) & 7) | ((d->rex & REX_X) ? 8 : 0);
	uint8_t base = sib & 7;

	if (index != REGISTER_SP) {
		address->index = index;
		address->scale = (uint8_t)(1U << (sib >> 6));
	}
	if (d->mod == 0 && base == REGISTER_BP)
		address->displacement = take_signed(d, 4);
	else
		address->base = base | ((d->rex & REX_B) ? 8 : 0);
}

static void take_address_32_64(struct decoder *d, struct mmio_address *address)
{
	if (d->rm == REGISTER_SP) {
		take_sib(d, address);
	} else if (d->mod == 0 && d->rm == REGISTER_BP) {
		if (d->mode == CPU_MODE_64BIT)
			address->base = DECODE_RIP;
		address->displacement = take_signed(d, 4);
	} else {
		address->base = d->rm | ((d->rex & REX_B) ? 8 : 0);
	}
	address->segment = segment_or(
		d, address->base == REGISTER_SP || address->base == REGISTER_BP ? SEGMENT_SS
										: SEGMENT_DS);
}

static void take_modrm_address(struct decoder *d, struct mmio_address *address)
{
	if (address->size == 2)
		take_address_16(d, address);
	else
		take_address_32_64(d, address);
	if (d->mod == 1)
		address->displacement = take_signed(d, 1);
	else if (d->mod == 2)
		address->displacement = take_signed(d, address->size == 2 ? 2 : 4);
}

static struct mmio_address plain_address(const struct decoder *d, uint8_t base, uint8_t segment)
{
	return (struct mmio_address){
		.base = base,
		.index = DECODE_NO_REGISTER,
		.scale = 1,
		.size = address_size(d),
		.segment = segment,
	};
}

/* The string destination is in ES, come what may. */
static void take_memory(struct decoder *d, const struct form *form, struct mmio_instruction *out)
{
	uint8_t segment = segment_or(d, SEGMENT_DS);

	switch (form->layout) {
	case LAYOUT_AX_MOFFS:
	case LAYOUT_MOFFS_AX:
		out->address = plain_address(d, DECODE_NO_REGISTER, segment);
		out->address.displacement = take_signed(d, out->address.size);
		break;
	case LAYOUT_STRING_MOVE:
		out->source = plain_address(d, REGISTER_SI, segment);
		out->address = plain_address(d, REGISTER_DI, SEGMENT_ES);
		break;
	case LAYOUT_STRING_STORE:
		out->address = plain_address(d, REGISTER_DI, SEGMENT_ES);
		break;
	case LAYOUT_STRING_LOAD:
		out->address = plain_address(d, REGISTER_SI, segment);
		break;
	default:
		out->address = plain_address(d, DECODE_NO_REGISTER, segment);
		take_modrm_address(d, &out->address);
		break;
	}
}

static struct mmio_register modrm_register(const struct decoder *d, uint8_t size)
{
	struct mmio_register reg = { .number = d->reg, .size = size };

	if (d->rex & REX_R) {
		reg.number |= 8;
	} else if (size == 1 && !d->rex && d->reg >= 4) {
		reg.number -= 4;
		reg.high = true;
	}
	return reg;
}

/* The operand that is not memory; the register of the accumulator forms is number 0. */
static void take_other(struct decoder *d, const struct form *form, uint8_t size,
		       struct mmio_instruction *out)
{
	switch (form->layout) {
	case LAYOUT_M:
		out->other = MMIO_NONE;
		break;
	case LAYOUT_M_I:
		out->other = MMIO_IMMEDIATE;
		out->immediate =
			decode_low_bytes((uint64_t)take_signed(d, size > 4 ? 4 : size), size);
		break;
	case LAYOUT_M_I8:
		out->other = MMIO_IMMEDIATE;
		out->immediate = decode_low_bytes((uint64_t)take_signed(d, 1), size);
		break;
	case LAYOUT_STRING_MOVE:
		out->other = MMIO_MEMORY;
		break;
	default:
		out->other = MMIO_REGISTER;
		out->reg = has_register(form)
				   ? modrm_register(d, size)
				   : (struct mmio_register){ .number = REGISTER_AX, .size = size };
		break;
	}
}

static void fill_in(struct decoder *d, const struct form *form, struct mmio_instruction *out)
{
	uint8_t size = operand_size(form, d);
	unsigned int next = has_modrm(form) && !has_register(form) ? d->reg - form->first_digit : 0;
	uint32_t operation = OPERATION(form->operation + next);

	*out = (struct mmio_instruction){
		.operation = form->operation + next,
		.size = memory_size(form, size),
		.memory_first = form->layout != LAYOUT_R_M && form->layout != LAYOUT_AX_MOFFS &&
				form->layout != LAYOUT_STRING_LOAD,
		.repeated = is_string(form) && d->repeat,
	};
	out->reads = !out->memory_first || !(operation & only_writes);
	out->writes = out->memory_first && !(operation & only_reads);
	out->locked = d->lock || out->operation == MMIO_XCHG;
	take_memory(d, form, out);
	take_other(d, form, size, out);
	out->length = (uint8_t)d->at;
}

int decode_mmio(const uint8_t *bytes, unsigned int len, enum cpu_mode mode,
		struct mmio_instruction *out)
{
	struct decoder d = {
		.bytes = bytes,
		.length = len < DECODE_MAX_LENGTH ? len : DECODE_MAX_LENGTH,
		.mode = mode,
		.segment = NO_OVERRIDE,
	};
	const struct form *form = find_form(&d);
	bool known = form && !(has_modrm(form) && d.mod == 3);

	if (known) {
		fill_in(&d, form, out);
		/* LOCK is for what both reads and writes its memory; others raise #UD. */
		known = !d.lock || (out->reads && out->writes);
	}
	if (d.overrun && d.length < DECODE_MAX_LENGTH)
		return DECODE_TRUNCATED;
	return known && !d.overrun ? DECODE_OK : DECODE_UNKNOWN;
}
