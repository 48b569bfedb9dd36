/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: what a user calls things. */
#ifndef ESPALIER_IKE_NAME_H
#define ESPALIER_IKE_NAME_H

#include <stdbool.h>

/* A user's word for CHILD SAs means this one: "child", "conn/child". */
bool name_means(const char *text, const char *conn, const char *child);

#endif
