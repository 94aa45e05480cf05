// SPDX-License-Identifier: BSD-3-Clause
/* The table of payloads. A new one is a file with its entry, a line here and one in guest.h. */
#include "hv/guests/guest.h"

const struct guest_payload guest_payloads[] = {
	{ "service_vm", "sets up rings and User VMs, serves their I/O", service_vm_entry },
	{ "rt", "a periodic timer and a little work at each tick", rt_entry },
	{ "mix", "a bit of everything a guest does, at random", mix_entry },
	{ "cpuid", "CPUID as fast as it can", cpuid_entry },
	{ "busy", "computes and never leaves by itself", busy_entry },
	{ "hlt", "HLT at each tick of a timer", hlt_entry },
	{ "hostile", "tries what no sane guest does, at random", hostile_entry },
};
const unsigned int nr_guest_payloads = sizeof(guest_payloads) / sizeof(guest_payloads[0]);
