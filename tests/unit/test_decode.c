// SPDX-License-Identifier: BSD-3-Clause
/*
 * The instruction decoder against Zydis: what it claims Zydis decodes the same way, and what Zydis
 * says is one of the claimed instructions on memory it claims. Then where instructions end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <Zydis/Zydis.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "hv/core/decode.h"
#include "tests/unit/random.h"

/* Random bytes after what a case is about; the decoder must not look past the 15th. */
#define CASE_SIZE 24U
#define PAGE 4096UL
#define MISMATCHES_SHOWN 10U

static const struct mode {
	enum cpu_mode ours;
	ZydisMachineMode zydis;
	ZydisStackWidth width;
	const char *name;
} modes[] = {
	{ CPU_MODE_16BIT, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16, "16-bit" },
	{ CPU_MODE_32BIT, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32, "32-bit" },
	{ CPU_MODE_64BIT, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64, "64-bit" },
};
#define MODES (sizeof(modes) / sizeof(modes[0]))

static const struct {
	ZydisMnemonic mnemonic;
	enum mmio_operation operation;
} names[] = {
	{ ZYDIS_MNEMONIC_MOV, MMIO_MOV },	  { ZYDIS_MNEMONIC_MOVNTI, MMIO_MOV },
	{ ZYDIS_MNEMONIC_MOVZX, MMIO_MOVZX },	  { ZYDIS_MNEMONIC_MOVSX, MMIO_MOVSX },
	{ ZYDIS_MNEMONIC_MOVSXD, MMIO_MOVSX },	  { ZYDIS_MNEMONIC_MOVBE, MMIO_MOVBE },
	{ ZYDIS_MNEMONIC_STOSB, MMIO_STOS },	  { ZYDIS_MNEMONIC_STOSW, MMIO_STOS },
	{ ZYDIS_MNEMONIC_STOSD, MMIO_STOS },	  { ZYDIS_MNEMONIC_STOSQ, MMIO_STOS },
	{ ZYDIS_MNEMONIC_LODSB, MMIO_LODS },	  { ZYDIS_MNEMONIC_LODSW, MMIO_LODS },
	{ ZYDIS_MNEMONIC_LODSD, MMIO_LODS },	  { ZYDIS_MNEMONIC_LODSQ, MMIO_LODS },
	{ ZYDIS_MNEMONIC_MOVSB, MMIO_MOVS },	  { ZYDIS_MNEMONIC_MOVSW, MMIO_MOVS },
	{ ZYDIS_MNEMONIC_MOVSD, MMIO_MOVS },	  { ZYDIS_MNEMONIC_MOVSQ, MMIO_MOVS },
	{ ZYDIS_MNEMONIC_ADD, MMIO_ADD },	  { ZYDIS_MNEMONIC_OR, MMIO_OR },
	{ ZYDIS_MNEMONIC_ADC, MMIO_ADC },	  { ZYDIS_MNEMONIC_SBB, MMIO_SBB },
	{ ZYDIS_MNEMONIC_AND, MMIO_AND },	  { ZYDIS_MNEMONIC_SUB, MMIO_SUB },
	{ ZYDIS_MNEMONIC_XOR, MMIO_XOR },	  { ZYDIS_MNEMONIC_CMP, MMIO_CMP },
	{ ZYDIS_MNEMONIC_TEST, MMIO_TEST },	  { ZYDIS_MNEMONIC_NOT, MMIO_NOT },
	{ ZYDIS_MNEMONIC_NEG, MMIO_NEG },	  { ZYDIS_MNEMONIC_INC, MMIO_INC },
	{ ZYDIS_MNEMONIC_DEC, MMIO_DEC },	  { ZYDIS_MNEMONIC_XCHG, MMIO_XCHG },
	{ ZYDIS_MNEMONIC_CMPXCHG, MMIO_CMPXCHG }, { ZYDIS_MNEMONIC_XADD, MMIO_XADD },
	{ ZYDIS_MNEMONIC_BT, MMIO_BT },		  { ZYDIS_MNEMONIC_BTS, MMIO_BTS },
	{ ZYDIS_MNEMONIC_BTR, MMIO_BTR },	  { ZYDIS_MNEMONIC_BTC, MMIO_BTC },
};
#define NAMES (sizeof(names) / sizeof(names[0]))

