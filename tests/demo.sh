#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# make demo: the hosted hypervisor with a Service VM and two User VMs on 2 pCPUs, recorded for 5 s,
# and the report of it. $1: where the programs are.
bin=${1:-build/bin}
dir=$(mktemp -d) || exit 1
trap 'kill "$hv" 2>/dev/null; wait "$hv" 2>/dev/null; rm -rf "$dir"' EXIT
mkfifo "$dir/ready"
"$bin/acrn-hv" --run-dir "$dir/dev" --pcpus 2 --duration 60 >"$dir/ready" 2>"$dir/hv.log" &
hv=$!
if ! read -r line <"$dir/ready"; then
	cat "$dir/hv.log" >&2
	exit 1
fi
echo "The hosted hypervisor runs: $line"
export ACRN_DEV_DIR="$dir/dev"
echo '$ acrntrace record -d 5 -o demo.atrc'
"$bin/acrntrace" record -d 5 -o "$dir/demo.atrc" || exit 1
echo
echo '$ acrntrace report demo.atrc'
"$bin/acrntrace" report "$dir/demo.atrc"
