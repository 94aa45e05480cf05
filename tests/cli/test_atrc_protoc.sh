#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A stream is read with zstd and protoc alone, with the messages as they stand in atrc(5) and the
# columns put together by awk as that page says: every record of the sample is found.
LC_ALL=C
export LC_ALL
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0
check() { # what, and a command that is to succeed
	what=$1
	n=$((n + 1))
	shift
	if "$@"; then echo "ok $n - $what"; else echo "not ok $n - $what"; fi
}

# The first 4096 records of each pCPU, a loss between the two, and the stream of them.
records=4096
for pcpu in 0 1; do
	head -c $((records * 32)) tests/data/sample/$pcpu | od -A n -v -t x8 -w32 |
		sed 's/^ *//' >"$tmp/expected.$pcpu"
done
check 'a stream is written' "${OUT:-build}/tests/test_stream" --write "$tmp/stream.atrc" $records

mkdir "$tmp/man" "$tmp/packet"
{
	echo 'syntax = "proto3";'
	sed -n '/^\.Sh MESSAGES/,/^\.Ed/p' man/atrc.5 | grep -v '^\.' | grep -v '^syntax'
} >"$tmp/man/atrc.proto"
check 'atrc(5) has the messages of acrnscope.proto' sh -c '
	sed "s@ *//.*@@" formats/acrnscope.proto | tr -s " \n" "\n\n" >'"$tmp"'/a
	tr -s " \n" "\n\n" <'"$tmp"'/man/atrc.proto >'"$tmp"'/b
	grep . '"$tmp"'/a >'"$tmp"'/a1; grep . '"$tmp"'/b | cmp -s - '"$tmp"'/a1'

# Packets: a varint, and so many bytes.
check 'zstd decompresses it' sh -c "zstd -dcq $tmp/stream.atrc >$tmp/packets"
size=$(wc -c <"$tmp/packets") at=0 packets=0 decoded=0
while [ $at -lt "$size" ]; do
	set -- $(od -A n -t u1 -j $at -N 5 "$tmp/packets")
	length=0 shift=0
	while :; do
		at=$((at + 1)) byte=$1
		length=$((length + ((byte & 127) << shift))) shift=$((shift + 7))
		shift
		[ "$byte" -ge 128 ] || break
	done
	packets=$((packets + 1))
	tail -c +$((at + 1)) "$tmp/packets" | head -c $length |
		protoc --decode acrnscope.Packet -I "$tmp/man" atrc.proto \
			>"$tmp/packet/$(printf %03d $packets)" && decoded=$((decoded + 1))
	at=$((at + length))
done
check 'protoc decodes every packet' [ $packets -eq $decoded ]
check 'there are header, two chunks of two, loss, index and end' [ $packets -eq 8 ]

