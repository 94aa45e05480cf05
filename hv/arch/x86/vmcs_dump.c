// SPDX-License-Identifier: BSD-3-Clause
/* What a VMCS holds that the CPU has refused, in words. */
#include "hv/arch/x86/vmx.h"
#include "hv/core/log.h"
#include "hv/core/vm.h"

#define FIELD_ROW(name, encoding, text) { (encoding), text },
static const struct field {
	uint16_t encoding;
	const char *name;
} fields[] = { VMCS_CONTROL_FIELDS(FIELD_ROW) VMCS_EXIT_FIELDS(FIELD_ROW)
		       VMCS_GUEST_FIELDS(FIELD_ROW) VMCS_HOST_FIELDS(FIELD_ROW) };
#undef FIELD_ROW

static const char *const instruction_errors[] = {
	[0] = "none",
	[4] = "VMLAUNCH of a VMCS that is not clear",
	[5] = "VMRESUME of a VMCS that is not launched",
	[7] = "a control field is not valid",
	[8] = "a host-state field is not valid",
	[12] = "access to a field that does not exist",
	[13] = "write to a field that is read-only",
	[26] = "an event would be blocked by MOV SS",
};

static const char *const state_errors[] = {
	[2] = ": loading PDPTEs",
	[3] = ": an NMI into a guest that is blocked by STI",
	[4] = ": the VMCS link pointer",
};

/* Two fields a line, so that all of it fits on a screen. */
void vmcs_dump(const struct vcpu *vcpu)
{
	uint64_t error = vmcs_read(VMCS_INSTRUCTION_ERROR), reason = vmcs_read(VMCS_EXIT_REASON);
	uint64_t qualification = vmcs_read(VMCS_EXIT_QUALIFICATION);

	if (vcpu->arch->launched || reason >> 31)
		log_error("vmx: entry of %s failed: %s%s", vcpu->name,
			  (uint16_t)reason == 33   ? "the guest state is not valid"
			  : (uint16_t)reason == 34 ? "loading of MSRs"
						   : "a machine check",
			  qualification < ARRAY_SIZE(state_errors) && state_errors[qualification]
				  ? state_errors[qualification]
				  : "");
	else
		log_error("vmx: entry of %s is refused: error %lu, %s", vcpu->name, error,
			  error < ARRAY_SIZE(instruction_errors) && instruction_errors[error]
				  ? instruction_errors[error]
				  : "see the SDM");
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i += 2) {
		const struct field *second = &fields[i + 1 < ARRAY_SIZE(fields) ? i + 1 : i];

		log_error("vmx:   %s 0x%lx, %s 0x%lx", fields[i].name,
			  vmcs_read(fields[i].encoding), second->name, vmcs_read(second->encoding));
	}
}
