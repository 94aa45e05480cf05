// SPDX-License-Identifier: BSD-3-Clause
/* Prints a report: losses first, then the rows, then the CPU time. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "acrntrace/report.h"

bool report_lost(const struct report *report, uint64_t *lost)
{
	bool counted = report->loss_counted;

	*lost = 0;
	for (unsigned int i = 0; i < report->nr_pcpus; i++) {
		*lost = saturated_add(*lost, report->pcpus[i]->lost);
		counted = counted && report->pcpus[i]->unknown_gaps == 0;
	}
	return counted;
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void print_pcpu_loss(const struct analysis_pcpu *pcpu, FILE *out)
{
	uint64_t counted = pcpu->gaps - pcpu->unknown_gaps;

	if (counted)
		fprintf(out, "lost: %" PRIu64 " record%s in %" PRIu64 " gap%s on pCPU %u\n",
			pcpu->lost, plural(pcpu->lost), counted, plural(counted), pcpu->pcpu);
	if (pcpu->unknown_gaps)
		fprintf(out, "lost: an unknown number of records in %" PRIu64 " gap%s on pCPU %u\n",
			pcpu->unknown_gaps, plural(pcpu->unknown_gaps), pcpu->pcpu);
	if (pcpu->breaks)
		fprintf(out,
			"lost: records are missing at %" PRIu64 " place%s on pCPU %u, where those "
			"before and after contradict each other\n",
			pcpu->breaks, plural(pcpu->breaks), pcpu->pcpu);
}

static bool some_counted(const struct report *report)
{
	for (unsigned int i = 0; i < report->nr_pcpus; i++)
		if (report->pcpus[i]->gaps)
			return true;
	return false;
}

static void print_losses(const struct report *report, FILE *out)
{
	uint64_t lost;
	bool counted = report_lost(report, &lost);

	if (!report->loss_counted)
		fprintf(out, "lost: unknown (this capture does not count %s)\n",
			some_counted(report) ? "all of them" : "them");
	else if (counted && lost == 0)
		fputs("lost: nothing\n", out);
	for (unsigned int i = 0; i < report->nr_pcpus; i++)
		print_pcpu_loss(report->pcpus[i], out);
}

static void print_span(const struct report *report, FILE *out)
{
	uint64_t records = 0;
	char text[16];

	for (unsigned int i = 0; i < report->nr_pcpus; i++)
		records += report->pcpus[i]->records;
	view_format_time(report->context.elapsed, report->view.tsc_khz, text);
	fprintf(out, "%" PRIu64 " record%s on %u pCPU%s, %s%s\n\n", records, plural(records),
		report->nr_pcpus, plural(report->nr_pcpus), text,
		report->view.tsc_khz ? "" : " (TSC cycles; give --tsc-khz for times)");
}

static int print_rows(const struct report *report, FILE *out, unsigned int width)
{
	const void **rows = calloc(report->nr_rows + 1, sizeof(*rows));
	bool total = report->nr_rows > 1;
	int rc;

	if (!rows)
		return -ENOMEM;
	for (unsigned int i = 0; i < report->nr_rows; i++)
		rows[i] = report->rows[i];
	rows[report->nr_rows] = &report->total;
	rc = view_table(&report->view, rows, report->nr_rows + total, out,
			report->all_columns ? 0 : width, report->color, total);
	free(rows);
	if (report->nr_left_out)
		fprintf(out, "(%u more row%s; --limit)\n", report->nr_left_out,
			plural(report->nr_left_out));
	if (report->details_limited)
		fprintf(out, "(more than %u different details; those met later are in \"other\")\n",
			ANALYSIS_MAX_KEYED);
	fprintf(out, "without a partner, in no row: %" PRIu64 " vm_enter, %" PRIu64 " vm_exit\n",
		report->unmatched_enters, report->unmatched_exits);
	return rc;
}

/* Pointers to the elements of an array, for the functions of view.h. */
static const void **pointers(const void *array, size_t nr, size_t size)
{
	const void **rows = calloc(nr + 1, sizeof(*rows));

	for (size_t i = 0; rows && i < nr; i++)
		rows[i] = (const char *)array + i * size;
	return rows;
}

