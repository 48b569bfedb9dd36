/* SPDX-License-Identifier: Apache-2.0 */
/* From the tree of sections to struct conf: one function for each section at the top. */
#ifndef ESPALIER_CONF_BUILD_H
#define ESPALIER_CONF_BUILD_H

#include "conf/keys.h"

/* What is made goes into loader->conf at once, complete or not, so that conf_free finds it. 0 or negative errno with a sentence. */
int build_connections(struct loader *loader, const struct settings_section *section);
int build_secrets(struct loader *loader, const struct settings_section *section);
int build_authorities(struct loader *loader, const struct settings_section *section);
/* The files of x509, x509ca, x509crl, private, rsa, ecdsa, pkcs8; after secrets, whose passphrases belong to some of them. */
int build_directories(struct loader *loader);

/* Values that follow from others or contradict them; the last over all connections together. */
int check_connection(struct loader *loader, const struct settings_section *section, struct conf_connection *connection);
int check_child(struct loader *loader, const struct settings_section *section, struct conf_child *child);
int check_reqids(struct loader *loader);


#endif
