/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of swanctl.conf. Each function returns 0, -EINVAL: text is not such a value, -ERANGE: it is too large, or -ENOMEM; what it made
 * before an error is freed with the conf.
 */
#ifndef ESPALIER_CONF_VALUE_H
#define ESPALIER_CONF_VALUE_H

#include "conf/conf.h"

/* yes true enabled 1, no false disabled 0; letters of either case. */
int value_bool(const char *text, bool *out);
/* Decimal, 0x hexadecimal. */
int value_number(const char *text, uint64_t *out);
/* Seconds; suffixes s m h d. */
int value_time(const char *text, uint64_t *seconds);
/* Suffixes k m g, of 1024. */
int value_bytes(const char *text, uint64_t *bytes);
/* Items between commas, blanks around them dropped, empty ones too; what is in the list stays. */
int value_list(const char *text, struct conf_list *list);
int value_addrs(const char *text, struct conf_addrs *addrs);
int value_selectors(const char *text, struct conf_selectors *selectors);
/* Text, 0x hexadecimal or 0s Base64. Not empty. */
int value_secret(const char *text, uint8_t **bytes, size_t *len);
/* psk, or the words of public key authentication. */
int value_auth(const char *text, struct conf_auth *auth);
/* none, trap, start, trap|start. */
int value_action(const char *text, unsigned int *action);

#endif