#define RIP 0xfffff123UL /* near where it wraps when addresses have 4 bytes */

/* The same registers for us and, in each width, for Zydis. */
static struct acrn_gp_regs registers;
static ZydisRegisterContext context;
static ZydisDecoder decoders[MODES];
static uint8_t *page_end; /* what follows is not accessible */
static unsigned int claimed, mismatches;
static unsigned int claims_of[MMIO_BTC + 1];

static int operation_of(const ZydisDecodedInstruction *zydis)
{
	for (size_t i = 0; i < NAMES; i++)
		if (names[i].mnemonic == zydis->mnemonic)
			return (int)names[i].operation;
	return -1;
}

static struct mmio_register register_of(ZydisRegister zydis)
{
	struct mmio_register reg = {
		.number = (uint8_t)ZydisRegisterGetId(zydis),
		.size = (uint8_t)(ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, zydis) / 8),
	};

	/* Zydis numbers its byte registers with AH to BH in the midst. */
	if (zydis >= ZYDIS_REGISTER_AH && zydis <= ZYDIS_REGISTER_BH) {
		reg.number = (uint8_t)(zydis - ZYDIS_REGISTER_AH);
		reg.high = true;
	} else if (zydis >= ZYDIS_REGISTER_SPL && zydis <= ZYDIS_REGISTER_R15B) {
		reg.number = (uint8_t)(zydis - ZYDIS_REGISTER_SPL + 4);
	}
	return reg;
}

static uint8_t address_register(ZydisRegister zydis)
{
	if (zydis == ZYDIS_REGISTER_NONE)
		return DECODE_NO_REGISTER;
	if (zydis == ZYDIS_REGISTER_RIP || zydis == ZYDIS_REGISTER_EIP)
		return DECODE_RIP;
	return (uint8_t)ZydisRegisterGetId(zydis);
}

static struct mmio_address address_of(const ZydisDecodedInstruction *zydis,
				      const ZydisDecodedOperandMem *mem)
{
	return (struct mmio_address){
		.displacement = mem->disp.has_displacement ? mem->disp.value : 0,
		.base = address_register(mem->base),
		.index = address_register(mem->index),
		.scale = mem->index == ZYDIS_REGISTER_NONE ? 1 : mem->scale,
		.size = zydis->address_width / 8,
		.segment = (uint8_t)ZydisRegisterGetId(mem->segment),
	};
}

/* The operands that the decoder tells of: all but the flags and the accumulator of CMPXCHG. */
static bool is_counted(int operation, const ZydisDecodedOperand *operand)
{
	if (operation == MMIO_STOS || operation == MMIO_LODS || operation == MMIO_MOVS)
		return operand->type == ZYDIS_OPERAND_TYPE_MEMORY ||
		       (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
			ZydisRegisterGetId(operand->reg.value) == 0 &&
			ZydisRegisterGetClass(operand->reg.value) != ZYDIS_REGCLASS_FLAGS);
	return operand->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN;
}

static void add_operand(const ZydisDecodedInstruction *zydis, const ZydisDecodedOperand *operand,
			bool first, struct mmio_instruction *out)
{
	switch (operand->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		out->other = MMIO_REGISTER;
		out->reg = register_of(operand->reg.value);
		break;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		out->other = MMIO_IMMEDIATE;
		out->immediate = operand->imm.is_signed ? (uint64_t)operand->imm.value.s
							: operand->imm.value.u;
		break;
	default:
		if (out->size) {
			out->other = MMIO_MEMORY;
			out->source = address_of(zydis, &operand->mem);
			break;
		}
		out->size = (uint8_t)(operand->size / 8);
		out->memory_first = first;
		out->reads = operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
		out->writes = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
		out->address = address_of(zydis, &operand->mem);
		break;
	}
}

/*
 * Where Zydis 4.0 is at odds with the SDM, and the processor with Zydis (test_decode_execute.c has
 * both): 66 63 reads 2 bytes, not 4; SIB base 5 without displacement is no base also when REX.B is
 * set and the address size is 4.
 */
static void correct(const ZydisDecodedInstruction *zydis, struct mmio_instruction *out)
{
	if (zydis->mnemonic == ZYDIS_MNEMONIC_MOVSXD && out->reg.size == 2)
		out->size = 2;
	if (out->address.size == 4 && (zydis->attributes & ZYDIS_ATTRIB_HAS_SIB) &&
	    zydis->raw.modrm.mod == 0 && zydis->raw.sib.base == 5) {
		out->address.base = DECODE_NO_REGISTER;
		out->address.displacement = zydis->raw.disp.value;
	}
}

