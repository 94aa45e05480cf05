// SPDX-License-Identifier: BSD-3-Clause
/*
 * The instruction decoder against the processor that the test runs on: instructions are run for
 * real on a page of memory, with registers and flags at random, and decoded and executed by hand on
 * a copy. Memory, registers, and the flags that the SDM defines have to be the same after it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <asm/prctl.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hv/core/decode.h"
#include "tests/unit/random.h"

#define PAGE 4096U
#define MISMATCHES_SHOWN 10U
/* The overrides that count in 64-bit mode are told from the others by a base that is not 0. */
#define GS_BASE 0x5008UL

#define CF (1UL << 0)
#define PF (1UL << 2)
#define AF (1UL << 4)
#define ZF (1UL << 6)
#define SF (1UL << 7)
#define DF (1UL << 10)
#define OF (1UL << 11)
#define STATUS_FLAGS (CF | PF | AF | ZF | SF | OF)
/* Interrupts on, and the bit that is always 1. */
#define FIXED_FLAGS 0x202UL

struct cpu {
	struct acrn_gp_regs regs; /* rsp stays out of it */
	uint64_t rflags;
};

/* Loads *cpu, calls code, stores *cpu. */
void run_code(struct cpu *cpu, const uint8_t *code);
__asm__(".text\n.globl run_code\n.type run_code, @function\nrun_code:\n"
	"push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\npush %rdi\npush %rsi\n"
	"pushq 128(%rdi)\npopfq\n"
	"mov 0(%rdi), %rax\nmov 8(%rdi), %rcx\nmov 16(%rdi), %rdx\nmov 24(%rdi), %rbx\n"
	"mov 40(%rdi), %rbp\nmov 48(%rdi), %rsi\nmov 64(%rdi), %r8\nmov 72(%rdi), %r9\n"
	"mov 80(%rdi), %r10\nmov 88(%rdi), %r11\nmov 96(%rdi), %r12\nmov 104(%rdi), %r13\n"
	"mov 112(%rdi), %r14\nmov 120(%rdi), %r15\nmov 56(%rdi), %rdi\n"
	"call *(%rsp)\n"
	"push %rdi\nmov 16(%rsp), %rdi\n"
	"mov %rax, 0(%rdi)\nmov %rcx, 8(%rdi)\nmov %rdx, 16(%rdi)\nmov %rbx, 24(%rdi)\n"
	"mov %rbp, 40(%rdi)\nmov %rsi, 48(%rdi)\nmov %r8, 64(%rdi)\nmov %r9, 72(%rdi)\n"
	"mov %r10, 80(%rdi)\nmov %r11, 88(%rdi)\nmov %r12, 96(%rdi)\nmov %r13, 104(%rdi)\n"
	"mov %r14, 112(%rdi)\nmov %r15, 120(%rdi)\npopq 56(%rdi)\n"
	"pushfq\npopq 128(%rdi)\ncld\n"
	"pop %rsi\npop %rdi\npop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n"
	".size run_code, .-run_code\n");

/* Opcodes in a row that have the same operands. */
struct group {
	uint8_t opcode[3], opcode_length;
	uint8_t count;
	uint8_t first_digit, end_digit; /* ModRM bits 5:3; both 0: a register */
	enum { NO_IMMEDIATE, BYTE_IMMEDIATE, FULL_IMMEDIATE } immediate;
};

static const struct group groups[] = {
	{ { 0x88 }, 1, 4, 0, 0, NO_IMMEDIATE },
	{ { 0xc6 }, 1, 2, 0, 1, FULL_IMMEDIATE },
	{ { 0x0f, 0xb6 }, 2, 2, 0, 0, NO_IMMEDIATE },
	{ { 0x0f, 0xbe }, 2, 2, 0, 0, NO_IMMEDIATE },
	{ { 0x63 }, 1, 1, 0, 0, NO_IMMEDIATE },
	{ { 0x0f, 0x38, 0xf0 }, 3, 2, 0, 0, NO_IMMEDIATE },
	{ { 0x0f, 0xc3 }, 2, 1, 0, 0, NO_IMMEDIATE },
	{ { 0x00 }, 1, 4, 0, 0, NO_IMMEDIATE },
	{ { 0x08 }, 1, 4, 0, 0, NO_IMMEDIATE },
	{ { 0x10 }, 1, 4, 0, 0, NO_IMMEDIATE },
	{ { 0x18 }, 1, 4, 0, 0, NO_IMMEDIATE },
	{ { 0x20 }, 1, 4, 0, 0, NO_IMMEDIATE },
	{ { 0x28 }, 1, 4, 0, 0, NO_IMMEDIATE },
	{ { 0x30 }, 1, 4, 0, 0, NO_IMMEDIATE },
	{ { 0x38 }, 1, 4, 0, 0, NO_IMMEDIATE },
	{ { 0x80 }, 1, 2, 0, 8, FULL_IMMEDIATE },
	{ { 0x83 }, 1, 1, 0, 8, BYTE_IMMEDIATE },
	{ { 0x84 }, 1, 4, 0, 0, NO_IMMEDIATE },
	{ { 0xf6 }, 1, 2, 0, 2, FULL_IMMEDIATE },
	{ { 0xfe }, 1, 2, 0, 2, NO_IMMEDIATE },
	{ { 0x0f, 0xb0 }, 2, 2, 0, 0, NO_IMMEDIATE },
	{ { 0x0f, 0xc0 }, 2, 2, 0, 0, NO_IMMEDIATE },
	{ { 0x0f, 0xba }, 2, 1, 4, 8, BYTE_IMMEDIATE },
	{ { 0xf6 }, 1, 2, 2, 4, NO_IMMEDIATE },
};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