# 64 bits are two numbers of 32 (awk counts to 2^53): hi and lo.
cat >"$tmp/join.awk" <<'AWK'
function decimal(s,   i) { # sets hi and lo
	hi = lo = 0
	for (i = 1; i <= length(s); i++) {
		lo = lo * 10 + substr(s, i, 1)
		hi = (hi * 10 + int(lo / two32)) % two32
		lo %= two32
	}
}
function hex(h, l) {
	return sprintf("%04x%04x%04x%04x", int(h / 65536), h % 65536, int(l / 65536), l % 65536)
}
function unescape(s, to,   i, c, n) { # the bytes of a text of protoc, to to[0], to[1] ...
	for (i = n = 0; i < length(s); n++) {
		c = substr(s, ++i, 1)
		if (c != "\\") { to[n] = ord[c]; continue }
		c = substr(s, ++i, 1)
		if (c ~ /[0-7]/) {
			to[n] = c * 64 + substr(s, i + 1, 1) * 8 + substr(s, i + 2, 1)
			i += 2
		} else
			to[n] = c == "n" ? 10 : c == "r" ? 13 : c == "t" ? 9 : ord[c]
	}
	return n
}
# values 0..n-1 of the Planes just read: to high[] and low[]
function planes(n,   i, p, from, bytes, b, scale, ho, lo0, h, l) {
	for (i = 0; i < n; i++)
		high[i] = low[i] = 0
	bytes = unescape(text, b)
	scale = 1
	for (p = from = 0; p < 8; p++) {
		if (int(mask / 2 ^ p) % 2) {
			for (i = 0; i < n; i++)
				if (p < 4) low[i] += b[from + i] * 256 ^ p
				else high[i] += b[from + i] * 256 ^ (p - 4)
			from += n
		}
	}
	if (from != bytes) print "planes have a wrong length"
	decimal(origin)
	ho = hi; lo0 = lo
	for (i = 0; i < n; i++) {
		l = low[i] + lo0
		h = high[i] + ho + int(l / two32)
		low[i] = l % two32
		high[i] = h % two32
		if (delta) { ho = high[i]; lo0 = low[i] }
	}
	for (i = 0; i < n && values; i++) {
		if (low[i] >= values || high[i]) print "a number beyond the values"
		decimal(value[low[i]])
		high[i] = hi; low[i] = lo
	}
}
function end_planes(   i, w) {
	if (name == "tsc" || name == "word_of")
		planes(count)
	else
		planes(has[column])
	for (i = 0; name == "tsc" && i < count; i++)
		tsc[i] = hex(high[i], low[i])
	for (i = 0; name == "word_of" && i < count; i++)
		has[w = word_of[i] = low[i]]++
	for (i = 0; name == "e" && i < has[column]; i++)
		e[column, i] = hex(high[i], low[i])
	for (i = 0; name == "f" && i < has[column]; i++)
		f[column, i] = hex(high[i], low[i])
}
BEGIN {
	two32 = 4294967296
	for (i = 0; i < 128; i++) ord[sprintf("%c", i)] = i
}
$1 == "pcpu:" { pcpu = $2 }
$1 == "count:" { count = $2 }
depth == 1 && $1 == "word:" { decimal($2); word[words++] = hex(hi, lo) }
depth == 2 && $1 == "word:" { column = $2 }
$2 == "{" {
	depth++
	name = $1
	mask = origin = delta = values = 0
	text = ""
	if (name == "column") column = 0
}
$1 == "mask:" { mask = $2 }
$1 == "origin:" { origin = $2 }
$1 == "delta:" { delta = 1 }
$1 == "value:" { value[values++] = $2 }
$1 == "bytes:" { text = $0; sub(/^ *bytes: "/, "", text); sub(/"$/, "", text) }
$1 == "}" {
	if (name == "tsc" || name == "word_of" || name == "e" || name == "f") end_planes()
	name = ""
	depth--
}
END {
	for (i = 0; i < count; i++) {
		w = word_of[i]
		k = used[w]++
		print tsc[i], word[w], e[w, k], f[w, k]
	}
}
AWK
cat "$tmp/packet/002" "$tmp/packet/003" | awk -f "$tmp/join.awk" >"$tmp/got.0"
cat "$tmp/packet/005" "$tmp/packet/006" | awk -f "$tmp/join.awk" >"$tmp/got.1"
for pcpu in 0 1; do
	check "every record of pCPU $pcpu is found" cmp -s "$tmp/expected.$pcpu" "$tmp/got.$pcpu"
done
check 'and as many as there are' [ "$(cat "$tmp"/got.* | wc -l)" -eq $((2 * records)) ]
check 'the header is there' grep -q 'host: "host"' "$tmp/packet/001"
check 'the loss is there' sh -c "grep -q '^ *count: 42$' $tmp/packet/004 && grep -q '^ *pcpu: 1$' $tmp/packet/004"
check 'the end says how many records there are' \
	[ "$(grep -c "records: $records" "$tmp/packet/008")" -eq 2 ]
echo "1..$n"
