# SPDX-License-Identifier: BSD-3-Clause
# Makes the checks of test_layout.c from layout.tsv and sizes.tsv.
BEGIN { FS = "\t" }
/^#/ || /^$/ { next }
NF == 2 { printf "CHECK_STRUCT(%s, %s)\n", $1, $2; next }
{
	sub(/^__attribute__\./, "", $2)  # members of an anonymous union
	if ($4 ~ /^:/) {
		split(substr($4, 2), bits, "@")
		printf "CHECK_BITS(%s, %s, %s, %s)\n", $1, $2, bits[1], bits[2]
	} else {
		printf "CHECK_FIELD(%s, %s, %s, %s)\n", $1, $2, $5, $6
		if ($4 == "" && $3 !~ /[*]/)
			printf "CHECK_TYPE(%s, %s, %s)\n", $1, $2, $3
	}
}