/* A program of one instruction. */
struct program {
	uint8_t bytes[24];
	unsigned int length;
	unsigned int displacement_at; /* RIP-relative: where, to be put in at the end; or 0 */
	bool operand_16, address_32, gs, lock;
	uint8_t rex;
};

static uint8_t *code, *memory; /* memory ends at an inaccessible page; both lie below 2 GiB */
static unsigned int done, mismatches;
static sigjmp_buf faulted;

/* Half of them at the edges, where flags change. */
static uint64_t random_value(void)
{
	static const uint64_t edges[] = { 0,
					  1,
					  0x7f,
					  0x80,
					  0x7fff,
					  0x8000,
					  0x7fffffff,
					  0x80000000,
					  0x7fffffffffffffff,
					  0x8000000000000000,
					  UINT64_MAX,
					  0xf };

	if (below(2))
		return next_random();
	return edges[below(sizeof(edges) / sizeof(edges[0]))] + below(3) - 1;
}

static void on_signal(int number)
{
	siglongjmp(faulted, number);
}

/* 0, or the signal that the instruction ended with. */
static int run(const struct program *program, struct cpu *cpu)
{
	int number = sigsetjmp(faulted, 0);

	if (number)
		return number;
	memcpy(code, program->bytes, program->length);
	code[program->length] = 0xc3;
	run_code(cpu, code);
	return 0;
}

static void put(struct program *program, uint64_t value, unsigned int size)
{
	memcpy(program->bytes + program->length, &value, size);
	program->length += size;
}

static void put_prefixes(struct program *program)
{
	program->operand_16 = below(4) == 0;
	program->address_32 = below(4) == 0;
	program->gs = below(4) == 0;
	program->lock = below(8) == 0;
	program->rex = below(2) ? 0 : (uint8_t)(0x40 | below(16));
	if (program->operand_16)
		put(program, 0x66, 1);
	if (program->lock)
		put(program, 0xf0, 1);
	if (program->gs)
		put(program, 0x65, 1);
	if (below(8) == 0)
		put(program, 0x26 + 8 * below(4), 1); /* no effect in 64-bit mode */
	if (program->address_32)
		put(program, 0x67, 1);
	if (program->rex)
		put(program, program->rex, 1);
}

static uint64_t *slot(struct cpu *cpu, unsigned int number)
{
	uint64_t *const slots[] = {
		&cpu->regs.rax, &cpu->regs.rcx, &cpu->regs.rdx, &cpu->regs.rbx,
		&cpu->regs.rsp, &cpu->regs.rbp, &cpu->regs.rsi, &cpu->regs.rdi,
		&cpu->regs.r8,	&cpu->regs.r9,	&cpu->regs.r10, &cpu->regs.r11,
		&cpu->regs.r12, &cpu->regs.r13, &cpu->regs.r14, &cpu->regs.r15
	};

	return slots[number];
}

/* Makes a register part of an address; in 32-bit addresses its upper half must not matter. */
static void set_address_register(const struct program *program, struct cpu *cpu,
				 unsigned int number, uint64_t value)
{
	if (program->address_32)
		value = (uint32_t)value | (next_random() << 32);
	*slot(cpu, number) = value;
}

