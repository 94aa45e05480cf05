// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/vpic.h"

#define COMMAND_INIT 0x10U /* ICW1; ICW4 follows where bit 0 is set */

static struct {
	uint8_t mask;
	uint8_t words_to_come; /* of an initialization */
} pics[2];

static int pic_at(uint16_t port)
{
	if ((port & ~1U) == VPIC_MASTER)
		return 0;
	return (port & ~1U) == VPIC_SLAVE ? 1 : -1;
}

bool vpic_read(uint16_t port, uint32_t *value)
{
	int pic = pic_at(port);

	if (pic < 0)
		return false;
	*value = port & 1 ? pics[pic].mask : 0;
	return true;
}

bool vpic_write(uint16_t port, uint32_t value)
{
	int pic = pic_at(port);

	if (pic < 0)
		return false;
	if (!(port & 1)) {
		if (value & COMMAND_INIT)
			pics[pic].words_to_come = 2 + (value & 1);
	} else if (pics[pic].words_to_come) {
		pics[pic].words_to_come--;
	} else {
		pics[pic].mask = (uint8_t)value;
	}
	return true;
}