static struct view pcpu_view(const struct report *report)
{
	struct view view = { report_pcpu_columns, nr_report_pcpu_columns, 1, &report->context,
			     report->view.tsc_khz };

	return view;
}

static int print_table(const struct report *report, FILE *out)
{
	const struct view pcpus = pcpu_view(report), *cpus = &report->cpu_view;
	const void **rows = pointers(report->cpus, report->nr_cpus, sizeof(report->cpus[0]));
	unsigned int width = view_width(fileno(out));
	int rc = rows ? 0 : -ENOMEM;

	print_losses(report, out);
	print_span(report, out);
	if (rc == 0)
		rc = print_rows(report, out, width);
	fputs("\nCPU time\n", out);
	if (rc == 0)
		rc = view_table(cpus, rows, report->nr_cpus, out, width, report->color, false);
	fputc('\n', out);
	if (rc == 0)
		rc = view_table(&pcpus, (const void *const *)report->pcpus, report->nr_pcpus, out,
				width, report->color, false);
	free(rows);
	return rc;
}

static void print_json_losses(const struct report *report, FILE *out)
{
	uint64_t lost;

	if (report_lost(report, &lost))
		fprintf(out, ",\n\"lost\": %" PRIu64, lost);
	else
		fputs(",\n\"lost\": null", out);
	fputs(",\n\"losses\": [", out);
	for (unsigned int i = 0, n = 0; i < report->nr_pcpus; i++) {
		const struct analysis_pcpu *pcpu = report->pcpus[i];

		if (pcpu->gaps == 0)
			continue;
		fprintf(out, "%s{\"pcpu\": %u, \"gaps\": %" PRIu64 ", \"lost\": ", n++ ? ", " : "",
			pcpu->pcpu, pcpu->gaps);
		if (pcpu->unknown_gaps)
			fputs("null}", out);
		else
			fprintf(out, "%" PRIu64 "}", pcpu->lost);
	}
	fputc(']', out);
}

static int print_json(const struct report *report, FILE *out)
{
	const struct view pcpus = pcpu_view(report), *cpus = &report->cpu_view;
	const struct view totals = {
		report->view.columns + report->view.nr_keys,
		report->view.nr_columns - report->view.nr_keys,
		0,
		&report->context,
		report->view.tsc_khz,
	};
	const void **rows = pointers(report->cpus, report->nr_cpus, sizeof(report->cpus[0]));

	if (!rows)
		return -ENOMEM;
	fputs("{\"rows\": ", out);
	view_json_rows(&report->view, (const void *const *)report->rows, report->nr_rows, out);
	fputs(",\n\"totals\": ", out);
	view_json_row(&totals, &report->total, out);
	print_json_losses(report, out);
	fprintf(out, ",\n\"unmatched_enters\": %" PRIu64 ",\n\"unmatched_exits\": %" PRIu64,
		report->unmatched_enters, report->unmatched_exits);
	fputs(",\n\"tsc_khz\": ", out);
	if (report->view.tsc_khz)
		fprintf(out, "%" PRIu64, report->view.tsc_khz);
	else
		fputs("null", out);
	fprintf(out, ",\n\"elapsed_cycles\": %" PRIu64, report->context.elapsed);
	fputs(",\n\"cpu\": ", out);
	view_json_rows(cpus, rows, report->nr_cpus, out);
	fputs(",\n\"pcpus\": ", out);
	view_json_rows(&pcpus, (const void *const *)report->pcpus, report->nr_pcpus, out);
	if (report->details_limited)
		fputs(",\n\"details_limited\": true", out);
	if (report->error) {
		fputs(",\n\"error\": ", out);
		cli_print_json_string(report->error, out);
	}
	fputs("}\n", out);
	free(rows);
	return 0;
}

int report_print(const struct report *report, FILE *out)
{
	if (report->form == REPORT_JSON)
		return print_json(report, out);
	if (report->form == REPORT_TABLE)
		return print_table(report, out);
	view_csv(&report->view, (const void *const *)report->rows, report->nr_rows, out);
	return 0;
}
