// SPDX-License-Identifier: BSD-3-Clause
/* A stream with losses through dump, info, convert and export: what shows them, and what cannot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/export.h"
#include "formats/stream.h"

static char directory[] = "/tmp/test_export.XXXXXX";
static char stream_path[64];

static void write_records(struct stream_writer *writer, uint16_t pcpu, uint64_t tsc, uint32_t count)
{
	struct trace_record records[64];
	struct error error;

	for (uint32_t i = 0; i < count; i++)
		records[i] = (struct trace_record){ .tsc = tsc + (uint64_t)i * 10,
						    .word = TRACE_WORD(TRACE_TIMER_IRQ, TRACE_2L,
								       pcpu) };
	assert_int_equal(stream_write_trace(writer, pcpu, records, count, &error), 0);
}

/* pCPU 0: 100, 110, 7 lost, 200, 210; pCPU 1: 105, an unknown number lost, 205, 3 lost at the end.
 */
static int make_stream(void **state)
{
	struct stream_header header = { .pcpus = { 0, 1 }, .nr_pcpus = 2 };
	struct trace_loss loss = { .pcpu = 0, .count = 7, .from_tsc = 110, .to_tsc = 200 };
	struct stream_writer *writer;
	struct error error;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(stream_path, sizeof(stream_path), "%s/s.atrc", directory);
	fd = open(stream_path, O_WRONLY | O_CREAT | O_EXCL, 0666);
	assert_true(fd >= 0);
	assert_int_equal(stream_writer_open(&writer, fd, 1, &header, &error), 0);
	write_records(writer, 0, 100, 2);
	write_records(writer, 1, 105, 1);
	assert_int_equal(stream_write_loss(writer, &loss, &error), 0);
	write_records(writer, 0, 200, 2);
	loss = (struct trace_loss){ .pcpu = 1, .unknown = true, .from_tsc = 105, .to_tsc = 205 };
	assert_int_equal(stream_write_loss(writer, &loss, &error), 0);
	write_records(writer, 1, 205, 1);
	loss = (struct trace_loss){ .pcpu = 1, .count = 3, .from_tsc = 205 };
	assert_int_equal(stream_write_loss(writer, &loss, &error), 0);
	assert_int_equal(stream_writer_close(writer, "test", &error), 0);
	close(fd);
	return 0;
}

static int remove_all(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return system(command);
}

/* Runs "acrntrace ARGUMENTS" in the directory; its output, and its exit status. */
static int run(const char *arguments, char *out, size_t size)
{
	char command[256];
	size_t got;
	FILE *pipe;

	snprintf(command, sizeof(command), "cd %s && exec acrntrace %s 2>&1", directory, arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	got = fread(out, 1, size - 1, pipe);
	out[got] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static const char dumped[] =
	"            100   0 timer_irq\n"
	"            105   1 timer_irq\n"
	"            110   0 timer_irq\n"
	"            200   0 LOST                        records=7 from=110 to=200\n"
	"            200   0 timer_irq\n"
	"            205   1 LOST                        records=unknown from=105 "
	"to=205\n"
	"            205   1 timer_irq\n"
	"            205   1 LOST                        records=3 from=205\n"
	"            210   0 timer_irq\n";

static void test_dump(void **state)
{
	char out[8192];

	(void)state;
	assert_int_equal(run("dump --tsc s.atrc", out, sizeof(out)), 0);
	assert_string_equal(out, dumped);
	assert_int_equal(run("dump --tsc --fail-on-loss s.atrc", out, sizeof(out)), 3);
	assert_string_equal(out, dumped);
}

/* A loss belongs to a range that it overlaps, and to any selection of events. */
static void test_dump_range(void **state)
{
	char out[8192];

	(void)state;
	assert_int_equal(run("dump --tsc --from=tsc:150 --to=tsc:160 s.atrc", out, sizeof(out)), 0);
	assert_string_equal(out, "            200   0 LOST                        records=7 "
				 "from=110 to=200\n"
				 "            205   1 LOST                        records=unknown "
				 "from=105 to=205\n");
	assert_int_equal(
		run("dump --tsc --to=tsc:110 --fail-on-loss -a 0 s.atrc", out, sizeof(out)), 0);
	assert_string_equal(out, "            100   0 timer_irq\n");
	assert_int_equal(run("dump --tsc --event=vm_exit -a 0 s.atrc", out, sizeof(out)), 0);
	assert_string_equal(out, "            200   0 LOST                        records=7 "
				 "from=110 to=200\n");
}

static void test_convert(void **state)
{
	char out[8192];

	(void)state;
	assert_int_equal(run("convert --level=3 -o c.atrc s.atrc", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "c.atrc: 6 records, lost unknown, "));
	assert_int_equal(run("dump --tsc c.atrc", out, sizeof(out)), 0);
	assert_string_equal(out, dumped);
}

static void test_info(void **state)
{
	char out[8192];

	(void)state;
	assert_int_equal(run("info --json --check s.atrc", out, sizeof(out)), 0);
	assert_non_null(strstr(out, "\"end_reason\": \"test\""));
	assert_non_null(strstr(out, "{\"pcpu\": 0, \"records\": 4, \"first_tsc\": 100, "
				    "\"last_tsc\": 210, \"lost\": 7, \"gaps\": 1}"));
	assert_non_null(strstr(out, "{\"pcpu\": 1, \"records\": 2, \"first_tsc\": 105, "
				    "\"last_tsc\": 205, \"lost\": null, \"gaps\": 2}"));
}

static void test_export_lines(void **state)
{
	char out[8192];

	(void)state;
	assert_int_equal(run("export -t csv --fail-on-loss s.atrc", out, sizeof(out)), 3);
	assert_non_null(strstr(out, "\n110,,0,timer_irq,4,2,0,0,,\n200,,0,LOST,,,,,,7\n"));
	assert_non_null(strstr(out, "\n205,,1,LOST,,,,,,unknown\n"));
	assert_int_equal(run("export -t json s.atrc", out, sizeof(out)), 0);
	assert_non_null(
		strstr(out, "\n{\"lost\": 7, \"pcpu\": 0, \"from_tsc\": 110, \"to_tsc\": 200}\n"));
	assert_non_null(strstr(out, "\n{\"lost\": null, \"pcpu\": 1, "));
}

/* Raw files have no place for a loss: that is said, and the records are all there. */
static void test_export_raw(void **state)
{
	struct stat st;
	char out[8192], path[64];

	(void)state;
	assert_int_equal(run("export -t raw -o raw --fail-on-loss s.atrc", out, sizeof(out)), 3);
	assert_string_equal(out, "raw: 6 records in 2 files\nraw: 3 gaps, of at least 10 lost "
				 "records, cannot be told in raw files\n");
	snprintf(path, sizeof(path), "%s/raw/0", directory);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 4 * 32);
	snprintf(path, sizeof(path), "%s/raw/1", directory);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 2 * 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dump),	     cmocka_unit_test(test_dump_range),
		cmocka_unit_test(test_convert),	     cmocka_unit_test(test_info),
		cmocka_unit_test(test_export_lines), cmocka_unit_test(test_export_raw),
	};

	return cmocka_run_group_tests(tests, make_stream, remove_all);
}