/* What Zydis says, in our terms; false: not one of the claimed instructions on memory. */
static bool expected_of(const ZydisDecodedInstruction *zydis, const ZydisDecodedOperand *operands,
			struct mmio_instruction *out)
{
	int operation = operation_of(zydis);
	unsigned int counted = 0;

	if (operation < 0 || zydis->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY ||
	    (zydis->mnemonic == ZYDIS_MNEMONIC_MOVSD && zydis->opcode_map))
		return false;
	*out = (struct mmio_instruction){
		.operation = (enum mmio_operation)operation,
		.length = zydis->length,
		.locked = zydis->mnemonic == ZYDIS_MNEMONIC_XCHG ||
			  (zydis->attributes & ZYDIS_ATTRIB_HAS_LOCK),
		.repeated = zydis->attributes &
			    (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE),
	};
	for (unsigned int i = 0; i < zydis->operand_count; i++)
		if (is_counted(operation, &operands[i]))
			add_operand(zydis, &operands[i], counted++ == 0, out);
	if (!out->size)
		return false;
	if (operation >= MMIO_BT && operation <= MMIO_BTC)
		out->immediate = (uint64_t)(int8_t)out->immediate;
	if (out->immediate)
		out->immediate = decode_low_bytes(out->immediate, out->size);
	/* Of MOV the segment registers, of BT and its like a bit number in a register. */
	if (out->other == MMIO_REGISTER &&
	    ((operation == MMIO_MOV && zydis->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
	      (zydis->opcode == 0x8c || zydis->opcode == 0x8e)) ||
	     (operation >= MMIO_BT && operation <= MMIO_BTC)))
		return false;
	correct(zydis, out);
	return true;
}

static bool same_address(const struct mmio_address *a, const struct mmio_address *b)
{
	uint64_t difference = (uint64_t)a->displacement ^ (uint64_t)b->displacement;

	return a->base == b->base && a->index == b->index && a->scale == b->scale &&
	       a->size == b->size && a->segment == b->segment &&
	       (!a->size || decode_low_bytes(difference, a->size) == 0);
}

static bool same(const struct mmio_instruction *a, const struct mmio_instruction *b)
{
	return a->operation == b->operation && a->other == b->other && a->length == b->length &&
	       a->size == b->size && a->memory_first == b->memory_first && a->reads == b->reads &&
	       a->writes == b->writes && a->locked == b->locked && a->repeated == b->repeated &&
	       a->reg.number == b->reg.number && a->reg.size == b->reg.size &&
	       a->reg.high == b->reg.high && a->immediate == b->immediate &&
	       same_address(&a->address, &b->address) && same_address(&a->source, &b->source);
}

static void show(const char *who, bool known, const struct mmio_instruction *i)
{
	if (!known) {
		print_message("#   %s: no\n", who);
		return;
	}
	print_message(
		"#   %s: operation %d other %d length %u size %u first %d r%dw%d lock %d rep %d "
		"reg %u/%u/%d imm %#llx; %u+%u*%u%+lld /%u seg %u; from %u/%u seg %u\n",
		who, i->operation, i->other, i->length, i->size, i->memory_first, i->reads,
		i->writes, i->locked, i->repeated, i->reg.number, i->reg.size, i->reg.high,
		(unsigned long long)i->immediate, i->address.base, i->address.index,
		i->address.scale, (long long)i->address.displacement, i->address.size,
		i->address.segment, i->source.base, i->source.size, i->source.segment);
}

static void show_bytes(const char *mode, const uint8_t *bytes, unsigned int count)
{
	char text[3 * CASE_SIZE + 1] = "";

	for (unsigned int i = 0; i < count; i++)
		snprintf(text + (size_t)3 * i, 4, "%02x ", bytes[i]);
	print_message("# %s: %s\n", mode, text);
}

