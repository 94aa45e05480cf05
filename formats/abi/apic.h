/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registers of a local APIC as guests see it (Intel SDM 3, 11): offsets in its page; as MSR of
 * an x2APIC, MSR_X2APIC_FIRST + offset / 16.
 */
#ifndef ABI_APIC_H
#define ABI_APIC_H

#define APIC_ID 0x20U
#define APIC_VERSION 0x30U
#define APIC_TPR 0x80U
#define APIC_PPR 0xa0U
#define APIC_EOI 0xb0U
#define APIC_LDR 0xd0U
#define APIC_DFR 0xe0U
#define APIC_SVR 0xf0U
#define APIC_ISR 0x100U
#define APIC_IRR 0x200U
#define APIC_ESR 0x280U
#define APIC_ICR_LOW 0x300U
#define APIC_ICR_HIGH 0x310U
#define APIC_LVT_TIMER 0x320U
#define APIC_LVT_THERMAL 0x330U
#define APIC_LVT_COUNTER 0x340U
#define APIC_LVT_LINT0 0x350U
#define APIC_LVT_LINT1 0x360U
#define APIC_LVT_ERROR 0x370U
#define APIC_TIMER_INITIAL 0x380U
#define APIC_TIMER_CURRENT 0x390U
#define APIC_TIMER_DIVIDE 0x3e0U
#define APIC_SELF_IPI 0x3f0U

#define APIC_LVT_MASKED (1U << 16)
#define APIC_TIMER_MODE (3U << 17)
#define APIC_TIMER_ONE_SHOT (0U << 17)
#define APIC_TIMER_PERIODIC (1U << 17)
#define APIC_TIMER_DEADLINE (2U << 17)
#define APIC_SVR_ENABLE (1U << 8)

#define MSR_X2APIC_FIRST 0x800U
#define MSR_X2APIC_LAST 0x8ffU

#endif
