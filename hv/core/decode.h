/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a guest's instruction does to memory that no page is behind: Intel SDM volume 2.
 *
 * A guest touched such an address. Its instruction bytes say how many bytes it accesses, in which
 * direction, where the value comes from or goes to, and what is computed on the way. The way of the
 * caller: decode_mmio(), read the memory operand when `reads` is set, decode_execute(), write the
 * memory operand when `writes` is set, decode_commit(), and move RIP on by `length`. Nothing
 * changes in the guest's registers before decode_commit(), so each step may fail or wait.
 *
 * Claimed, with a memory operand: MOV (88-8B, A0-A3, C6, C7), MOVNTI, MOVZX, MOVSX, MOVSXD, MOVBE,
 * STOS, LODS, MOVS; ADD, OR, ADC, SBB, AND, SUB, XOR, CMP and TEST in all forms; XCHG, CMPXCHG,
 * XADD; BT, BTS, BTR, BTC with an immediate; INC, DEC, NOT, NEG. Everything else is refused, and so
 * is what the processor would answer with #UD or #GP before it gets to the memory.
 */
#ifndef HV_CORE_DECODE_H
#define HV_CORE_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/abi/vm.h"

/* Bytes; a longer instruction raises #GP. */
#define DECODE_MAX_LENGTH 15U

/* The code segment at hand: CS.L in long mode gives 64-bit, otherwise CS.D (and real mode, D = 0).
 */
enum cpu_mode {
	CPU_MODE_16BIT,
	CPU_MODE_32BIT,
	CPU_MODE_64BIT,
};

enum decode_status {
	DECODE_OK = 0,
	/* Not a claimed instruction, without a memory operand, or one that faults by itself. */
	DECODE_UNKNOWN = -1,
	/* The bytes end before it is clear what they are: fetch more of them (or inject the fault
	 * that fetching gives) and start again. Never with DECODE_MAX_LENGTH bytes. */
	DECODE_TRUNCATED = -2,
};

/* ADD to CMP and BT to BTC are in the order in which the opcodes number them. */
enum mmio_operation {
	MMIO_MOV,
	MMIO_MOVZX,
	MMIO_MOVSX,
	MMIO_MOVBE,
	MMIO_STOS,
	MMIO_LODS,
	MMIO_MOVS,
	MMIO_ADD,
	MMIO_OR,
	MMIO_ADC,
	MMIO_SBB,
	MMIO_AND,
	MMIO_SUB,
	MMIO_XOR,
	MMIO_CMP,
	MMIO_TEST,
	MMIO_NOT,
	MMIO_NEG,
	MMIO_INC,
	MMIO_DEC,
	MMIO_XCHG,
	MMIO_CMPXCHG,
	MMIO_XADD,
	MMIO_BT,
	MMIO_BTS,
	MMIO_BTR,
	MMIO_BTC,
};

/* Numbered as in instructions, and in the instruction information of VMX. */
enum decode_segment {
	SEGMENT_ES,
	SEGMENT_CS,
	SEGMENT_SS,
	SEGMENT_DS,
	SEGMENT_FS,
	SEGMENT_GS,
};

/* Numbered as in instructions and in struct acrn_gp_regs; 8 to 15 are R8 to R15. */
enum decode_register {
	REGISTER_AX,
	REGISTER_CX,
	REGISTER_DX,
	REGISTER_BX,
	REGISTER_SP,
	REGISTER_BP,
	REGISTER_SI,
	REGISTER_DI,
};

/* Instead of the number of a register in struct mmio_address. */
#define DECODE_RIP 16U
#define DECODE_NO_REGISTER 255U

struct mmio_register {
	uint8_t number; /* enum decode_register, 0 to 15 */
	uint8_t size;	/* bytes: 1, 2, 4, 8 */
	bool high;	/* bits 15:8 of register 0 to 3 (AH, CH, DH, BH); size is 1 */
};