/* Zydis leaves 4-byte SIB addresses with the base that is none (see correct()) to the processor. */
static bool same_offset(const struct mmio_instruction *ours, const ZydisDecodedInstruction *zydis,
			const ZydisDecodedOperand *operands)
{
	const ZydisDecodedOperand *operand = operands;
	uint64_t offset;

	while (operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
		operand++;
	if (operand->mem.base == ZYDIS_REGISTER_R13D && ours->address.base == DECODE_NO_REGISTER)
		return true;
	return ZYAN_SUCCESS(ZydisCalcAbsoluteAddressEx(zydis, operand, RIP, &context, &offset)) &&
	       offset == decode_effective_address(&ours->address, &registers, RIP + ours->length);
}

static void compare(unsigned int m, const uint8_t bytes[CASE_SIZE])
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction zydis;
	struct mmio_instruction expected, ours;
	bool known = decode_mmio(bytes, CASE_SIZE, modes[m].ours, &ours) == DECODE_OK;
	bool wanted = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoders[m], bytes, CASE_SIZE, &zydis,
							  operands)) &&
		      expected_of(&zydis, operands, &expected);

	if (known) {
		claimed++;
		claims_of[ours.operation]++;
	}
	if (known == wanted &&
	    (!known || (same(&ours, &expected) && same_offset(&ours, &zydis, operands))))
		return;
	if (mismatches++ >= MISMATCHES_SHOWN)
		return;
	show_bytes(modes[m].name, bytes, DECODE_MAX_LENGTH);
	show("ours", known, &ours);
	show("Zydis", wanted, &expected);
}

static void fill_random(uint8_t *bytes)
{
	for (unsigned int i = 0; i < CASE_SIZE; i += 8) {
		uint64_t value = next_random();

		memcpy(bytes + i, &value, 8);
	}
}

static void test_random_bytes(void **state)
{
	uint8_t bytes[CASE_SIZE];

	(void)state;
	seed = 1;
	claimed = mismatches = 0;
	for (unsigned int n = 0; n < 1000000; n++) {
		fill_random(bytes);
		for (unsigned int m = 0; m < MODES; m++)
			compare(m, bytes);
	}
	assert_true(claimed > 500000);
	assert_int_equal(mismatches, 0);
}

static const uint8_t prefixes[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66,
				    0x67, 0xf0, 0xf2, 0xf3, 0x40, 0x48, 0x4f };

/* Up to three prefixes before each opcode of the three maps, with each ModRM byte, the rest random.
 */
static unsigned int put_prefixes(uint8_t *bytes)
{
	unsigned int count = below(4);

	for (unsigned int i = 0; i < count; i++) {
		bytes[i] = prefixes[below(sizeof(prefixes))];
		if ((bytes[i] & 0xf0) == 0x40)
			bytes[i] = (uint8_t)(0x40 | below(16));
	}
	return count;
}

static void test_structured(void **state)
{
	static const uint8_t escapes[][2] = { { 0 }, { 0x0f }, { 0x0f, 0x38 } };
	uint8_t bytes[CASE_SIZE];

	(void)state;
	seed = 2;
	claimed = mismatches = 0;
	for (unsigned int n = 0; n < 8 * 3 * 65536; n++) {
		unsigned int map = n % 3, at;

		fill_random(bytes);
		at = put_prefixes(bytes);
		memcpy(bytes + at, escapes[map], map);
		bytes[at + map] = (uint8_t)(n / 3);
		bytes[at + map + 1] = (uint8_t)(n / 3 / 256);
		for (unsigned int m = 0; m < MODES; m++)
			compare(m, bytes);
	}
	assert_true(claimed > 200000);
	assert_int_equal(mismatches, 0);
	for (unsigned int i = 0; i <= MMIO_BTC; i++)
		assert_true(claims_of[i] > 0);
}

/* All kinds of prefixes in all numbers, up to and past the longest instruction. */
static void test_prefixes(void **state)
{
	uint8_t bytes[CASE_SIZE];

	(void)state;
	seed = 3;
	claimed = mismatches = 0;
	for (unsigned int n = 0; n < 300000; n++) {
		unsigned int count = below(16);

		fill_random(bytes);
		for (unsigned int i = 0; i < count; i++)
			bytes[i] = prefixes[below(sizeof(prefixes))];
		bytes[count] = 0x88 + (uint8_t)below(4);
		for (unsigned int m = 0; m < MODES; m++)
			compare(m, bytes);
	}
	assert_true(claimed > 50000);
	assert_int_equal(mismatches, 0);
}