/* A displacement of size bytes, equal to like in the low three bits when it has 4; what it adds. */
static uint64_t put_displacement(struct program *program, unsigned int size, uint64_t like)
{
	uint64_t value = (next_random() & ~7UL) | (like & 7);

	if (size == 0)
		return 0;
	put(program, value, size);
	return size == 1 ? (uint64_t)(int8_t)value : (uint64_t)(int32_t)value;
}

static const unsigned int displacement_sizes[] = { 0, 1, 4 };

/* Base or none, index or none. RSP is in use, and one register cannot be both. */
static void put_sib(struct program *program, struct cpu *cpu, unsigned int mod, uint64_t address)
{
	unsigned int scale = below(4), base, index;
	bool has_base;

	do {
		base = below(8);
		has_base = mod || base != 5;
		base |= program->rex & 1 ? 8 : 0;
		index = below(8) | (program->rex & 2 ? 8 : 0);
	} while (has_base && (base == REGISTER_SP || base == index));
	put(program, scale << 6 | (index & 7) << 3 | (base & 7), 1);
	if (!has_base && index == REGISTER_SP) {
		put(program, address, 4);
	} else if (!has_base) {
		address -= put_displacement(program, 4, address);
		set_address_register(program, cpu, index, (uint64_t)((int64_t)address >> scale));
	} else {
		address -= put_displacement(program, displacement_sizes[mod], 0);
		if (index != REGISTER_SP)
			address -= *slot(cpu, index) << scale;
		set_address_register(program, cpu, base, address);
	}
}

/* ModRM and what follows it, for a register or digit and memory at address. */
static void put_modrm(struct program *program, struct cpu *cpu, unsigned int reg, uint64_t address)
{
	unsigned int mod = below(3), rm = below(8);

	put(program, mod << 6 | reg << 3 | rm, 1);
	if (rm == 4) {
		put_sib(program, cpu, mod, address);
	} else if (mod == 0 && rm == 5) {
		program->displacement_at = program->length;
		put(program, address, 4);
	} else {
		address -= put_displacement(program, displacement_sizes[mod], 0);
		set_address_register(program, cpu, rm | (program->rex & 1 ? 8 : 0), address);
	}
}

/* The register is not RSP; AH has its number. */
static unsigned int random_reg(const struct program *program, const struct group *group,
			       unsigned int opcode)
{
	bool ah = !program->rex && group->opcode_length == 1 && !(opcode & 1);
	unsigned int reg;

	do
		reg = group->end_digit
			      ? group->first_digit + below(group->end_digit - group->first_digit)
			      : below(8);
	while (!group->end_digit && reg == REGISTER_SP && !ah && !(program->rex & 4));
	return reg;
}

static void put_immediate(struct program *program, const struct group *group, unsigned int opcode)
{
	uint64_t value = random_value();

	if (group->immediate == BYTE_IMMEDIATE || (group->immediate && !(opcode & 1)))
		put(program, value, 1);
	else if (group->immediate)
		put(program, value, program->operand_16 && !(program->rex & 8) ? 2 : 4);
}

/* An instruction of the group on memory at address, and the registers that lead there. */
static void make_program(const struct group *group, uint64_t address, struct program *program,
			 struct cpu *cpu)
{
	unsigned int last = group->opcode_length - 1,
		     opcode = group->opcode[last] + below(group->count);

	*program = (struct program){ 0 };
	for (unsigned int i = 0; i < 16; i++)
		*slot(cpu, i) = i == REGISTER_SP ? 0 : random_value();
	cpu->rflags = FIXED_FLAGS | (next_random() & STATUS_FLAGS);
	put_prefixes(program);
	memcpy(program->bytes + program->length, group->opcode, last);
	program->length += last;
	put(program, opcode, 1);
	put_modrm(program, cpu, random_reg(program, group, opcode),
		  address - (program->gs ? GS_BASE : 0));
	put_immediate(program, group, opcode);
	if (program->displacement_at) {
		uint32_t from = (uint32_t)(uintptr_t)code + program->length;
		uint32_t displacement = (uint32_t)address - (program->gs ? GS_BASE : 0) - from;

		memcpy(program->bytes + program->displacement_at, &displacement, 4);
	}
}

static uint64_t undefined_flags(enum mmio_operation operation)
{
	switch (operation) {
	case MMIO_AND:
	case MMIO_OR:
	case MMIO_XOR:
	case MMIO_TEST:
		return AF;
	case MMIO_BT:
	case MMIO_BTS:
	case MMIO_BTR:
	case MMIO_BTC:
		return OF | SF | AF | PF;
	default:
		return 0;
	}
}

