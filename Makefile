# Every build, test, run and install goes through here; all output goes to build/.
#
#   make               the programs, into build/bin
#   make demo          install what is missing, record the hosted hypervisor for 5 s, report
#   make check         all tests         make check-asan check-tsan   the same under sanitizers
#   make analyze       clang warnings, clang-tidy, cppcheck
#   make bench         figures, one line each: name value unit
#   make install       DESTDIR= PREFIX=/usr/local         make uninstall
#   make modules       KDIR= the Service VM's Linux modules, into build/modules    make modules_install  DESTDIR=
#   make deps          install the Debian packages below  make format

# The Debian packages: to build and run, and on top of that to test and analyze.
PACKAGES := gcc make pkg-config libprotobuf-c-dev protobuf-c-compiler libzstd-dev libsmartcols-dev
TEST_PACKAGES := libcmocka-dev libzydis-dev protobuf-compiler zstd mandoc clang clang-tidy cppcheck libclang-rt-14-dev

PREFIX ?= /usr/local
DESTDIR ?=
BUILD := build
# A build under a sanitizer keeps apart: make OUT=build/asan SANITIZE=address,undefined
OUT ?= $(BUILD)
SANITIZE ?=

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes
override CFLAGS += -std=gnu11 $(WARNINGS) -Werror=implicit-function-declaration -pthread
override CPPFLAGS += -D_GNU_SOURCE -I. -I$(BUILD)/gen
ifneq ($(SANITIZE),)
override CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
override LDFLAGS += -fsanitize=$(SANITIZE)
# The fences of the ring have their data accesses ordered by acquire and release as well.
override CFLAGS += $(if $(findstring thread,$(SANITIZE)),-Wno-tsan)
endif
LDLIBS = -lprotobuf-c -lzstd -lsmartcols -lm -lrt

# make V=1 prints whole commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1) $@")

VERSION := $(shell cat .version 2>/dev/null || git describe --tags --always --dirty 2>/dev/null || echo unknown)
ARCH ?= host

PROGRAMS := acrntrace
GEN := $(BUILD)/gen/formats
GEN_HEADERS := $(GEN)/abi/trace_events.h $(GEN)/abi/exit_reasons.h $(GEN)/acrnscope.pb-c.h
GEN_SOURCES := $(GEN)/event_table.c $(GEN)/reason_table.c $(GEN)/acrnscope.pb-c.c

