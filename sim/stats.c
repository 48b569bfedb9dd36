// SPDX-License-Identifier: Apache-2.0
// The counters of a run as JSON: one object, counts as numbers, the broken rule (if any) as a string.
#include "stats.h"

#include <errno.h>

static void write_faults(FILE *out, const struct sim_stats *st)
{
	fprintf(out, "  \"faults\": {");
	for (int i = FAULT_NONE + 1; i < FAULT_KINDS; i++)
		fprintf(out, "%s\"%s\": %llu", i > 1 ? ", " : "", fault_name((enum fault_kind)i), (unsigned long long)st->faults[i]);
	fprintf(out, "},\n");
}

/* Violation texts are our own: only quotes and backslashes could harm, and there are none. */
int stats_write(FILE *out, const struct device *dev)
{
	const struct sim_stats *st = &dev->stats;
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {
		{"cycles", st->cycles}, {"mmio_reads", st->mmio_reads}, {"mmio_writes", st->mmio_writes}, {"dma_reads", st->dma_reads},
		{"dma_read_bytes", st->dma_read_bytes}, {"dma_writes", st->dma_writes}, {"dma_write_bytes", st->dma_write_bytes},
		{"completions", st->completions}, {"interrupts", st->interrupts}, {"interrupts_dropped", st->interrupts_dropped},
		{"reads_unmapped", st->reads_unmapped}, {"writes_unmapped", st->writes_unmapped}, {"credit_waits", st->credit_waits},
		{"completion_buffer_max", st->completion_buffer_max}, {"completion_promise_max", st->completion_promise_max}, {"late_dropped", st->late_dropped},
		{"resets", st->resets}, {"clients", st->clients}, {"bad_messages", st->bad_messages},
	};
	bool failed;

	fprintf(out, "{\n");
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		fprintf(out, "  \"%s\": %llu,\n", counts[i].name, (unsigned long long)counts[i].value);
	write_faults(out, st);
	fprintf(out, "  \"violation\": ");
	if (dev->violation.raised)
		fprintf(out, "\"%s\"\n}\n", dev->violation.text);
	else
		fprintf(out, "null\n}\n");
	errno = EIO;
	failed = ferror(out);
	return fclose(out) || failed ? -errno : 0;
}
