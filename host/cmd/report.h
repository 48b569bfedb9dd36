/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands print: tables for people, JSON (--json) for programs. */
#ifndef ESPALIER_REPORT_H
#define ESPALIER_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "run.h"

/* All return 0 or -EIO when file cannot be written. */

/*
 * JSON: {"command","device","transport","lanes","clock_khz","states","packets_in","packets_out","bytes_in","bytes_out","dropped",
 * "drops":{reason:count,...},"cycles"}; cycles is null for a device without a clock. drops has only reasons that occurred.
 */
int report_run(FILE *file, const struct run *run, bool json);

/* JSON: an object with the members of struct espalier_info; algorithms and link as texts, features as an array of texts. */
int report_info(FILE *file, const struct espalier_info *info, bool json);

/* JSON: an array of {"name","address","vendor","device","driver","simulated","link_speed","link_width"}. */
int report_list(FILE *file, const struct espalier_listed *list, size_t count, bool json);

#endif
