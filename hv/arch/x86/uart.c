// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/uart.h"

#include "hv/arch/x86/cpu.h"

#define UART_DATA 0 /* offsets from the port */
#define UART_INTERRUPTS 1
#define UART_FIFO 2
#define UART_LINE 3
#define UART_MODEM 4
#define UART_STATUS 5
#define UART_SCRATCH 7

#define LINE_8N1 0x03
#define LINE_DIVISOR 0x80
#define FIFO_CLEAR_ON 0x07
#define MODEM_DTR_RTS 0x03
#define STATUS_ROOM 0x20
#define STATUS_IDLE 0x40

#define ROOM_TURNS 100000U /* a read of a port takes about 1 us, a character 87 us */

bool uart_init(uint16_t port)
{
	out8(port + UART_SCRATCH, 0x5a);
	if (in8(port + UART_SCRATCH) != 0x5a)
		return false;
	out8(port + UART_INTERRUPTS, 0);
	out8(port + UART_LINE, LINE_DIVISOR);
	out8(port + UART_DATA, 1); /* 115200 / 1 */
	out8(port + UART_INTERRUPTS, 0);
	out8(port + UART_LINE, LINE_8N1);
	out8(port + UART_FIFO, FIFO_CLEAR_ON);
	out8(port + UART_MODEM, MODEM_DTR_RTS);
	return true;
}

void uart_write(uint16_t port, char character)
{
	for (unsigned int turns = 0; turns < ROOM_TURNS; turns++)
		if (in8(port + UART_STATUS) & STATUS_ROOM)
			break;
	out8(port + UART_DATA, (uint8_t)character);
}

void uart_flush(uint16_t port)
{
	for (unsigned int turns = 0; turns < ROOM_TURNS; turns++)
		if (in8(port + UART_STATUS) & STATUS_IDLE)
			break;
}
