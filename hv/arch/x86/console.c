// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/console.h"

#include "hv/arch/x86/cpu.h"
#include "hv/arch/x86/options.h"
#include "hv/arch/x86/uart.h"
#include "hv/core/base.h"
#include "hv/include/arch.h"

#define DEBUG_PORT 0xe9U

static bool com1, com2, debug_port;
static bool missing;

void console_init(void)
{
	com1 = uart_init(UART_COM1);
	debug_port = in8(DEBUG_PORT) == DEBUG_PORT;
}

bool console_select(const char *list)
{
	bool want_com1 = false, want_com2 = false, want_debug_port = false;
	char word[8];

	while (option_word(&list, word, sizeof(word))) {
		if (option_is(word, "com1"))
			want_com1 = true;
		else if (option_is(word, "com2"))
			want_com2 = true;
		else if (option_is(word, "e9"))
			want_debug_port = true;
		else if (!option_is(word, "none"))
			return false;
	}
	com1 = want_com1 && uart_init(UART_COM1);
	com2 = want_com2 && uart_init(UART_COM2);
	debug_port = want_debug_port;
	missing = com1 != want_com1 || com2 != want_com2;
	return true;
}

bool console_missing(void)
{
	return missing;
}

static void put(char character)
{
	if (com1)
		uart_write(UART_COM1, character);
	if (com2)
		uart_write(UART_COM2, character);
	if (debug_port)
		out8(DEBUG_PORT, (uint8_t)character);
}

void arch_console_write(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n')
			put('\r');
		put(text[i]);
	}
}

void console_flush(void)
{
	if (com1)
		uart_flush(UART_COM1);
	if (com2)
		uart_flush(UART_COM2);
}
