/* SPDX-License-Identifier: BSD-3-Clause */
/* Structures of the calls on interrupts, devices and power states; acrn-hypercalls(7). */
#ifndef ABI_DEVICE_H
#define ABI_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

/* HC_SET_IRQLINE takes this by value. */
enum acrn_irqline_op {
	GSI_SET_HIGH = 0,
	GSI_SET_LOW = 1,
	GSI_RAISING_PULSE = 2,
	GSI_FALLING_PULSE = 3,
};

#define VIOAPIC_PINS 48U

struct acrn_irqline_ops {
	uint32_t gsi;
	uint32_t op;
};

struct acrn_msi_entry {
	uint64_t msi_addr;
	uint64_t msi_data;
};

/* HC_VM_INTR_MONITOR */
enum intr_monitor_cmd {
	INTR_CMD_GET_DATA = 0,
	INTR_CMD_DELAY_INT = 1,
};

#define INTR_MONITOR_BUFFER_MAX 48U

struct acrn_intr_monitor {
	uint32_t cmd;
	uint32_t buf_cnt; /* in u64s */
	uint64_t buffer[INTR_MONITOR_BUFFER_MAX];
};

#define PTDEV_IRQ_INTX 0U

struct intx_info {
	uint32_t virt_pin;
	uint32_t phys_pin;
	bool pic_pin;
	uint8_t reserved[3];
};

struct hc_ptdev_irq {
	uint32_t type;
	uint16_t virt_bdf;
	uint16_t phys_bdf;
	struct intx_info intx;
} __attribute__((aligned(8)));

#define ACRN_PCI_NUM_BARS 6U

struct acrn_pcidev {
	uint32_t type;
	uint16_t virt_bdf;
	uint16_t phys_bdf;
	uint8_t intr_line;
	uint8_t intr_pin;
	uint32_t bar[ACRN_PCI_NUM_BARS];
};

#define MMIODEV_RES_NUM 3U

struct acrn_mmiores {
	uint64_t user_vm_pa;
	uint64_t host_pa;
	uint64_t size;
	uint64_t mem_type;
};

struct acrn_mmiodev {
	char name[8];
	struct acrn_mmiores res[MMIODEV_RES_NUM];
};

struct acrn_vdev {
	union {
		uint64_t value;
		struct {
			uint16_t vendor;
			uint16_t device;
			uint32_t legacy_id;
		} fields;
	} id;
	uint64_t slot; /* BDF */
	uint32_t io_addr[ACRN_PCI_NUM_BARS];
	uint32_t io_size[ACRN_PCI_NUM_BARS];
	uint8_t args[128];
};

struct vrp_config {
	uint16_t phy_bdf;
	uint8_t max_payload;
	uint8_t primary_bus;
	uint8_t secondary_bus;
	uint8_t subordinate_bus;
	uint8_t ptm_capable;
	uint32_t ptm_cap_offset;
};

/* HC_PM_GET_CPU_STATE: command word vmid 31..24, vcpu 23..16, state 15..8, type 7..0 */
#define PMCMD_VMID(cmd) ((uint8_t)((cmd) >> 24))
#define PMCMD_VCPUID(cmd) ((uint8_t)((cmd) >> 16))
#define PMCMD_STATE_NUM(cmd) ((uint8_t)((cmd) >> 8))
#define PMCMD_TYPE(cmd) ((uint8_t)(cmd))

enum pm_cmd_type {
	PMCMD_GET_PX_CNT = 0,
	PMCMD_GET_PX_DATA = 1,
	PMCMD_GET_CX_CNT = 2,
	PMCMD_GET_CX_DATA = 3,
};

struct acrn_acpi_generic_address {
	uint8_t space_id;
	uint8_t bit_width;
	uint8_t bit_offset;
	uint8_t access_size;
	uint64_t address;
} __attribute__((packed));

struct acrn_cstate_data {
	struct acrn_acpi_generic_address cx_reg;
	uint8_t type;
	uint32_t latency;
	uint64_t power;
};

struct acrn_pstate_data {
	uint64_t core_frequency;
	uint64_t power;
	uint64_t transition_latency;
	uint64_t bus_master_latency;
	uint64_t control;
	uint64_t status;
};

struct acrn_cpufreq_limits {
	uint8_t guaranteed_hwp_lvl;
	uint8_t highest_hwp_lvl;
	uint8_t lowest_hwp_lvl;
	uint8_t nominal_pstate;
	uint8_t performance_pstate;
};

struct acpi_sx_pkg {
	uint8_t val_pm1a;
	uint8_t val_pm1b;
	uint16_t reserved;
} __attribute__((aligned(8)));

struct pm_s_state_data {
	struct acrn_acpi_generic_address pm1a_evt;
	struct acrn_acpi_generic_address pm1b_evt;
	struct acrn_acpi_generic_address pm1a_cnt;
	struct acrn_acpi_generic_address pm1b_cnt;
	struct acpi_sx_pkg s3_pkg;
	struct acpi_sx_pkg s5_pkg;
	uint32_t *wake_vector_32;
	uint64_t *wake_vector_64;
} __attribute__((aligned(8)));

#endif