/* base + index * scale + displacement, all in `size` bytes. */
struct mmio_address {
	int64_t displacement; /* sign-extended; of A0-A3 the offset */
	uint8_t base;	      /* register number, DECODE_RIP (of the next instruction) or none */
	uint8_t index;	      /* register number or none */
	uint8_t scale;	      /* 1, 2, 4, 8; 1 without an index */
	uint8_t size;	      /* address size in bytes: 2, 4, 8 */
	uint8_t segment;      /* enum decode_segment, overrides that count applied */
};

/* The operand that is not the memory operand. */
enum mmio_other {
	MMIO_NONE,	/* INC, DEC, NOT, NEG */
	MMIO_REGISTER,	/* reg */
	MMIO_IMMEDIATE, /* immediate */
	MMIO_MEMORY,	/* MOVS: source */
};

struct mmio_instruction {
	enum mmio_operation operation;
	enum mmio_other other;
	uint8_t length;	   /* bytes of the instruction, 1 to DECODE_MAX_LENGTH */
	uint8_t size;	   /* bytes of the memory operand: 1, 2, 4, 8 */
	bool memory_first; /* the memory operand is the first one, that is, the destination */
	bool reads;	   /* the memory operand is read, */
	bool writes;	   /* and written; of MOVS: written, and source is read */
	bool locked;	   /* read and write are one: LOCK prefix, or XCHG */
	bool repeated;	   /* string instruction with REP: rCX times */
	struct mmio_register reg;
	uint64_t immediate;	     /* sign-extended to `size` bytes, zero above */
	struct mmio_address address; /* of the memory operand */
	struct mmio_address source;  /* of the second one of MOVS */
};

/* What an instruction, or one turn of a string instruction, leaves behind. */
struct mmio_effect {
	uint64_t memory;	  /* what to write when `writes` is set: `size` bytes, zero above */
	uint64_t rflags;	  /* undefined flags keep their value */
	uint64_t value;		  /* goes into reg when register_written is set */
	struct mmio_register reg; /* the register operand, or the accumulator of CMPXCHG */
	bool register_written;
};

/* The low size bytes (1 to 8) of value, zero above. */
static inline uint64_t decode_low_bytes(uint64_t value, unsigned int size)
{
	return value & (UINT64_MAX >> (64 - 8 * size));
}

/*
 * Decodes the instruction that the len bytes begin with; more than DECODE_MAX_LENGTH are not looked
 * at. Answers enum decode_status; *out is valid with DECODE_OK only.
 */
int decode_mmio(const uint8_t *bytes, unsigned int len, enum cpu_mode mode,
		struct mmio_instruction *out);

/* The value of reg, zero-extended. */
uint64_t decode_register_read(const struct acrn_gp_regs *regs, struct mmio_register reg);

/* Writes the low bytes of value: 4 bytes clear the upper half, 1 and 2 bytes keep the rest. */
void decode_register_write(struct acrn_gp_regs *regs, struct mmio_register reg, uint64_t value);

/*
 * The offset in address->segment, wrapped to the address size; next_rip is the RIP of the
 * instruction plus its length. The caller adds the segment's base (64-bit mode: of FS and GS only),
 * and reduces the sum to 32 bits outside of 64-bit mode.
 */
uint64_t decode_effective_address(const struct mmio_address *address,
				  const struct acrn_gp_regs *regs, uint64_t next_rip);

/*
 * Carries out the instruction, of a string instruction one turn. read: the memory operand's value
 * when `reads` is set, of MOVS the source's; bytes above `size` do not count.
 */
void decode_execute(const struct mmio_instruction *instruction, const struct acrn_gp_regs *regs,
		    uint64_t rflags, uint64_t read, struct mmio_effect *effect);

/*
 * Puts the effect into the registers; of a string instruction, moves rSI, rDI and rCX as well.
 * True: the instruction is done, RIP moves on by its length. False: it is repeated, RIP stays.
 * RFLAGS is left to the caller.
 */
bool decode_commit(const struct mmio_instruction *instruction, const struct mmio_effect *effect,
		   struct acrn_gp_regs *regs);

#endif
