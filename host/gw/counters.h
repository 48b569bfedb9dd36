/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway counts, and its report as JSON. docs/gateway.md explains each reason. */
#ifndef GW_COUNTERS_H
#define GW_COUNTERS_H

#include <stdint.h>

#include "espalier.h"

/* Why the gateway itself dropped a packet: constant, name, direction. */
#define GW_DROPS(X) \
	X(NOT_IPV4, "not_ipv4") X(MALFORMED, "malformed") X(NO_POLICY, "no_policy") X(DISCARD, "discard") X(NO_SA, "no_sa") \
	X(HOLD_EXPIRED, "hold_expired") X(DEVICE_DOWN, "device_down") X(SA_EXPIRED, "sa_expired") X(TOO_BIG, "too_big") \
	X(NO_SOCKET, "no_socket") X(SEND_FAILED, "send_failed") X(BYPASS_FAILED, "bypass_failed") X(BACKLOG, "backlog") \
	X(TRUNCATED, "truncated") X(UNKNOWN_SPI, "unknown_spi") X(ENCAP_MISMATCH, "encap_mismatch") \
	X(POLICY_MISMATCH, "policy_mismatch") X(FRAGMENT, "fragment") X(TUN_FAILED, "tun_failed")

enum gw_drop {
#define X(constant, name) DROP_##constant,
	GW_DROPS(X)
#undef X
	DROP_COUNT
};

#define GW_STATUSES 256 /* card's codes and ESPALIER_STATUS_DEVICE_LOST */

struct gw_counters {
	uint64_t packets[2], bytes[2]; /* by enum espalier_direction: inner packets that went on, inner bytes */
	uint64_t batches[2]; /* system calls that sent to, and took from, the network */
	uint64_t drops[DROP_COUNT];
	uint64_t status[2][GW_STATUSES]; /* what the card said, by direction and enum esp_status */
	uint64_t bypassed, fragmented, too_big_answers, acquires, early, pmtu_changes, keepalives, device_losses;
};

const char *gw_drop_name(enum gw_drop drop);
/* All drops: the gateway's and the card's. */
uint64_t gw_dropped(const struct gw_counters *counters);
/* Can path be written? Nothing is changed. 0 or negative errno. */
int gw_counters_check(const char *path);
/* Write path anew, as a whole; a FIFO or a character device as it is. 0 or negative errno. */
int gw_counters_write(const struct gw_counters *counters, const char *path);

#endif
