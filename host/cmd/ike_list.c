/* SPDX-License-Identifier: Apache-2.0 */
/* SAs for people: an IKE SA with its CHILD SAs indented below it. */
#include <stdbool.h>

#include "ike_command.h"

/* What a peer has sent reaches the terminal as it is but for control characters. */
static void put(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
}

static void put_text(FILE *out, const char *before, const json_t *object, const char *key, const char *after)
{
	const char *text = json_string_value(json_object_get(object, key));

	fputs(before, out);
	put(out, text ? text : "-");
	fputs(after, out);
}

static long long number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool flag(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static void put_selectors(FILE *out, const json_t *selectors)
{
	const json_t *selector;
	size_t i;

	json_array_foreach(selectors, i, selector) {
		fputs(i ? ", " : "", out);
		put(out, json_string_value(selector) ? json_string_value(selector) : "-");
	}
}

static void put_direction(FILE *out, const char *name, const json_t *child, const char *spi, const char *packets, const char *bytes)
{
	fprintf(out, "      %-3s  SPI ", name);
	put_text(out, "", child, spi, "");
	fprintf(out, "  %12lld packets  %15lld bytes\n", number(child, packets), number(child, bytes));
}

static void put_child(FILE *out, const json_t *child)
{
	put_text(out, "  ", child, "name", "");
	fprintf(out, " {%lld}", number(child, "id"));
	put_text(out, "  ", child, "state", "");
	put_text(out, "  ", child, "mode", flag(child, "udp_encap") ? ", ESP in UDP" : ", ESP");
	put_text(out, "  ", child, "proposal", "");
	fprintf(out, "  reqid %lld  %lld s\n      ", number(child, "reqid"), number(child, "age_s"));
	put_selectors(out, json_object_get(child, "local_ts"));
	fputs(" === ", out);
	put_selectors(out, json_object_get(child, "remote_ts"));
	fputc('\n', out);
	put_direction(out, "in", child, "spi_in", "packets_in", "bytes_in");
	put_direction(out, "out", child, "spi_out", "packets_out", "bytes_out");
	if (number(child, "replay") || number(child, "integrity") || number(child, "other"))
		fprintf(out, "      dropped: %lld replayed, %lld with a wrong ICV, %lld others\n", number(child, "replay"),
			number(child, "integrity"), number(child, "other"));
}

static void put_ike(FILE *out, const json_t *sa)
{
	put_text(out, "", sa, "name", "");
	fprintf(out, " #%lld", number(sa, "id"));
	put_text(out, "  ", sa, "state", "");
	put_text(out, "  ", sa, "role", "");
	put_text(out, "  ", sa, "local", "");
	put_text(out, " [", sa, "local_id", "]");
	put_text(out, " - ", sa, "remote", "");
	put_text(out, " [", sa, "remote_id", "]\n");
	put_text(out, "    SPIs ", sa, "spi_i", "_i");
	put_text(out, " ", sa, "spi_r", "_r");
	put_text(out, "  ", sa, "proposal", "");
	put_text(out, "  NAT: ", sa, "nat", "");
	fprintf(out, "  %lld s\n", number(sa, "age_s"));
}

void ike_print_list(FILE *out, const json_t *answer)
{
	const json_t *sas = json_object_get(answer, "ike_sas"), *sa, *child;
	size_t i, k;

	if (!json_array_size(sas))
		fputs("no SAs\n", out);
	json_array_foreach(sas, i, sa) {
		put_ike(out, sa);
		json_array_foreach(json_object_get(sa, "children"), k, child)
			put_child(out, child);
	}
}
