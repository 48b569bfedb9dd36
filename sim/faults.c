// SPDX-License-Identifier: Apache-2.0
// Fault specifications: parsing and decision; see faults.h. A malformed specification is refused with a sentence, nothing is guessed.
#include "sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_DELAY_NS 2000000u /* beyond the card's default read timeout of 250000 cycles */
#define LINKDOWN_DELAY_NS 4000u

static const char *const kind_names[FAULT_KINDS] = {
	"none", "ur", "ca", "poisoned", "lost", "timeout", "late", "malformed", "linkdown", "nocredits",
};

static const char *const what_names[MALFORMED_KINDS] = {"any", "count", "address", "attr", "nodata", "tag"};

const char *fault_name(enum fault_kind kind)
{
	return kind_names[kind];
}

static int find_name(const char *const *names, int count, const char *text)
{
	for (int i = 1; i < count; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return -EINVAL;
}

static int parse_number(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return errno || *end ? -EINVAL : 0;
}

static int parse_range(char *text, struct fault *f)
{
	char *dash = strchr(text, '-');

	if (!dash)
		return -EINVAL;
	*dash = '\0';
	if (parse_number(text, &f->lo) || parse_number(dash + 1, &f->hi) || f->lo > f->hi)
		return -EINVAL;
	return 0;
}

static int parse_probability(const char *text, struct fault *f)
{
	char *end;
	double p = strtod(text, &end);

	if (end == text || *end || !(p >= 0.0 && p <= 1.0))
		return -EINVAL;
	f->by_prob = true;
	f->prob = p >= 1.0 ? UINT32_MAX : (uint32_t)(p * 4294967296.0);
	return 0;
}

static int parse_option(char *text, struct fault *f)
{
	char *value = strchr(text, '=');
	uint64_t ns;
	int what;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (strcmp(text, "nth") == 0)
		return parse_number(value, &f->nth) || f->nth == 0 ? -EINVAL : 0;
	if (strcmp(text, "count") == 0)
		return parse_number(value, &f->count) || f->count == 0 ? -EINVAL : 0;
	if (strcmp(text, "prob") == 0)
		return parse_probability(value, f);
	if (strcmp(text, "addr") == 0)
		return parse_range(value, f);
	if (strcmp(text, "delay") == 0) {
		if (parse_number(value, &ns))
			return -EINVAL;
		f->delay = ns / SIM_NS_PER_CYCLE;
		return 0;
	}
	if (strcmp(text, "what") == 0 && f->kind == FAULT_MALFORMED) {
		what = find_name(what_names, MALFORMED_KINDS, value);
		f->what = what < 0 ? MALFORMED_ANY : (enum fault_what)what;
		return what < 0 ? what : 0;
	}
	return -EINVAL;
}

int fault_parse(const char *text, struct fault *f, char *err, unsigned long err_len)
{
	char copy[256], shown[128], *save = NULL, *part, *colon;
	int kind;

	memset(f, 0, sizeof *f);
	f->hi = UINT64_MAX;
	f->count = 1;
	if (strlen(text) >= sizeof copy) {
		snprintf(err, err_len, "fault is longer than %zu characters", sizeof copy - 1);
		return -EINVAL;
	}
	strcpy(copy, text);
	colon = strchr(copy, ':');
	if (colon)
		*colon = '\0';
	kind = find_name(kind_names, FAULT_KINDS, copy);
	if (kind < 0) {
		snprintf(err, err_len, "unknown fault '%.100s'", copy);
		return -EINVAL;
	}
	f->kind = (enum fault_kind)kind;
	f->delay = (f->kind == FAULT_LINKDOWN ? LINKDOWN_DELAY_NS : DEFAULT_DELAY_NS) / SIM_NS_PER_CYCLE;
	if (!colon)
		return 0;
	for (part = strtok_r(colon + 1, ",", &save); part; part = strtok_r(NULL, ",", &save)) {
		snprintf(shown, sizeof shown, "%.100s", part);
		if (parse_option(part, f)) {
			snprintf(err, err_len, "fault '%.40s' has a bad option '%s'", kind_names[kind], shown);
			return -EINVAL;
		}
	}
	return 0;
}

bool fault_strikes(struct fault *f, struct rng *rng, uint64_t addr, uint32_t len)
{
	if (f->kind == FAULT_NONE || addr > f->hi || addr + len - 1 < f->lo)
		return false;
	f->seen++;
	if (f->nth)
		return f->seen >= f->nth && f->seen - f->nth < f->count;
	if (f->by_prob)
		return f->prob == UINT32_MAX || (uint32_t)rng_next(rng) < f->prob;
	return true;
}
