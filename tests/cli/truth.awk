# SPDX-License-Identifier: BSD-3-Clause
# From acrntrace report --by pcpu,vm,reason --json: the lines of a truth file of pCPU pcpu.
{
	if (!match($0, /"pcpu": [0-9]+, /) || !/"reason_id"/)
		next
	delete v
	n = split($0, part, /[{},]+ */)
	for (i = 1; i <= n; i++)
		if (match(part[i], /^ *"[a-z0-9_]+": [0-9]+$/)) {
			split(part[i], kv, /[": ]+/)
			v[kv[2]] = kv[3]
		}
	if (v["pcpu"] == pcpu)
		print v["vm"] "\t" v["reason_id"] "\t" v["count"] "\t" v["cycles"] "\t" v["hv_cycles"] "\t" v["scheduled_out_cycles"]
}