/* Where an operand is in the page; PAGE when it is not all there. */
static unsigned int offset_of(const struct mmio_instruction *instruction,
			      const struct mmio_address *address, const struct cpu *cpu)
{
	uint64_t rip = (uintptr_t)code + instruction->length;
	uint64_t at = decode_effective_address(address, &cpu->regs, rip) - (uintptr_t)memory +
		      (address->segment == SEGMENT_GS ? GS_BASE : 0);

	return at <= PAGE - instruction->size ? (unsigned int)at : PAGE;
}

/* The instruction by hand, once; -1: the memory is elsewhere, 0: to be repeated, 1: done. */
static int emulate(const struct mmio_instruction *instruction, struct cpu *cpu, uint8_t *page)
{
	unsigned int at = offset_of(instruction, &instruction->address, cpu), from = at;
	struct mmio_effect effect;
	uint64_t read = next_random();

	if (instruction->other == MMIO_MEMORY)
		from = offset_of(instruction, &instruction->source, cpu);
	if (at == PAGE || from == PAGE)
		return -1;
	if (instruction->reads || instruction->other == MMIO_MEMORY)
		memcpy(&read, page + from, instruction->size);
	decode_execute(instruction, &cpu->regs, cpu->rflags, read, &effect);
	if (instruction->writes)
		memcpy(page + at, &effect.memory, instruction->size);
	cpu->rflags = effect.rflags;
	return decode_commit(instruction, &effect, &cpu->regs);
}

static bool same_state(const struct cpu *a, const struct cpu *b, const uint8_t *page,
		       enum mmio_operation operation)
{
	uint64_t flags = (a->rflags ^ b->rflags) & ~undefined_flags(operation);

	return !memcmp(&a->regs, &b->regs, sizeof(a->regs)) && !flags &&
	       !memcmp(page, memory, PAGE);
}

static void mismatch(const struct program *program, const char *what)
{
	char text[3 * sizeof(program->bytes) + 1] = "";

	if (mismatches++ >= MISMATCHES_SHOWN)
		return;
	for (unsigned int i = 0; i < program->length; i++)
		snprintf(text + (size_t)3 * i, 4, "%02x ", program->bytes[i]);
	print_message("# %s: %s\n", what, text);
}

/* Runs the program and emulates it. What raises #UD, or #GP for its length, must not be claimed.
 */
static void compare(const struct program *program, struct cpu *real)
{
	static uint8_t page[PAGE];
	struct mmio_instruction instruction;
	struct cpu ours = *real;
	int turn = 0, number;
	bool claimed = decode_mmio(program->bytes, program->length, CPU_MODE_64BIT, &instruction) ==
		       DECODE_OK;

	memcpy(page, memory, PAGE);
	number = run(program, real);
	if (number == SIGILL || program->length > DECODE_MAX_LENGTH) {
		if (claimed || !number)
			mismatch(program, "claimed or run, but #UD or #GP");
		return;
	}
	done++;
	if (number || !claimed || instruction.length != program->length) {
		mismatch(program, number ? "faults" : claimed ? "length" : "not claimed");
		return;
	}
	while (turn == 0)
		turn = emulate(&instruction, &ours, page);
	if (turn < 0)
		mismatch(program, "address");
	else if (!same_state(&ours, real, page, instruction.operation))
		mismatch(program, "result");
}

static const struct group *random_group(void)
{
	return &groups[below(GROUPS)];
}

/* Within a test, as cmocka has handlers of its own between them. */
static void start(uint64_t first_seed)
{
	static const int signals[] = { SIGILL, SIGSEGV, SIGBUS };
	const struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_NODEFER };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		assert_int_equal(sigaction(signals[i], &action, NULL), 0);
	seed = first_seed;
	done = mismatches = 0;
}

/* Memory holds something at random, or what would be equal to the accumulator. */
static void test_modrm_forms(void **state)
{
	(void)state;
	start(11);
	for (unsigned int n = 0; n < 300000; n++) {
		unsigned int at = below(PAGE - 8);
		struct program program;
		struct cpu cpu;
		uint64_t value;

		make_program(random_group(), (uintptr_t)memory + at, &program, &cpu);
		value = below(2) ? cpu.regs.rax : random_value();
		memcpy(memory + at, &value, sizeof(value));
		compare(&program, &cpu);
	}
	assert_true(done > 200000);
	assert_int_equal(mismatches, 0);
}

