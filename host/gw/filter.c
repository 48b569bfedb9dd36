/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "routes.h"
#include "sink/sink.h"

/*
 * Of an ICMP error the quoted header's protocol is at its offset 9, behind 8 bytes of ICMP. One about ESP in UDP, or about IKE, belongs to a socket.
 * The bit is set for the questions alone and taken off again.
 */
static const char table_text[] =
	"add table ip " FILTER_TABLE "\n"
	"delete table ip " FILTER_TABLE "\n"
	"table ip " FILTER_TABLE " {\n"
	" chain exceptions {\n%s }\n"
	" chain inbound {\n"
	"  type filter hook prerouting priority -310; policy accept;\n"
	"  iifname { \"lo\", \"%s\" } accept\n"
	"  ip protocol esp fib daddr type local accept\n"
	"  meta l4proto { udp, icmp } socket mark %u accept\n"
	"  icmp type destination-unreachable @th,136,8 50 fib daddr type local accept\n"
	"  jump exceptions\n"
	"  meta mark set meta mark | %u\n"
	"  fib saddr . mark oifname \"%s\" counter drop\n"
	"  fib saddr . mark oif missing counter drop\n"
	"  meta mark set meta mark & %u\n"
	" }\n"
	"}\n";

static int load(struct gw_filter *filter, const char *exceptions, char *error)
{
	char *text;
	int ret;

	if (asprintf(&text, table_text, exceptions ? exceptions : "", filter->tun, SINK_MARK, ROUTES_ASK, filter->tun, ~ROUTES_ASK) < 0)
		return -ENOMEM;
	ret = nft_run_cmd_from_buffer(filter->nft, text) ? -ENOTSUP : 0;
	if (ret)
		snprintf(error, 256, "nftables: %.200s", nft_ctx_get_error_buffer(filter->nft));
	free(text);
	return ret;
}

int filter_open(struct gw_filter *filter, const char *tun, char *error)
{
	*filter = (struct gw_filter){ .nft = nft_ctx_new(NFT_CTX_DEFAULT), .tun = tun };
	if (!filter->nft || nft_ctx_buffer_error(filter->nft) || nft_ctx_buffer_output(filter->nft)) {
		snprintf(error, 256, "nftables: no memory.");
		return -ENOMEM;
	}
	return load(filter, NULL, error);
}

int filter_set(struct gw_filter *filter, const char *exceptions)
{
	char error[256] = "no memory", *copy = exceptions ? strdup(exceptions) : NULL;
	int ret = exceptions && !copy ? -ENOMEM : load(filter, copy, error);

	if (ret) {
		gw_log(GW_ERROR, "the inbound filter stays as it was: %s", error);
		free(copy);
		return ret;
	}
	free(filter->exceptions);
	filter->exceptions = copy;
	return 0;
}

int filter_repair(struct gw_filter *filter)
{
	char error[256] = "no memory";
	int ret = load(filter, filter->exceptions, error);

	if (ret)
		gw_log(GW_ERROR, "the inbound filter could not be repaired: %s", error);
	return ret;
}

void filter_close(struct gw_filter *filter, bool release)
{
	if (!filter->nft)
		return;
	if (release)
		nft_run_cmd_from_buffer(filter->nft, "add table ip " FILTER_TABLE "\ndelete table ip " FILTER_TABLE "\n");
	nft_ctx_free(filter->nft);
	free(filter->exceptions);
	*filter = (struct gw_filter){ 0 };
}
