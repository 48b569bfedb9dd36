/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's state: TUN device, card and network, tied together by one event loop (loop.c). What it does with each packet: docs/gateway.md.
 * It is a struct sink, which sink_server puts behind the SA sink's socket (control.c).
 */
#ifndef GW_GW_H
#define GW_GW_H

#include <sys/types.h>

#include "counters.h"
#include "device.h"
#include "early.h"
#include "events.h"
#include "filter.h"
#include "fragments.h"
#include "instance.h"
#include "keeper.h"
#include "process/notify.h"
#include "process/privileges.h"
#include "routes.h"
#include "sad.h"
#include "sink/sink_server.h"
#include "spd.h"
#include "tun.h"
#include "watch.h"
#include "wire.h"

#define GW_MTU_MIN 576u	  /* of the TUN device, and of a path over IPv4 */
#define GW_MTU_MIN6 1280u /* of a path over IPv6 */
#define CARD_LOCAL 0xc0000201u /* tunnel ends inside the card, where they serve nobody: 192.0.2.1 and 192.0.2.2 */
#define CARD_PEER 0xc0000202u
#define GW_MTU_MAX ESPALIER_MAX_PACKET /* of the TUN device; its routes have smaller ones */
#define GW_MTU_START 1438u /* before there is an SA: ESP in UDP over IPv4 on Ethernet */
#define GW_BATCH 64u	  /* packets taken from one source before others have their turn */

struct gw_options {
	const char *device;   /* for espalier_open */
	const char *sink;     /* path of the SA sink's socket */
	const char *tun;
	uint16_t mtu;	      /* of the TUN device and all its routes; 0: routes follow the SAs */
	const char *stats;    /* file for counters as JSON, or NULL */
	const char *become;   /* whom to become once all is open; NULL: the default */
	uid_t user;	      /* who may use the sink besides root; (uid_t)-1: nobody */
	bool release;	      /* at the end rules, routes and the inbound filter go; otherwise they stay and block */
	unsigned int grace_ms; /* how long SAs outlive their agent's connection */
};

/* Policies that are being removed. */
enum gw_policies { GW_NO_POLICY, GW_STALE_POLICIES, GW_ALL_POLICIES };

struct gw {
	struct sink sink; /* first: it is one */
	const struct gw_options *options;
	const struct gw_listener *listeners; /* events.h */
	unsigned int listener_count;
	struct privileges identity; /* who it becomes */
	struct notify manager;
	struct gw_device device;
	struct keeper *keeper; /* NULL: the card was never lost */
	struct gw_sad sad;
	struct gw_spd spd;
	struct gw_fragments fragments;
	struct gw_tun tun;
	struct gw_wire wire;
	struct gw_routes routes;
	struct gw_filter filter;
	struct gw_watch watch;
	struct gw_counters counters;
	struct sink_server *server;
	struct instance lock;
	int epoll_fd, signal_fd, timer_fd, bypass_fd;
	bool stop;
	int failure; /* why it stops, if not because it was asked to: negative errno */
	bool tun_wanted, wire_wanted; /* as epoll is set */
	enum gw_policies policies_go;
	int removal_ret;	      /* of what is being removed: the answer to who asked for it, */
	const struct gw_sa *last_of;  /* who wants to know the final state of this SA, or NULL; */
	struct sink_sa_stats last;    /* then it is here */
	bool bypassing;		      /* some policy passes in clear, or did */
	bool filter_stale;	      /* the filter's exceptions are to be set anew, */
	uint64_t filter_ms;	      /* not before */
	uint64_t now_ms;	      /* CLOCK_MONOTONIC, of this round of the loop */
	bool has_agent;		      /* a client that has control */
	uint64_t agent_gone_ms;	      /* 0: it is there, or its SAs are gone */
	uint64_t device_try_ms;	      /* when to open the card again */
	unsigned int device_wait_ms;
	uint64_t device_check_ms;
	struct gw_sa *mtu_next;	      /* whose path is asked next */
	double answers;		      /* ICMP answers that may be sent now */
	uint64_t answers_ms;
	unsigned int held;	      /* packets held, of all policies */
	struct gw_early early;	      /* inbound packets that came before their SA */
	bool early_waits;	      /* some of them have their SA, and wait for room in the card's queue; nothing else goes in before them */
	uint8_t scratch[UINT16_MAX];  /* a packet that is cut into fragments */
};

/* To the agent, if one is there. */
static inline void gw_tell_agent(struct gw *gw, const struct sink_event *event)
{
	if (gw->server)
		sink_server_event(gw->server, event);
}

static inline void gw_drop(struct gw *gw, enum gw_drop why)
{
	gw->counters.drops[why]++;
}

#endif