FORMATS := $(wildcard formats/*.c)
HV := $(wildcard hv/core/*.c hv/arch/$(ARCH)/*.c hv/guests/*.c)
HV_MAIN := hv/arch/$(ARCH)/main.c
CLIENT := $(wildcard hv/client/*.c)
UNIT := $(wildcard tests/unit/test_*.c)
BENCH := $(wildcard tests/bench/bench_*.c)
TOOLS := $(wildcard tests/tools/*.c)
FUZZ := $(wildcard tests/fuzz/fuzz_*.c)
PAGES := $(wildcard man/*.[14578])

objects = $(patsubst %.c,$(OUT)/obj/%.o,$(1))
FORMATS_OBJ := $(call objects,$(FORMATS)) $(patsubst $(GEN)/%.c,$(OUT)/obj/gen/%.o,$(GEN_SOURCES))
HV_OBJ := $(call objects,$(filter-out $(HV_MAIN),$(HV)))
CLIENT_OBJ := $(call objects,$(CLIENT))
LIBS := $(OUT)/libhv.a $(OUT)/libclient.a $(OUT)/libformats.a

BINARIES := $(PROGRAMS:%=$(OUT)/bin/%) $(if $(wildcard $(HV_MAIN)),$(OUT)/bin/acrn-hv)
UNIT_BINARIES := $(UNIT:tests/unit/%.c=$(OUT)/tests/%)
BENCH_BINARIES := $(BENCH:tests/bench/%.c=$(OUT)/bench/%)
TOOL_BINARIES := $(TOOLS:tests/tools/%.c=$(OUT)/tools/%)
FUZZ_BINARIES := $(FUZZ:tests/fuzz/%.c=$(OUT)/fuzz/%)
CLI_TESTS := $(wildcard tests/cli/test_*.sh)

all: $(BINARIES) man
.PHONY: all modules modules_install man deps test-deps demo check check-asan check-tsan tests analyze bench format install uninstall clean fuzz
.DELETE_ON_ERROR:
.SECONDARY:

# --- generated sources ---
$(GEN)/abi/trace_events.h: formats/events.tsv formats/gen-tables.awk
	@mkdir -p $(@D)
	$(call say,GEN )
	$(Q)awk -v what=events-header -f formats/gen-tables.awk $< >$@
$(GEN)/abi/exit_reasons.h: formats/exit-reasons.tsv formats/gen-tables.awk
	@mkdir -p $(@D)
	$(call say,GEN )
	$(Q)awk -v what=reasons-header -f formats/gen-tables.awk $< >$@
$(GEN)/event_table.c: formats/events.tsv formats/gen-tables.awk
	@mkdir -p $(@D)
	$(call say,GEN )
	$(Q)awk -v what=events-table -f formats/gen-tables.awk $< >$@
$(GEN)/reason_table.c: formats/exit-reasons.tsv formats/gen-tables.awk
	@mkdir -p $(@D)
	$(call say,GEN )
	$(Q)awk -v what=reasons-table -f formats/gen-tables.awk $< >$@
$(GEN)/%.pb-c.c $(GEN)/%.pb-c.h: formats/%.proto
	@mkdir -p $(@D)
	$(call say,GEN )
	$(Q)protoc-c --proto_path=formats --c_out=$(GEN) $<
$(BUILD)/gen/tests/layout_checks.h: tests/unit/gen-layout.awk tests/data/layout.tsv tests/data/sizes.tsv
	@mkdir -p $(@D)
	$(call say,GEN )
	$(Q)awk -f $^ >$@

# --- the Service VM's Linux modules, for the kernel whose build tree is KDIR ---
# kbuild writes next to the sources, so it gets links to them.
KDIR ?= /lib/modules/$(shell uname -r)/build
MODULES_OUT ?= $(BUILD)/modules
modules:
	@[ -e "$(KDIR)/Makefile" ] || { echo "make: KDIR=$(KDIR): no kernel's build tree; install linux-headers-amd64, or give another KDIR=" >&2; exit 1; }
	@mkdir -p $(MODULES_OUT)
	@ln -sfn $(abspath hv/service_vm)/* $(MODULES_OUT)
	$(MAKE) -C $(KDIR) MAKEOVERRIDES= M=$(abspath $(MODULES_OUT)) ACRNSCOPE=$(CURDIR) W=$(W) C=$(C) modules
modules_install: modules
	$(MAKE) -C $(KDIR) MAKEOVERRIDES= M=$(abspath $(MODULES_OUT)) $(if $(DESTDIR),INSTALL_MOD_PATH=$(abspath $(DESTDIR))) modules_install

# --- objects and programs ---
$(OUT)/obj/%.o: %.c | $(GEN_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC  )
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(OUT)/obj/gen/%.o: $(GEN)/%.c | $(GEN_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC  )
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(OUT)/obj/acrntrace/%.o: override CPPFLAGS += -DVERSION='"$(VERSION)"'
$(OUT)/obj/hv/arch/host/%.o: override CPPFLAGS += -DVERSION='"$(VERSION)"'

# Loops over planes and columns: gcc makes vectors of them at this level.
$(OUT)/obj/formats/columns%.o: override CFLAGS += $(if $(SANITIZE),,-O3)

$(OUT)/libformats.a: $(FORMATS_OBJ)
$(OUT)/libhv.a: $(HV_OBJ)
$(OUT)/libclient.a: $(CLIENT_OBJ)
$(OUT)/lib%.a:
	@rm -f $@
	$(call say,AR  )
	$(Q)$(AR) rcs $@ $^

$(OUT)/bin/acrn-hv: $(call objects,$(HV_MAIN)) $(OUT)/libhv.a
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lrt
define program
$(OUT)/bin/$(1): $(call objects,$(wildcard $(1)/*.c)) $(OUT)/libclient.a $(OUT)/libformats.a
	@mkdir -p $$(@D)
	$$(call say,LINK)
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

$(OUT)/tests/%: $(OUT)/obj/tests/unit/%.o $(LIBS)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka
# The truth that the instruction decoder is held against.
$(OUT)/tests/test_decode: LDLIBS += -lZydis
$(OUT)/bench/%: $(OUT)/obj/tests/bench/%.o $(LIBS)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(OUT)/tools/%: $(OUT)/obj/tests/tools/%.o $(LIBS)
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(OUT)/obj/tests/unit/test_layout.o: $(BUILD)/gen/tests/layout_checks.h
# Everything the fuzz target calls is built with it: clang's coverage and sanitizers all through.
$(OUT)/fuzz/%: tests/fuzz/%.c $(FORMATS) $(GEN_SOURCES) $(wildcard hv/core/decode*.c) | $(GEN_HEADERS)
	@mkdir -p $(@D)
	clang $(CPPFLAGS) -O1 -g -std=gnu11 -fsanitize=fuzzer,address,undefined -o $@ $(filter %.c,$^) $(LDLIBS)

# --- man pages: the list of events comes from events.tsv ---
man: $(PAGES:man/%=$(BUILD)/man/%)
$(BUILD)/man/%: man/% formats/events.tsv formats/gen-tables.awk
	@mkdir -p $(@D)
	$(call say,GEN )
	$(Q)awk -v what=events-man -f formats/gen-tables.awk formats/events.tsv >$@.events
	@sed -e '/^@EVENTS@$$/{r $@.events' -e 'd}' $< >$@
	@rm -f $@.events

# --- dependencies ---
missing = $(strip $(foreach p,$(1),$(if $(shell dpkg-query -W -f='$${db:Status-Status}' $(p) 2>/dev/null | grep -x installed),,$(p))))
define install_packages
@missing="$(call missing,$(1))"; [ -z "$$missing" ] && exit 0; \
if ! command -v apt-get >/dev/null || [ "$$(id -u)" != 0 ]; then \
	echo "make: these packages are missing and only root may install them: $$missing" >&2; \
	echo "make: run as root: apt-get install $$missing" >&2; exit 1; fi; \
echo "installing $$missing"; \
apt-get update -q >$(BUILD)/apt.log 2>&1; \
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing >>$(BUILD)/apt.log 2>&1 || \
	{ tail -5 $(BUILD)/apt.log >&2; echo "make: installing packages failed; all of it is in $(BUILD)/apt.log" >&2; exit 1; }
endef
$(BUILD):
	@mkdir -p $@
deps: | $(BUILD)
	$(call install_packages,$(PACKAGES))
test-deps: | $(BUILD)
	$(call install_packages,$(PACKAGES) $(TEST_PACKAGES))

# --- running and testing ---
demo: deps
	@$(MAKE) --no-print-directory -s all
	@tests/demo.sh $(BUILD)/bin

# All test programs of one build; the runner counts and ends with "N passed, N failed".
tests: $(BINARIES) $(UNIT_BINARIES) $(TOOL_BINARIES) man
	@OUT=$(OUT) SANITIZE=$(SANITIZE) tests/run.sh $(TESTS)
check: test-deps
	@$(MAKE) --no-print-directory tests
check-asan: test-deps
	@ASAN_OPTIONS=detect_stack_use_after_return=0 UBSAN_OPTIONS=print_stacktrace=1 \
	$(MAKE) --no-print-directory OUT=build/asan SANITIZE=address,undefined CFLAGS="-O1 -g" tests
# The ring and the hosted hypervisor, with their threads.
TSAN_TESTS = $(filter build/tsan/tests/test_hv% %hypercall %ring %sbuf %record %conservation,$(UNIT:tests/unit/%.c=build/tsan/tests/%))
check-tsan: test-deps
	@TSAN_OPTIONS="suppressions=tests/tsan.supp halt_on_error=1" \
	$(MAKE) --no-print-directory OUT=build/tsan SANITIZE=thread CFLAGS="-O1 -g" TESTS="$(TSAN_TESTS)" tests
FUZZ_SECONDS ?= 60
fuzz: test-deps $(FUZZ_BINARIES)
	for f in $(FUZZ_BINARIES); do mkdir -p $$f.corpus && $$f -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
		-artifact_prefix=$(OUT)/fuzz/ $$f.corpus || exit 1; done
bench: deps $(BINARIES) $(BENCH_BINARIES) $(TOOL_BINARIES)
	@tests/bench/run.sh $(OUT)

SOURCES = $(FORMATS) $(HV) $(CLIENT) $(wildcard $(PROGRAMS:%=%/*.c)) $(UNIT) $(BENCH) $(TOOLS) $(FUZZ)
HEADERS = $(wildcard formats/*.h formats/abi/*.h hv/*/*.h hv/arch/*/*.h $(PROGRAMS:%=%/*.h) tests/*/*.h)
analyze: test-deps $(GEN_HEADERS) $(GEN_SOURCES) $(BUILD)/gen/tests/layout_checks.h
	clang -fsyntax-only -Werror $(CPPFLAGS) -DVERSION='""' -std=gnu11 $(WARNINGS) $(SOURCES)
	gcc -fsyntax-only -Werror $(CPPFLAGS) -DVERSION='""' -std=gnu11 -O2 $(WARNINGS) $(SOURCES)
	printf '%s\n' $(SOURCES) | xargs -P 2 -n 4 sh -c 'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- \
		$(CPPFLAGS) -DVERSION=\"\" -std=gnu11 2>$(BUILD)/tidy.$$$$.log || { cat $(BUILD)/tidy.$$$$.log; exit 1; }' sh
	rm -f $(BUILD)/tidy.*.log
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --enable=warning,performance,portability \
		--suppressions-list=.cppcheck -j 2 -I. -I$(BUILD)/gen $(filter-out tests/%,$(SOURCES))
format:
	clang-format -i $(SOURCES) $(HEADERS) $(wildcard hv/service_vm/*.c)

# --- installation ---
INSTALLED = $(BINARIES:$(OUT)/bin/%=$(PREFIX)/bin/%) \
	$(foreach p,$(PAGES),$(PREFIX)/share/man/man$(lastword $(subst ., ,$(p)))/$(notdir $(p))) \
	$(patsubst man/completion/%,$(PREFIX)/share/bash-completion/completions/%,$(wildcard man/completion/*))
install: all
	install -d $(sort $(dir $(addprefix $(DESTDIR),$(INSTALLED))))
	install -m 755 $(BINARIES) $(DESTDIR)$(PREFIX)/bin
	for p in $(PAGES:man/%=$(BUILD)/man/%); do install -m 644 $$p $(DESTDIR)$(PREFIX)/share/man/man$${p##*.}; done
	for c in $(wildcard man/completion/*); do install -m 644 $$c $(DESTDIR)$(PREFIX)/share/bash-completion/completions; done
uninstall:
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
clean:
	rm -rf $(BUILD)

include hv/arch/x86/build.mk
-include $(shell [ -d $(OUT)/obj ] && find $(OUT)/obj -name '*.d')
