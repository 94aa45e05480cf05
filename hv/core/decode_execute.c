// SPDX-License-Identifier: BSD-3-Clause
/* What a decoded instruction computes: addresses, registers, results and flags. */
#include <string.h>

#include "hv/core/decode.h"

#define RFLAGS_CF (1UL << 0)
#define RFLAGS_PF (1UL << 2)
#define RFLAGS_AF (1UL << 4)
#define RFLAGS_ZF (1UL << 6)
#define RFLAGS_SF (1UL << 7)
#define RFLAGS_DF (1UL << 10)
#define RFLAGS_OF (1UL << 11)
#define RFLAGS_STATUS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

/* The two operands in their order, cut to `size` bytes. */
struct operands {
	uint64_t first, second;
	unsigned int size;
};

static bool top_bit(uint64_t value, unsigned int size)
{
	return (value >> (8 * size - 1)) & 1;
}

static uint64_t register_value(const struct acrn_gp_regs *regs, unsigned int number)
{
	uint64_t value;

	memcpy(&value, (const uint8_t *)regs + sizeof(value) * (number & 15), sizeof(value));
	return value;
}

uint64_t decode_register_read(const struct acrn_gp_regs *regs, struct mmio_register reg)
{
	return decode_low_bytes(register_value(regs, reg.number) >> (reg.high ? 8 : 0), reg.size);
}

void decode_register_write(struct acrn_gp_regs *regs, struct mmio_register reg, uint64_t value)
{
	unsigned int shift = reg.high ? 8 : 0;
	uint64_t mask = decode_low_bytes(UINT64_MAX, reg.size) << shift;

	value = (value << shift) & mask;
	if (reg.size < 4)
		value |= register_value(regs, reg.number) & ~mask;
	memcpy((uint8_t *)regs + sizeof(value) * (reg.number & 15), &value, sizeof(value));
}

uint64_t decode_effective_address(const struct mmio_address *address,
				  const struct acrn_gp_regs *regs, uint64_t next_rip)
{
	uint64_t offset = (uint64_t)address->displacement;

	if (address->base == DECODE_RIP)
		offset += next_rip;
	else if (address->base != DECODE_NO_REGISTER)
		offset += register_value(regs, address->base);
	if (address->index != DECODE_NO_REGISTER)
		offset += register_value(regs, address->index) * address->scale;
	return decode_low_bytes(offset, address->size);
}

/* SF, ZF and PF of a result. */
static uint64_t result_flags(uint64_t result, unsigned int size)
{
	return (top_bit(result, size) ? RFLAGS_SF : 0) | (result ? 0 : RFLAGS_ZF) |
	       (__builtin_parity(result & 0xff) ? 0 : RFLAGS_PF);
}

static uint64_t with_flags(uint64_t rflags, uint64_t mask, uint64_t flags)
{
	return (rflags & ~mask) | flags;
}

/* Bit n of the carries is the carry out of bit n; its top one is CF, bit 3 is AF. */
static uint64_t carry_flags(uint64_t carries, uint64_t overflow, unsigned int size)
{
	return (top_bit(carries, size) ? RFLAGS_CF : 0) | (carries & 8 ? RFLAGS_AF : 0) |
	       (top_bit(overflow, size) ? RFLAGS_OF : 0);
}

static uint64_t add(const struct operands *in, uint64_t carry, uint64_t *rflags)
{
	uint64_t a = in->first, b = in->second, sum = decode_low_bytes(a + b + carry, in->size);
	uint64_t carries = (a & b) | ((a | b) & ~sum);

	*rflags = with_flags(*rflags, RFLAGS_STATUS,
			     result_flags(sum, in->size) |
				     carry_flags(carries, (a ^ sum) & (b ^ sum), in->size));
	return sum;
}

static uint64_t subtract(const struct operands *in, uint64_t borrow, uint64_t *rflags)
{
	uint64_t a = in->first, b = in->second, rest = decode_low_bytes(a - b - borrow, in->size);
	uint64_t borrows = (~a & b) | ((~a | b) & rest);

	*rflags = with_flags(*rflags, RFLAGS_STATUS,
			     result_flags(rest, in->size) |
				     carry_flags(borrows, (a ^ b) & (a ^ rest), in->size));
	return rest;
}

/* AF is undefined. */
static uint64_t logical(uint64_t result, unsigned int size, uint64_t *rflags)
{
	*rflags = with_flags(*rflags, RFLAGS_STATUS & ~RFLAGS_AF, result_flags(result, size));
	return result;
}

/* INC and DEC leave CF alone. */
static uint64_t step(const struct operands *in, bool up, uint64_t *rflags)
{
	struct operands one = { .first = in->first, .second = 1, .size = in->size };
	uint64_t carry = *rflags & RFLAGS_CF;
	uint64_t result = up ? add(&one, 0, rflags) : subtract(&one, 0, rflags);

	*rflags = with_flags(*rflags, RFLAGS_CF, carry);
	return result;
}

/* The other flags than CF are undefined, but for ZF, which stays. */
static uint64_t bit(enum mmio_operation operation, const struct operands *in, uint64_t *rflags)
{
	uint64_t mask = 1ULL << (in->second & (8 * in->size - 1));

	*rflags = with_flags(*rflags, RFLAGS_CF, in->first & mask ? RFLAGS_CF : 0);
	switch (operation) {
	case MMIO_BTS:
		return in->first | mask;
	case MMIO_BTR:
		return in->first & ~mask;
	case MMIO_BTC:
		return in->first ^ mask;
	default:
		return in->first;
	}
}

static uint64_t swap_bytes(uint64_t value, unsigned int size)
{
	return __builtin_bswap64(value) >> (64 - 8 * size);
}

