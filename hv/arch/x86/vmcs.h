/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fields of the VMCS (Intel SDM 3, appendix B), each with its encoding and the name that a dump
 * has. Width is in bits 14:13 of the encoding, and the kind of field in bits 11:10.
 */
#ifndef HV_X86_VMCS_H
#define HV_X86_VMCS_H

#define VMCS_CONTROL_FIELDS(F)                                \
	F(VPID, 0x0000, "VPID")                               \
	F(IO_BITMAP_A, 0x2000, "I/O bitmap A")                \
	F(IO_BITMAP_B, 0x2002, "I/O bitmap B")                \
	F(MSR_BITMAP, 0x2004, "MSR bitmap")                   \
	F(TSC_OFFSET, 0x2010, "TSC offset")                   \
	F(APIC_ACCESS, 0x2014, "APIC-access page")            \
	F(EPT_POINTER, 0x201a, "EPT pointer")                 \
	F(PIN_CONTROLS, 0x4000, "pin-based controls")         \
	F(PRIMARY_CONTROLS, 0x4002, "primary controls")       \
	F(EXCEPTION_BITMAP, 0x4004, "exception bitmap")       \
	F(FAULT_MASK, 0x4006, "page-fault error-code mask")   \
	F(FAULT_MATCH, 0x4008, "page-fault error-code match") \
	F(CR3_TARGETS, 0x400a, "CR3-target count")            \
	F(EXIT_CONTROLS, 0x400c, "VM-exit controls")          \
	F(EXIT_MSR_STORE_COUNT, 0x400e, "VM-exit MSR stores") \
	F(EXIT_MSR_LOAD_COUNT, 0x4010, "VM-exit MSR loads")   \
	F(ENTRY_CONTROLS, 0x4012, "VM-entry controls")        \
	F(ENTRY_MSR_LOAD_COUNT, 0x4014, "VM-entry MSR loads") \
	F(ENTRY_INTR_INFO, 0x4016, "event to inject")         \
	F(ENTRY_ERROR_CODE, 0x4018, "its error code")         \
	F(ENTRY_LENGTH, 0x401a, "its instruction length")     \
	F(SECONDARY_CONTROLS, 0x401e, "secondary controls")   \
	F(CR0_MASK, 0x6000, "CR0 guest/host mask")            \
	F(CR4_MASK, 0x6002, "CR4 guest/host mask")            \
	F(CR0_SHADOW, 0x6004, "CR0 read shadow")              \
	F(CR4_SHADOW, 0x6006, "CR4 read shadow")

#define VMCS_EXIT_FIELDS(F)                                         \
	F(GUEST_PHYSICAL_ADDRESS, 0x2400, "guest-physical address") \
	F(INSTRUCTION_ERROR, 0x4400, "VM-instruction error")        \
	F(EXIT_REASON, 0x4402, "exit reason")                       \
	F(EXIT_INTR_INFO, 0x4404, "interruption information")       \
	F(EXIT_ERROR_CODE, 0x4406, "interruption error code")       \
	F(VECTORING_INFO, 0x4408, "IDT-vectoring information")      \
	F(VECTORING_ERROR_CODE, 0x440a, "IDT-vectoring error code") \
	F(EXIT_LENGTH, 0x440c, "instruction length")                \
	F(EXIT_INSTRUCTION_INFO, 0x440e, "instruction information") \
	F(EXIT_QUALIFICATION, 0x6400, "exit qualification")

