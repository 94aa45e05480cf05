#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# make install puts programs, pages and completions below DESTDIR and PREFIX, and uninstall takes all away.
cd "$(dirname "$0")/../.." || exit 1
. tests/cli/tap.sh
unset MAKEFLAGS MAKELEVEL MFLAGS

install_args="DESTDIR=$tmp/root PREFIX=/opt/acrnscope OUT=$OUT"
ok 'make install' make -s $install_args install
for file in bin/acrntrace bin/acrn-hv share/man/man1/acrntrace.1 share/man/man5/atrc.5 \
	share/man/man5/acrn-sbuf.5 share/man/man7/acrn-hypercalls.7 share/man/man8/acrn-hv.8 \
	share/bash-completion/completions/acrntrace share/bash-completion/completions/acrn-hv; do
	ok "installs $file" test -s "$tmp/root/opt/acrnscope/$file"
done
ok 'an installed program runs' "$tmp/root/opt/acrnscope/bin/acrntrace" --version
is "$(grep -c '@EVENTS@' "$tmp/root/opt/acrnscope/share/man/man1/acrntrace.1")" 0 'the pages are the made ones'
ok 'make uninstall' make -s $install_args uninstall
is "$(find "$tmp/root" -type f)" '' 'uninstall leaves no file'
plan