static uint64_t sign_extend(uint64_t value, unsigned int size)
{
	unsigned int unused = 64 - 8 * size;

	return (uint64_t)((int64_t)(value << unused) >> unused);
}

/* What the operation makes of its operands; of CMP and TEST only the flags count. */
static uint64_t compute(enum mmio_operation operation, const struct operands *in, uint64_t *rflags)
{
	const struct operands negated = { .second = in->first, .size = in->size };

	switch (operation) {
	case MMIO_MOVSX:
		return sign_extend(in->second, in->size);
	case MMIO_MOVBE:
		return swap_bytes(in->second, in->size);
	case MMIO_ADD:
	case MMIO_XADD:
		return add(in, 0, rflags);
	case MMIO_ADC:
		return add(in, *rflags & RFLAGS_CF, rflags);
	case MMIO_SUB:
	case MMIO_CMP:
		return subtract(in, 0, rflags);
	case MMIO_SBB:
		return subtract(in, *rflags & RFLAGS_CF, rflags);
	case MMIO_OR:
		return logical(in->first | in->second, in->size, rflags);
	case MMIO_AND:
	case MMIO_TEST:
		return logical(in->first & in->second, in->size, rflags);
	case MMIO_XOR:
		return logical(in->first ^ in->second, in->size, rflags);
	case MMIO_NOT:
		return ~in->first;
	case MMIO_NEG:
		return subtract(&negated, 0, rflags);
	case MMIO_INC:
	case MMIO_DEC:
		return step(in, operation == MMIO_INC, rflags);
	case MMIO_BT:
	case MMIO_BTS:
	case MMIO_BTR:
	case MMIO_BTC:
		return bit(operation, in, rflags);
	default: /* moves and exchanges */
		return in->second;
	}
}

/*
 * Compares the accumulator with memory. The processor writes in either case: the register when they
 * are equal, otherwise what it read, and then the accumulator gets that as well.
 */
static void compare_exchange(const struct acrn_gp_regs *regs, uint64_t memory, uint64_t other,
			     struct mmio_effect *effect)
{
	struct operands in = {
		.first = decode_register_read(regs, effect->reg),
		.second = memory,
		.size = effect->reg.size,
	};

	subtract(&in, 0, &effect->rflags);
	effect->register_written = in.first != memory;
	effect->value = memory;
	effect->memory = effect->register_written ? memory : other;
}

static uint64_t other_operand(const struct mmio_instruction *instruction,
			      const struct acrn_gp_regs *regs, uint64_t read)
{
	switch (instruction->other) {
	case MMIO_REGISTER:
		return decode_register_read(regs, instruction->reg);
	case MMIO_IMMEDIATE:
		return instruction->immediate;
	case MMIO_MEMORY:
		return read;
	default:
		return 0;
	}
}

void decode_execute(const struct mmio_instruction *instruction, const struct acrn_gp_regs *regs,
		    uint64_t rflags, uint64_t read, struct mmio_effect *effect)
{
	uint64_t memory = decode_low_bytes(read, instruction->size);
	uint64_t other = other_operand(instruction, regs, memory);
	bool memory_first = instruction->memory_first;
	struct operands in = {
		.first = memory_first ? memory : other,
		.second = memory_first ? other : memory,
		.size = instruction->size,
	};
	uint64_t result;

	*effect = (struct mmio_effect){ .rflags = rflags, .reg = instruction->reg };
	if (instruction->operation == MMIO_CMPXCHG) {
		effect->reg =
			(struct mmio_register){ .number = REGISTER_AX, .size = instruction->size };
		compare_exchange(regs, memory, other, effect);
		return;
	}
	result = compute(instruction->operation, &in, &effect->rflags);
	if (instruction->writes)
		effect->memory = decode_low_bytes(result, instruction->size);
	if (instruction->operation == MMIO_XCHG || instruction->operation == MMIO_XADD) {
		effect->register_written = true;
		effect->value = memory;
	} else if (!memory_first && instruction->operation != MMIO_CMP) {
		effect->register_written = true;
		effect->value = decode_low_bytes(result, effect->reg.size);
	}
}

static void move_pointer(const struct mmio_instruction *instruction,
			 const struct mmio_address *address, bool down, struct acrn_gp_regs *regs)
{
	struct mmio_register pointer = { .number = address->base, .size = address->size };
	uint64_t at = register_value(regs, address->base);

	decode_register_write(regs, pointer,
			      down ? at - instruction->size : at + instruction->size);
}

static bool is_string(const struct mmio_instruction *instruction)
{
	return instruction->operation == MMIO_STOS || instruction->operation == MMIO_LODS ||
	       instruction->operation == MMIO_MOVS;
}

/* A count of 0 cannot come from an access, but from a guest that changed its code meanwhile. */
static bool string_step(const struct mmio_instruction *instruction, bool down,
			struct acrn_gp_regs *regs)
{
	struct mmio_register counter = { .number = REGISTER_CX, .size = instruction->address.size };
	uint64_t count = instruction->repeated ? decode_register_read(regs, counter) : 1;

	if (count == 0)
		return true;
	move_pointer(instruction, &instruction->address, down, regs);
	if (instruction->operation == MMIO_MOVS)
		move_pointer(instruction, &instruction->source, down, regs);
	if (instruction->repeated)
		decode_register_write(regs, counter, count - 1);
	return count == 1;
}

bool decode_commit(const struct mmio_instruction *instruction, const struct mmio_effect *effect,
		   struct acrn_gp_regs *regs)
{
	if (effect->register_written)
		decode_register_write(regs, effect->reg, effect->value);
	if (!is_string(instruction))
		return true;
	return string_step(instruction, effect->rflags & RFLAGS_DF, regs);
}
