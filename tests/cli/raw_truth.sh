# SPDX-License-Identifier: BSD-3-Clause
# What is in upstream's files, by od, sort and awk alone; to source.

# raw_truth FILE...: each record of all files by TSC, then pCPU:
#   TSC PCPU ID N_DATA PAYLOAD   (ID 12 and PAYLOAD 32 hexadecimal digits, bytes in memory order)
raw_truth() {
	for raw_file; do
		od -An -v -t u8 -w32 "$raw_file" | awk '{ print $1 }' >"$tmp/.tsc"
		od -An -v -t x1 -w32 "$raw_file" >"$tmp/.bytes"
		paste "$tmp/.tsc" "$tmp/.bytes"
	done | awk '
		function digit(c) { return index("0123456789abcdef", c) - 1 }
		function byte(h) { return digit(substr(h, 1, 1)) * 16 + digit(substr(h, 2, 1)) }
		{
			id = payload = ""
			for (i = 15; i >= 10; i--)
				id = id $i
			for (i = 18; i <= 33; i++)
				payload = payload $i
			print $1, byte($17), id, byte($16), payload
		}' | sort -s -n -k1,1 -k2,2
}
