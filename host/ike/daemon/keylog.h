/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key log for debugging, off unless asked for: who has it reads all traffic. Two files in Wireshark's formats, ikev2_decryption_table and
 * esp_sa, made with mode 0600 and appended to; tshark reads them from the directory that WIRESHARK_CONFIG_DIR names.
 */
#ifndef ESPALIER_IKE_KEYLOG_H
#define ESPALIER_IKE_KEYLOG_H

#include "core/agent.h"

#define KEYLOG_ERROR_LEN 256

struct keylog;

/* dir is made if it is not there. 0 or a negative errno value with one sentence in error (KEYLOG_ERROR_LEN bytes). */
int keylog_open(const char *dir, struct keylog **keylog, char *error);
void keylog_close(struct keylog *keylog); /* NULL is fine */
/* 0, -ENOTSUP: Wireshark has no name for the algorithm; -EIO... */
int keylog_ike(struct keylog *keylog, const struct agent_ike_secrets *secrets);
int keylog_esp(struct keylog *keylog, const struct sink_sa *sa);

#endif
