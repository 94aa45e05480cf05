// SPDX-License-Identifier: BSD-3-Clause
/* A stack to switch to. x86-64, System V ABI. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hv/arch/host/coroutine.h"

#ifdef __has_feature
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define WITH_TSAN
#endif
#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define WITH_ASAN
#endif

#define GUARD 4096U

void stack_switch(void **save_sp, void *sp);
void stack_start(void);

/*
 * stack_switch: what a callee has to keep goes on the stack that is left, and comes from the other.
 * stack_start: where a new stack "returns" to, with r12 the function and r13 its argument.
 */
__asm__(".text\n"
	".globl stack_switch\n"
	".type stack_switch, @function\n"
	"stack_switch:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	".size stack_switch, . - stack_switch\n"
	".globl stack_start\n"
	".type stack_start, @function\n"
	"stack_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %r13, %rdi\n"
	"	call *%r12\n"
	"	ud2\n"
	".size stack_start, . - stack_start\n");

int coroutine_alloc(struct coroutine *coroutine, size_t size)
{
	uint8_t *memory = mmap(NULL, size + GUARD, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return -ENOMEM;
	mprotect(memory, GUARD, PROT_NONE);
	*coroutine = (struct coroutine){ .stack = memory + GUARD, .size = size };
	return 0;
}

static void drop_fiber(struct coroutine *coroutine)
{
#ifdef WITH_TSAN
	if (coroutine->fiber)
		__tsan_destroy_fiber(coroutine->fiber);
#endif
	coroutine->fiber = NULL;
	coroutine->fake_stack = NULL;
}

void coroutine_free(struct coroutine *coroutine)
{
	if (!coroutine->stack)
		return;
	drop_fiber(coroutine);
	munmap((uint8_t *)coroutine->stack - GUARD, coroutine->size + GUARD);
	coroutine->stack = NULL;
}

void coroutine_reset(struct coroutine *coroutine, void (*entry)(void *), void *argument)
{
	/* r15 r14 r13 r12 rbx rbp, the return address, and room so that calls are aligned. */
	uintptr_t *frame = (uintptr_t *)((uint8_t *)coroutine->stack + coroutine->size) - 9;

	drop_fiber(coroutine);
#ifdef WITH_ASAN
	__asan_unpoison_memory_region(coroutine->stack, coroutine->size);
#endif
#ifdef WITH_TSAN
	coroutine->fiber = __tsan_create_fiber(0);
#endif
	memset(frame, 0, 8 * sizeof(*frame));
	frame[2] = (uintptr_t)argument;
	frame[3] = (uintptr_t)entry;
	frame[6] = (uintptr_t)stack_start;
	coroutine->sp = frame;
}

void coroutine_adopt_thread(struct coroutine *coroutine)
{
	*coroutine = (struct coroutine){ 0 };
#ifdef WITH_TSAN
	coroutine->fiber = __tsan_get_current_fiber();
#endif
#ifdef WITH_ASAN
	pthread_attr_t attributes;

	if (!pthread_getattr_np(pthread_self(), &attributes)) {
		pthread_attr_getstack(&attributes, &coroutine->stack, &coroutine->size);
		pthread_attr_destroy(&attributes);
	}
#endif
}

void coroutine_switch(struct coroutine *from, struct coroutine *to)
{
#ifdef WITH_TSAN
	__tsan_switch_to_fiber(to->fiber, 0);
#endif
#ifdef WITH_ASAN
	__sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->size);
#endif
	stack_switch(&from->sp, to->sp);
#ifdef WITH_ASAN
	__sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}

void coroutine_started(void)
{
#ifdef WITH_ASAN
	__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
}
