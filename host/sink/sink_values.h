/* SPDX-License-Identifier: Apache-2.0 */
/* Values inside sink messages: each writer puts what its reader takes; sizes are in docs/sa-sink.md. Inside host/sink. */
#ifndef ESPALIER_SINK_VALUES_H
#define ESPALIER_SINK_VALUES_H

#include "sink/sink.h"
#include "sink_wire.h"

void put_ip(uint8_t **at, const struct ip_addr *ip); /* 20 bytes */
void get_ip(struct wire_reader *r, struct ip_addr *ip);
void put_endpoint(uint8_t **at, const struct endpoint *e); /* 24 */
void get_endpoint(struct wire_reader *r, struct endpoint *e);
void put_ts(uint8_t **at, const struct ts *ts); /* 48 */
void get_ts(struct wire_reader *r, struct ts *ts);
void put_sa_id(uint8_t **at, const struct sink_sa_id *id); /* 28 */
void get_sa_id(struct wire_reader *r, struct sink_sa_id *id);
void put_caps(uint8_t **at, const struct sink_caps *caps); /* 80 */
void get_caps(struct wire_reader *r, struct sink_caps *caps);
void put_stats(uint8_t **at, const struct sink_sa_stats *stats); /* 56 */
void get_stats(struct wire_reader *r, struct sink_sa_stats *stats);
void put_event(uint8_t **at, const struct sink_event *event); /* 156 and the text, which ends with the message */
void get_event(struct wire_reader *r, struct sink_event *event);

#endif
