/* SPDX-License-Identifier: BSD-3-Clause */
/* A 16550 at a port, polled. */
#ifndef HV_X86_UART_H
#define HV_X86_UART_H

#include <stdbool.h>
#include <stdint.h>

#define UART_COM1 0x3f8U
#define UART_COM2 0x2f8U

/* Sets 115200 baud, 8N1, FIFO on, interrupts off. False: nothing answers at that port. */
bool uart_init(uint16_t port);

/* Waits for room, but not for ever: a line that is held up loses characters. */
void uart_write(uint16_t port, char character);

/* Waits, as long, until the last character is on the line. */
void uart_flush(uint16_t port);

#endif
