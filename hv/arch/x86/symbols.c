// SPDX-License-Identifier: BSD-3-Clause
#include "hv/arch/x86/symbols.h"

#include <stddef.h>

#include "hv/arch/x86/layout.h"

struct symbol {
	uint32_t start; /* offset in the image */
	uint32_t name;	/* offset in symbol_names */
};

extern const uint32_t symbol_count;
extern const struct symbol symbol_table[]; /* rising */
extern const char symbol_names[];

const char *symbol_of(uint64_t address, uint64_t *offset)
{
	uint64_t place = address - IMAGE_BASE;
	uint32_t low = 0, high = symbol_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (symbol_table[middle].start <= place)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	*offset = place - symbol_table[low - 1].start;
	return symbol_names + symbol_table[low - 1].name;
}
