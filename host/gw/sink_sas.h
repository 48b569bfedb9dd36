/* SPDX-License-Identifier: Apache-2.0 */
/* SAs as key management asks for them: sink_ops of the same names (sink.h). */
#ifndef GW_SINK_SAS_H
#define GW_SINK_SAS_H

#include "sink/sink.h"

int gw_caps(struct sink *sink, struct sink_caps *caps);
int gw_get_spi(struct sink *sink, const struct ip_addr *dst, uint32_t *spi);
int gw_sa_add(struct sink *sink, const struct sink_sa *sa);
int gw_sa_update(struct sink *sink, const struct sink_sa_id *id, const struct endpoint *src, const struct endpoint *dst, bool udp_encap);
int gw_sa_query(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *stats);
int gw_sa_delete(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *last);

#endif
