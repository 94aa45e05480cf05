/* SPDX-License-Identifier: BSD-3-Clause */
/* A stack to switch to, without a system call, that the sanitizers know of. */
#ifndef HV_ARCH_HOST_COROUTINE_H
#define HV_ARCH_HOST_COROUTINE_H

#include <stddef.h>

struct coroutine {
	void *sp;	  /* while it does not run */
	void *stack;	  /* lowest address; NULL: a thread's own */
	size_t size;	  /* bytes, guard page not counted */
	void *fiber;	  /* for the thread sanitizer */
	void *fake_stack; /* for the address sanitizer, while it does not run */
};

/* -ENOMEM. */
int coroutine_alloc(struct coroutine *coroutine, size_t size);
void coroutine_free(struct coroutine *coroutine);
/* The next switch to it calls entry(argument), which must not return. */
void coroutine_reset(struct coroutine *coroutine, void (*entry)(void *), void *argument);
/* The calling thread becomes what others switch back to. */
void coroutine_adopt_thread(struct coroutine *coroutine);

void coroutine_switch(struct coroutine *from, struct coroutine *to);
/* First thing on a stack that was switched to for the first time. */
void coroutine_started(void);

#endif
