/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic selector payloads (RFC 7296, 3.13). */
#include <errno.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/message.h"
#include "proto/ts_format.h"

static int bad(const char **why, const char *text)
{
	*why = text;
	return -EBADMSG;
}

static int decode_one(const uint8_t *p, size_t len, uint8_t family, struct ts *ts, const char **why)
{
	size_t ip = family == 4 ? 4 : 16;

	if (len != TS_HEADER_LEN + 2 * ip)
		return bad(why, "a traffic selector's length does not fit its type");
	memset(ts, 0, sizeof(*ts));
	ts->proto = p[1];
	ts->port_lo = be16_get(p + 4);
	ts->port_hi = be16_get(p + 6);
	ts->lo.family = ts->hi.family = family;
	memcpy(ts->lo.bytes, p + TS_HEADER_LEN, ip);
	memcpy(ts->hi.bytes, p + TS_HEADER_LEN + ip, ip);
	if (ip_compare(&ts->lo, &ts->hi) > 0)
		return bad(why, "a traffic selector's first address is above its last");
	if (ts->port_lo > ts->port_hi && !(ts->port_lo == UINT16_MAX && ts->port_hi == 0))
		return bad(why, "a traffic selector's first port is above its last");
	return 0;
}

int ike_decode_ts(const struct ike_payload *payload, struct ike_ts_list *list, const char **why)
{
	size_t at = 4, len;
	unsigned int count;
	struct ts ts;
	int ret;

	list->count = 0;
	if (payload->len < 4)
		return bad(why, "a TS payload is too short");
	for (count = payload->body[0]; count; count--) {
		if (payload->len - at < TS_HEADER_LEN)
			return bad(why, "a TS payload holds fewer selectors than it counts");
		len = be16_get(payload->body + at + 2);
		if (len < TS_HEADER_LEN || len > payload->len - at)
			return bad(why, "a traffic selector runs over the end of its payload");
		if (payload->body[at] == TS_IPV4_ADDR_RANGE || payload->body[at] == TS_IPV6_ADDR_RANGE) {
			ret = decode_one(payload->body + at, len, payload->body[at] == TS_IPV4_ADDR_RANGE ? 4 : 6, &ts, why);
			if (ret)
				return ret;
			if (list->count < IKE_TS_MAX)
				list->ts[list->count++] = ts;
		}
		at += len;
	}
	return at == payload->len ? 0 : bad(why, "a TS payload holds more than the selectors it counts");
}
