# SPDX-License-Identifier: BSD-3-Clause
# The bare-metal hypervisor: freestanding, with rules and output (build/x86) of its own.
#
#   make iso         build/acrnscope.iso, that GRUB boots      make check-boot  tests under Bochs
#   make boot-deps linux-deps   install the Debian packages below

BOOT_PACKAGES := bochs bochsbios bochs-term vgabios grub-common grub-pc-bin grub-efi-amd64-bin \
	xorriso mtools qemu-system-x86 seabios ovmf
# For the Service VM's Linux and the modules in it: tests/boot/kernel.sh, tests/boot/modules.sh.
LINUX_PACKAGES := linux-source-6.1 linux-headers-amd64 bc bison flex libelf-dev libssl-dev lz4 xz-utils cpio \
	kmod busybox-static sparse

X86 := $(BUILD)/x86
X86_SOURCES := $(wildcard hv/arch/x86/*.c hv/core/*.c) hv/guests/payloads.c
X86_ASSEMBLY := $(wildcard hv/arch/x86/*.S)
X86_ASSEMBLY := $(filter-out %.lds.S,$(X86_ASSEMBLY))
X86_OBJ := $(X86_ASSEMBLY:%.S=$(X86)/%.o) $(X86_SOURCES:%.c=$(X86)/%.o)

X86_CPPFLAGS := -I. -I$(BUILD)/gen
X86_CFLAGS := -std=gnu11 -O2 -g $(WARNINGS) -ffreestanding -nostdlib -fno-pie -mcmodel=kernel \
	-mno-red-zone -mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
	-fno-omit-frame-pointer -fno-optimize-sibling-calls -mno-omit-leaf-frame-pointer -fno-asynchronous-unwind-tables \
	-fno-strict-aliasing -fno-common
X86_CHECK_FLAGS := -DVERSION='""' -std=gnu11 $(WARNINGS) -ffreestanding -mcmodel=kernel -mno-red-zone -mgeneral-regs-only
X86_LDFLAGS := -nostdlib -static -Wl,--build-id=none,-z,noexecstack,-z,max-page-size=4096

$(X86)/%.o: %.c | $(GEN)/abi/trace_events.h $(GEN)/abi/exit_reasons.h
	@mkdir -p $(@D)
	$(CC) $(X86_CPPFLAGS) $(X86_CFLAGS) -MMD -MP -c -o $@ $<
$(X86)/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(X86_CPPFLAGS) -MMD -MP -c -o $@ $<
$(X86)/hv/arch/x86/main.o: X86_CPPFLAGS += -DVERSION='"$(VERSION)"'
# Guests of the hypervisor's own are a program of their own, which the image carries.
PAYLOAD_SOURCES := $(wildcard hv/arch/x86/payload/*.c hv/guests/*.c) hv/arch/x86/string.c
PAYLOAD_OBJ := $(PAYLOAD_SOURCES:%.c=$(X86)/%.o) $(X86)/hv/arch/x86/payload/start.o
$(X86)/payload/payload.lds: hv/arch/x86/payload/payload.lds.S hv/arch/x86/payload/layout.h
	@mkdir -p $(@D)
	$(CC) $(X86_CPPFLAGS) -E -P -D__ASSEMBLER__ -o $@ $<
$(X86)/payload/payload.elf: $(PAYLOAD_OBJ) $(X86)/payload/payload.lds
	$(CC) $(X86_LDFLAGS) -Wl,-T,$(X86)/payload/payload.lds,--no-warn-rwx-segments -o $@ $(PAYLOAD_OBJ)
$(X86)/payload/payload.bin: $(X86)/payload/payload.elf
	objcopy -O binary $< $@
# The hypervisor has the table of payloads as well, with the addresses that their guests see.
$(X86)/payload/entries.lds: $(X86)/payload/payload.elf
	nm $< | awk '$$3 ~ /_entry$$/ { print $$3 " = 0x" $$1 ";" }' >$@
$(X86)/hv/arch/x86/payload_image.o: $(X86)/payload/payload.bin
$(X86)/image.lds: hv/arch/x86/image.lds.S hv/arch/x86/layout.h
	@mkdir -p $(@D)
	$(CC) $(X86_CPPFLAGS) -E -P -o $@ $<

# Two passes: functions get their addresses in the first, and their names are linked in by the second.
$(X86)/symbols0.S: hv/arch/x86/symbols.awk
	@mkdir -p $(@D)
	awk -f $< /dev/null >$@
$(X86)/symbols.S: $(X86)/pass1.elf hv/arch/x86/symbols.awk
	nm -n $< | awk -f hv/arch/x86/symbols.awk >$@
$(X86)/symbols%o: $(X86)/symbols%S
	$(CC) -c -o $@ $<
$(X86)/pass1.elf: $(X86_OBJ) $(X86)/symbols0.o $(X86)/image.lds $(X86)/payload/entries.lds
	$(CC) $(X86_LDFLAGS) -Wl,-T,$(X86)/image.lds -o $@ $(X86_OBJ) $(X86)/symbols0.o $(X86)/payload/entries.lds
$(X86)/hv.elf: $(X86)/pass1.elf $(X86)/symbols.o
	$(CC) $(X86_LDFLAGS) -Wl,-T,$(X86)/image.lds -o $@ $(X86_OBJ) $(X86)/symbols.o $(X86)/payload/entries.lds
	@nm -n $(X86)/pass1.elf | grep ' [tT] ' >$(X86)/pass1.names; \
	nm -n $@ | grep ' [tT] ' | cmp - $(X86)/pass1.names || { rm $@; exit 1; }

# GRUB's command line for the hypervisor, and modules: see tests/boot/run.sh.
HV_OPTIONS ?=
$(BUILD)/acrnscope.iso: $(X86)/hv.elf tests/boot/make-iso.sh
	tests/boot/make-iso.sh $@ $< "$(HV_OPTIONS)"

# What is read from outside, built for this machine and under sanitizers.
X86_PARSERS := tests/boot/parsers.c $(patsubst %,hv/arch/x86/%.c,multiboot memory_map acpi acpi_madt options)
$(X86)/tests/test_parsers: $(X86_PARSERS) $(wildcard hv/arch/x86/*.h)
	@mkdir -p $(@D)
	$(CC) $(X86_CPPFLAGS) -std=gnu11 -O1 -g $(WARNINGS) -fsanitize=address,undefined -fno-sanitize-recover=all \
		-o $@ $(X86_PARSERS) -lcmocka

boot-deps: | $(BUILD)
	$(call install_packages,$(BOOT_PACKAGES))
linux-deps: | $(BUILD)
	$(call install_packages,$(LINUX_PACKAGES))
hv-x86: $(X86)/hv.elf
iso: boot-deps $(BUILD)/acrnscope.iso
check-boot: test-deps boot-deps linux-deps all $(X86)/hv.elf $(X86)/tests/test_parsers
	@tests/run.sh $(X86)/tests/test_parsers $(wildcard tests/boot/test_*.sh)
# Its sources need flags of their own; the goals of the same name in the Makefile have these behind them.
analyze-x86: test-deps
	clang -fsyntax-only -Werror $(X86_CPPFLAGS) $(X86_CHECK_FLAGS) $(X86_SOURCES)
	clang-tidy --quiet --warnings-as-errors='*' $(X86_SOURCES) -- $(X86_CPPFLAGS) $(X86_CHECK_FLAGS) 2>$(BUILD)/tidy-x86.log || \
		{ cat $(BUILD)/tidy-x86.log; exit 1; }
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --enable=warning,performance,portability \
		--suppressions-list=.cppcheck -j 2 $(X86_CPPFLAGS) $(X86_SOURCES)
format-x86:
	clang-format -i $(wildcard hv/arch/x86/*.[ch] hv/arch/x86/*/*.[ch] tests/boot/*.c)
analyze: analyze-x86
format: format-x86
.PHONY: boot-deps linux-deps hv-x86 iso check-boot analyze-x86 format-x86

-include $(shell [ -d $(X86) ] && find $(X86) -name '*.d')
