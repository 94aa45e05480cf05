// SPDX-License-Identifier: BSD-3-Clause
/* Any bytes as an instruction in each mode, and what is claimed carried out: no byte outside of
 * them is read, and every field is within what the header says. */
#include <stdlib.h>
#include <string.h>

#include "hv/core/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool is_size(unsigned int size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static void check_address(const struct mmio_address *address)
{
	check(address->base < 16 || address->base == DECODE_RIP ||
	      address->base == DECODE_NO_REGISTER);
	check(address->index < 16 || address->index == DECODE_NO_REGISTER);
	check(is_size(address->scale) && is_size(address->size) && address->size > 1);
	check(address->segment <= SEGMENT_GS);
}

static void carry_out(const struct mmio_instruction *instruction)
{
	struct acrn_gp_regs regs = { .rax = 0x0123456789abcdef, .rcx = 2 };
	uint64_t read = 0xfedcba9876543210, rflags = 0xfff;
	struct mmio_effect effect;

	check_address(&instruction->address);
	check(decode_effective_address(&instruction->address, &regs, 0x1000) <=
	      decode_low_bytes(UINT64_MAX, instruction->address.size));
	decode_execute(instruction, &regs, rflags, read, &effect);
	check(effect.memory == decode_low_bytes(effect.memory, instruction->size));
	check(!effect.register_written ||
	      effect.value == decode_low_bytes(effect.value, effect.reg.size));
	if (!decode_commit(instruction, &effect, &regs))
		check(instruction->repeated && decode_commit(instruction, &effect, &regs));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int length = size < 32 ? (unsigned int)size : 32;
	/* Of exactly this size, for the address sanitizer. */
	uint8_t *bytes = malloc(length ? length : 1);
	struct mmio_instruction instruction;

	if (!bytes)
		return 0;
	memcpy(bytes, data, length);
	for (enum cpu_mode mode = CPU_MODE_16BIT; mode <= CPU_MODE_64BIT; mode++) {
		int status = decode_mmio(bytes, length, mode, &instruction);

		check(status != DECODE_TRUNCATED || length < DECODE_MAX_LENGTH);
		if (status != DECODE_OK)
			continue;
		check(instruction.length && instruction.length <= length);
		check(instruction.length <= DECODE_MAX_LENGTH && is_size(instruction.size));
		carry_out(&instruction);
	}
	free(bytes);
	return 0;
}