/* MOV with an offset in the instruction: bytes A0 to A3. */
static void test_offset_forms(void **state)
{
	(void)state;
	start(12);
	for (unsigned int n = 0; n < 20000; n++) {
		uint64_t address = (uintptr_t)memory + below(PAGE - 8);
		struct program program = { 0 };
		struct cpu cpu = { .regs.rax = random_value(), .rflags = FIXED_FLAGS };

		put_prefixes(&program);
		put(&program, 0xa0 + below(4), 1);
		put(&program, address - (program.gs ? GS_BASE : 0), program.address_32 ? 4 : 8);
		compare(&program, &cpu);
	}
	assert_true(done > 10000);
	assert_int_equal(mismatches, 0);
}

/* MOVS, STOS, LODS in both directions, REP spelt F3 or F2; MOVS over itself as well. */
static void test_strings(void **state)
{
	static const uint8_t opcodes[] = { 0xa4, 0xa5, 0xaa, 0xab, 0xac, 0xad };

	(void)state;
	start(13);
	for (unsigned int n = 0; n < 50000; n++) {
		struct program program = { 0 };
		struct cpu cpu = { .regs.rax = random_value(),
				   .rflags = FIXED_FLAGS | (below(2) ? DF : 0) };
		uint8_t opcode = opcodes[below(sizeof(opcodes))];
		bool has_source = opcode != 0xaa && opcode != 0xab;

		if (below(4))
			put(&program, 0xf2 + below(2), 1);
		put_prefixes(&program);
		put(&program, opcode, 1);
		set_address_register(&program, &cpu, REGISTER_CX, 1 + below(8));
		set_address_register(&program, &cpu, REGISTER_DI,
				     (uintptr_t)memory + 64 + below(PAGE - 192));
		set_address_register(&program, &cpu, REGISTER_SI,
				     (uintptr_t)memory + 64 + below(PAGE - 192) -
					     (program.gs && has_source ? GS_BASE : 0));
		compare(&program, &cpu);
	}
	assert_true(done > 20000);
	assert_int_equal(mismatches, 0);
}

/* With a count of 0 the processor does nothing, and a guest may have put it there meanwhile. */
static void test_string_without_count(void **state)
{
	static const uint8_t opcodes[] = { 0xa4, 0xaa, 0xac };
	struct cpu before = { .regs.rsi = 0x1000, .regs.rdi = 0x2000, .rflags = FIXED_FLAGS };
	struct mmio_effect nothing = { .rflags = FIXED_FLAGS };
	struct mmio_instruction instruction;

	(void)state;
	start(15);
	for (size_t i = 0; i < sizeof(opcodes); i++) {
		struct program program = { .bytes = { 0xf3, opcodes[i] }, .length = 2 };
		struct cpu real = before, ours = before;

		assert_int_equal(run(&program, &real), 0);
		assert_int_equal(
			decode_mmio(program.bytes, program.length, CPU_MODE_64BIT, &instruction),
			DECODE_OK);
		assert_true(decode_commit(&instruction, &nothing, &ours.regs));
		assert_memory_equal(&ours, &real, sizeof(real));
	}
}

/* An access ends with the page at its size, and one byte later faults: the size is neither less nor
 * more than what the processor accesses. */
static void test_sizes(void **state)
{
	struct mmio_instruction instruction;
	struct program program;
	struct cpu cpu;

	(void)state;
	start(14);
	for (unsigned int n = 0; n < 20000; n++) {
		const struct group *group = random_group();
		uint64_t before = seed, end = (uintptr_t)memory + PAGE;

		make_program(group, (uintptr_t)memory, &program, &cpu);
		if (decode_mmio(program.bytes, program.length, CPU_MODE_64BIT, &instruction))
			continue;
		seed = before;
		make_program(group, end - instruction.size, &program, &cpu);
		if (run(&program, &cpu))
			mismatch(&program, "is smaller");
		seed = before;
		make_program(group, end - instruction.size + 1, &program, &cpu);
		if (run(&program, &cpu) != SIGSEGV)
			mismatch(&program, "is larger");
		done++;
	}
	assert_true(done > 10000);
	assert_int_equal(mismatches, 0);
}

static int setup(void **state)
{
	(void)state;
	code = mmap(NULL, (size_t)3 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (code == MAP_FAILED || mprotect(code + (size_t)2 * PAGE, PAGE, PROT_NONE))
		return -1;
	memory = code + PAGE;
	seed = 10;
	for (unsigned int i = 0; i < PAGE; i++)
		memory[i] = (uint8_t)below(256);
	return (int)syscall(SYS_arch_prctl, ARCH_SET_GS, GS_BASE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modrm_forms), cmocka_unit_test(test_offset_forms),
		cmocka_unit_test(test_strings),	    cmocka_unit_test(test_string_without_count),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