#define VMCS_SEGMENT_FIELDS(F, NAME, N)                                    \
	F(GUEST_##NAME##_SELECTOR, 0x0800 + 2 * (N), #NAME " selector")    \
	F(GUEST_##NAME##_LIMIT, 0x4800 + 2 * (N), #NAME " limit")          \
	F(GUEST_##NAME##_RIGHTS, 0x4814 + 2 * (N), #NAME " access rights") \
	F(GUEST_##NAME##_BASE, 0x6806 + 2 * (N), #NAME " base")

#define VMCS_GUEST_FIELDS(F)                                       \
	F(GUEST_CR0, 0x6800, "CR0")                                \
	F(GUEST_CR3, 0x6802, "CR3")                                \
	F(GUEST_CR4, 0x6804, "CR4")                                \
	F(GUEST_EFER, 0x2806, "EFER")                              \
	F(GUEST_PAT, 0x2804, "PAT")                                \
	F(GUEST_RIP, 0x681e, "RIP")                                \
	F(GUEST_RSP, 0x681c, "RSP")                                \
	F(GUEST_RFLAGS, 0x6820, "RFLAGS")                          \
	VMCS_SEGMENT_FIELDS(F, ES, 0)                              \
	VMCS_SEGMENT_FIELDS(F, CS, 1)                              \
	VMCS_SEGMENT_FIELDS(F, SS, 2)                              \
	VMCS_SEGMENT_FIELDS(F, DS, 3)                              \
	VMCS_SEGMENT_FIELDS(F, FS, 4)                              \
	VMCS_SEGMENT_FIELDS(F, GS, 5)                              \
	VMCS_SEGMENT_FIELDS(F, LDTR, 6)                            \
	VMCS_SEGMENT_FIELDS(F, TR, 7)                              \
	F(GUEST_GDTR_LIMIT, 0x4810, "GDTR limit")                  \
	F(GUEST_GDTR_BASE, 0x6816, "GDTR base")                    \
	F(GUEST_IDTR_LIMIT, 0x4812, "IDTR limit")                  \
	F(GUEST_IDTR_BASE, 0x6818, "IDTR base")                    \
	F(GUEST_INTERRUPTIBILITY, 0x4824, "interruptibility")      \
	F(GUEST_ACTIVITY, 0x4826, "activity state")                \
	F(GUEST_DR7, 0x681a, "DR7")                                \
	F(GUEST_PENDING_DEBUG, 0x6822, "pending debug exceptions") \
	F(GUEST_LINK_POINTER, 0x2800, "VMCS link pointer")         \
	F(GUEST_DEBUGCTL, 0x2802, "DEBUGCTL")                      \
	F(GUEST_PDPTE0, 0x280a, "PDPTE 0")                         \
	F(GUEST_PDPTE1, 0x280c, "PDPTE 1")                         \
	F(GUEST_PDPTE2, 0x280e, "PDPTE 2")                         \
	F(GUEST_PDPTE3, 0x2810, "PDPTE 3")                         \
	F(GUEST_PREEMPTION_TIMER, 0x482e, "preemption timer")      \
	F(GUEST_SYSENTER_CS, 0x482a, "SYSENTER CS")                \
	F(GUEST_SYSENTER_ESP, 0x6824, "SYSENTER ESP")              \
	F(GUEST_SYSENTER_EIP, 0x6826, "SYSENTER EIP")

#define VMCS_HOST_FIELDS(F)                               \
	F(HOST_ES_SELECTOR, 0x0c00, "host ES")            \
	F(HOST_CS_SELECTOR, 0x0c02, "host CS")            \
	F(HOST_SS_SELECTOR, 0x0c04, "host SS")            \
	F(HOST_DS_SELECTOR, 0x0c06, "host DS")            \
	F(HOST_FS_SELECTOR, 0x0c08, "host FS")            \
	F(HOST_GS_SELECTOR, 0x0c0a, "host GS")            \
	F(HOST_TR_SELECTOR, 0x0c0c, "host TR")            \
	F(HOST_PAT, 0x2c00, "host PAT")                   \
	F(HOST_EFER, 0x2c02, "host EFER")                 \
	F(HOST_SYSENTER_CS, 0x4c00, "host SYSENTER CS")   \
	F(HOST_CR0, 0x6c00, "host CR0")                   \
	F(HOST_CR3, 0x6c02, "host CR3")                   \
	F(HOST_CR4, 0x6c04, "host CR4")                   \
	F(HOST_FS_BASE, 0x6c06, "host FS base")           \
	F(HOST_GS_BASE, 0x6c08, "host GS base")           \
	F(HOST_TR_BASE, 0x6c0a, "host TR base")           \
	F(HOST_GDTR_BASE, 0x6c0c, "host GDTR base")       \
	F(HOST_IDTR_BASE, 0x6c0e, "host IDTR base")       \
	F(HOST_SYSENTER_ESP, 0x6c10, "host SYSENTER ESP") \
	F(HOST_SYSENTER_EIP, 0x6c12, "host SYSENTER EIP") \
	F(HOST_RSP, 0x6c14, "host RSP")                   \
	F(HOST_RIP, 0x6c16, "host RIP")

#define VMCS_FIELD_ENUM(name, encoding, text) VMCS_##name = (encoding),
enum vmcs_field {
	VMCS_CONTROL_FIELDS(VMCS_FIELD_ENUM) VMCS_EXIT_FIELDS(VMCS_FIELD_ENUM)
		VMCS_GUEST_FIELDS(VMCS_FIELD_ENUM) VMCS_HOST_FIELDS(VMCS_FIELD_ENUM)
};
#undef VMCS_FIELD_ENUM

/* --- bits of controls --- */
#define PIN_EXTERNAL_INTERRUPT (1U << 0)
#define PIN_NMI (1U << 3)
#define PIN_VIRTUAL_NMI (1U << 5)
#define PIN_PREEMPTION_TIMER (1U << 6)

#define PRIMARY_INTERRUPT_WINDOW (1U << 2)
#define PRIMARY_TSC_OFFSET (1U << 3)
#define PRIMARY_HLT (1U << 7)
#define PRIMARY_MWAIT (1U << 10)
#define PRIMARY_RDPMC (1U << 11)
#define PRIMARY_CR8_LOAD (1U << 19)
#define PRIMARY_CR8_STORE (1U << 20)
#define PRIMARY_IO_BITMAPS (1U << 25)
#define PRIMARY_MSR_BITMAPS (1U << 28)
#define PRIMARY_MONITOR (1U << 29)
#define PRIMARY_SECONDARY (1U << 31)

#define SECONDARY_APIC_ACCESS (1U << 0)
#define SECONDARY_EPT (1U << 1)
#define SECONDARY_RDTSCP (1U << 3)
#define SECONDARY_VPID (1U << 5)
#define SECONDARY_WBINVD (1U << 6)
#define SECONDARY_UNRESTRICTED (1U << 7)
#define SECONDARY_INVPCID (1U << 12)

#define EXIT_SAVE_DEBUG (1U << 2)
#define EXIT_HOST_64BIT (1U << 9)
#define EXIT_ACKNOWLEDGE (1U << 15)
#define EXIT_SAVE_PAT (1U << 18)
#define EXIT_LOAD_PAT (1U << 19)
#define EXIT_SAVE_EFER (1U << 20)
#define EXIT_LOAD_EFER (1U << 21)

#define ENTRY_LOAD_DEBUG (1U << 2)
#define ENTRY_IA32E (1U << 9)
#define ENTRY_LOAD_PAT (1U << 14)
#define ENTRY_LOAD_EFER (1U << 15)

/* --- interruptibility --- */
#define BLOCKED_BY_STI (1U << 0)
#define BLOCKED_BY_MOV_SS (1U << 1)

#define SEGMENT_UNUSABLE (1U << 16)
#define EPT_POINTER_WB_4_LEVELS (6U | 3U << 3)

#endif
