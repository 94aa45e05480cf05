#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Who may know whom, and that each header compiles on its own.
cd "$(dirname "$0")/../.." || exit 1
n=0 bad=0
check() # WHAT LINES: ok when there are none
{
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		bad=1
		echo "not ok $n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}
includes() # FILES...: file:include, one a line
{
	grep -H '^#include' "$@" | sed 's/#include *//'
}
check 'formats/abi includes only stdint, stddef, stdbool and itself' \
	"$(includes formats/abi/*.h | grep -vE ':(<(stdint|stddef|stdbool)\.h>|"vm\.h")$')"
check 'hv/core includes only the ABI, arch.h, itself and freestanding headers' \
	"$(includes hv/core/*.[ch] | grep -vE ':("(formats/abi|hv/core)/|"hv/include/arch\.h"|<(std(int|def|bool|arg)|string)\.h>)')"
check 'hv/core has no #if on a port' \
	"$(grep -nE '^#\s*(if|ifdef|elif).*(HOST|X86|__linux__|ARCH)' hv/core/*.[ch])"
check 'arch.h includes only the ABI and freestanding headers' \
	"$(ls hv/include/*.h 2>/dev/null | xargs -r grep -H '^#include' | grep -vE '"(formats/abi|hv/include)/|<std(int|def|bool|arg)\.h>')"
check 'guest payloads include only their library, the ABI and freestanding headers' \
	"$(ls hv/guests/*.[ch] 2>/dev/null | xargs -r grep -H '^#include' | grep -vE '"(formats/abi|hv/guests)/|<(std(int|def|bool|arg)|string)\.h>')"
check 'formats includes no program and nothing of hv' \
	"$(includes formats/*.[ch] | grep -E '"(hv|acrn|intrmon)')"
check 'formats opens no device and makes no hypercall' \
	"$(grep -nE '"/dev/|vmcall' formats/*.[ch])"
check 'hv never sees protobuf or zstd' "$(grep -rnE '#include.*(protobuf|zstd|pb-c)' hv)"
check 'programs include formats, hv/client and themselves only' \
	"$(for p in acrntrace acrnlog acrnprof intrmon; do
		ls $p/*.[ch] 2>/dev/null | xargs -r grep -H '^#include "' | grep -vE "\"(formats|hv/client|$p)/"
	done)"
check 'each header compiles on its own' \
	"$(for h in formats/abi/*.h formats/*.h hv/*/*.h hv/arch/*/*.h acrntrace/*.h; do
		[ -e "$h" ] || continue
		case $h in hv/service_vm/acrn_profiling.h) ;; hv/service_vm/*) continue ;; esac # of the kernel
		echo "#include \"$h\"" | ${CC:-cc} -x c -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -I. -Ibuild/gen \
			-fsyntax-only - 2>&1 | head -2
	done)"
check 'formats/abi compiles without a hosted C library' \
	"$(for h in formats/abi/*.h; do
		echo "#include \"$h\"" | ${CC:-cc} -x c -std=gnu11 -ffreestanding -nostdinc \
			-isystem "$(${CC:-cc} -print-file-name=include)" -I. -fsyntax-only - 2>&1 | head -2
	done)"
check 'nothing outside of the project is named' \
	"$(git grep -nE '\.\./(shared|\.library)' -- . ':!tests/cli/test_house.sh' 2>/dev/null | head -5)"
echo "1..$n"
exit $bad