static bool is_answer(const uint8_t *bytes, unsigned int count, unsigned int m, int answer,
		      struct mmio_instruction *out)
{
	uint8_t *at = page_end - count;

	if (count)
		memcpy(at, bytes, count);
	if (decode_mmio(at, count, modes[m].ours, out) == answer)
		return true;
	if (mismatches++ < MISMATCHES_SHOWN)
		show_bytes(modes[m].name, bytes, count);
	return false;
}

/*
 * An instruction ends where it ends: with fewer bytes it is truncated, with just enough it is what
 * it was; prefixes in front make it longer, up to 15 bytes and not to 16. The bytes end with their
 * page.
 */
static void check_length(unsigned int m, const uint8_t bytes[CASE_SIZE])
{
	uint8_t longer[DECODE_MAX_LENGTH + 1];
	struct mmio_instruction whole, part;
	unsigned int padding;

	if (decode_mmio(bytes, DECODE_MAX_LENGTH, modes[m].ours, &whole) != DECODE_OK)
		return;
	claimed++;
	for (unsigned int count = 0; count < whole.length; count++)
		is_answer(bytes, count, m, DECODE_TRUNCATED, &part);
	if (is_answer(bytes, whole.length, m, DECODE_OK, &part) && !same(&whole, &part))
		mismatches++;
	padding = sizeof(longer) - whole.length;
	memset(longer, 0x3e, padding);
	memcpy(longer + padding, bytes, whole.length);
	is_answer(longer, DECODE_MAX_LENGTH + 1, m, DECODE_UNKNOWN, &part);
	is_answer(longer, DECODE_MAX_LENGTH, m, DECODE_UNKNOWN, &part);
	is_answer(longer + 1, DECODE_MAX_LENGTH - 1, m, DECODE_TRUNCATED, &part);
	if (is_answer(longer + 1, DECODE_MAX_LENGTH, m, DECODE_OK, &part) &&
	    part.length != DECODE_MAX_LENGTH)
		mismatches++;
}

static void test_lengths(void **state)
{
	uint8_t bytes[CASE_SIZE];

	(void)state;
	seed = 4;
	claimed = mismatches = 0;
	for (unsigned int n = 0; n < 400000; n++) {
		fill_random(bytes);
		if (n % 2)
			bytes[put_prefixes(bytes)] = 0x0f;
		for (unsigned int m = 0; m < MODES; m++)
			check_length(m, bytes);
	}
	assert_true(claimed > 100000);
	assert_int_equal(mismatches, 0);
}

/* Nothing but prefixes: it may still become something until the 15th. */
static void test_only_prefixes(void **state)
{
	uint8_t bytes[DECODE_MAX_LENGTH];
	struct mmio_instruction out;

	(void)state;
	mismatches = 0;
	for (size_t i = 0; i < sizeof(prefixes); i++) {
		memset(bytes, prefixes[i], sizeof(bytes));
		for (unsigned int m = 0; m < MODES; m++) {
			bool prefix = prefixes[i] >> 4 != 4 || modes[m].ours == CPU_MODE_64BIT;

			is_answer(bytes, DECODE_MAX_LENGTH, m, DECODE_UNKNOWN, &out);
			is_answer(bytes, DECODE_MAX_LENGTH - 1, m,
				  prefix ? DECODE_TRUNCATED : DECODE_UNKNOWN, &out);
		}
	}
	assert_int_equal(mismatches, 0);
}

static int setup(void **state)
{
	uint8_t *map;

	(void)state;
	for (unsigned int m = 0; m < MODES; m++)
		if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoders[m], modes[m].zydis, modes[m].width)))
			return -1;
	seed = 5;
	for (unsigned int i = 0; i < 16; i++) {
		uint64_t value = next_random();

		memcpy((uint8_t *)&registers + (size_t)8 * i, &value, sizeof(value));
		context.values[ZYDIS_REGISTER_RAX + i] = value;
		context.values[ZYDIS_REGISTER_EAX + i] = (uint32_t)value;
		context.values[ZYDIS_REGISTER_AX + i] = (uint16_t)value;
	}
	map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || mprotect(map + PAGE, PAGE, PROT_NONE))
		return -1;
	page_end = map + PAGE;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_bytes),  cmocka_unit_test(test_structured),
		cmocka_unit_test(test_prefixes),      cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_only_prefixes),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
