/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway: TUN device, card and network, tied together by one event loop (loop.c). What it does with each packet: docs/gateway.md.
 * It is a struct sink, which sink_server puts behind the SA sink's socket (control.c).
 */
#ifndef GW_GW_H
#define GW_GW_H

#include <sys/types.h>

#include "counters.h"
#include "device.h"
#include "early.h"
#include "filter.h"
#include "fragments.h"
#include "keeper.h"
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
#define GW_MTU_DEVICE 9000u /* of the TUN device; its routes have smaller ones */
#define GW_MTU_START 1438u /* before there is an SA: ESP in UDP over IPv4 on Ethernet */
#define GW_BATCH 64u	  /* packets taken from one source before others have their turn */

struct gw_options {
	const char *device;   /* for espalier_open */
	const char *sink;     /* path of the SA sink's socket */
	const char *tun;
	uint16_t mtu;	      /* of the TUN device and all its routes; 0: routes follow the SAs */
	const char *stats;    /* file for counters as JSON, or NULL */
	uid_t user;	      /* who may use the sink besides root; (uid_t)-1: nobody */
	bool release;	      /* at the end rules, routes and the inbound filter go; otherwise they stay and block */
	unsigned int grace_ms; /* how long SAs outlive their agent's connection */
};

/* Policies that are being removed. */
enum gw_policies { GW_NO_POLICY, GW_STALE_POLICIES, GW_ALL_POLICIES };

struct gw {
	struct sink sink; /* first: it is one */
	const struct gw_options *options;
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
	int lock_fd; /* instance.h */
	int epoll_fd, signal_fd, timer_fd, bypass_fd;
	bool stop;
	int failure; /* why it stops, if not because it was asked to: negative errno */
	bool tun_wanted, wire_wanted; /* as epoll is set */
	enum gw_policies policies_go;
	int removal_ret;	      /* of what is being removed: the answer to who asked for it */
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
	uint8_t scratch[UINT16_MAX];  /* a packet that is cut into fragments */
};

/* ---- log.c ---- */
enum gw_level { GW_ERROR, GW_INFO, GW_DEBUG };
void gw_set_level(enum gw_level level);
__attribute__((format(printf, 2, 3))) void gw_log(enum gw_level level, const char *format, ...);

/* ---- loop.c ---- */
/* Run until SIGTERM or SIGINT. 0, or negative errno and error (ESPALIER_ERROR_LEN bytes). */
int gw_run(struct gw *gw, char *error);
uint64_t gw_clock_ms(void);
/* Hand filled slots to the card, take results back and send them on, until nothing moves. The card may be down afterwards. */
void gw_pump(struct gw *gw);
/* Somebody set the TUN device down or deleted it: up again, or another one. Negative errno: that is not possible, and the gateway ends. */
int gw_tun_changed(struct gw *gw);
void gw_watch_wire(struct gw *gw, const struct wire_socket *socket);
void gw_watch_device(struct gw *gw, bool on);
void gw_watch_keeper(struct gw *gw);

/* ---- recover.c ---- */
/* Open the card and watch its queues. 0 or negative errno. */
int gw_open_device(struct gw *gw, char *error);
/* For good. */
void gw_close_device(struct gw *gw);
/* The keeper has opened the card, or not. */
void gw_device_opened(struct gw *gw);
/* The card is gone: its SAs too, and the agent hears of it. Policies stay and block. Never waits for the card. */
void gw_device_lost(struct gw *gw, const char *why);
/* Is it still there, and does it complete its packets? When it is gone: time to try again? Called every 250 ms. */
void gw_check_device(struct gw *gw);

/* ---- outbound.c ---- */
/* A packet that leaves; ip may be the memory of the next free slot. */
void gw_outbound(struct gw *gw, const uint8_t *ip, size_t len);
void gw_outbound_done(struct gw *gw, unsigned int count);
/* The policy has an SA now: what is held for it, and by others that share selectors with it, is looked at again. */
void gw_release_held(struct gw *gw, const struct gw_policy *now);
/* Drop packets that were held too long. */
void gw_expire_held(struct gw *gw);

/* ---- inbound.c ---- */
void gw_inbound_read(struct gw *gw, const struct wire_socket *socket);
void gw_inbound_done(struct gw *gw, unsigned int count);
/* SAs or policies were added: packets that came too early go in now, in front of those that come. */
void gw_release_early(struct gw *gw);
/* Drop those that waited too long. */
void gw_expire_early(struct gw *gw);

/* ---- mtu.c ---- */
/* The largest inner packet that an SA carries over its path. */
uint16_t mtu_inner(const struct gw_sa *sa);
/* Ask the kernel for the path of a new or moved outbound SA. */
void mtu_learn(struct gw *gw, struct gw_sa *sa);
/* wire.h's too_big; context is the gateway. */
void mtu_too_big(void *context, const struct ip_addr *dst, uint32_t spi, uint32_t mtu);
/* Routes of a policy, after it got another SA or routes, take packets as large as its SA's path carries. */
void mtu_apply(struct gw *gw, struct gw_policy *policy);
/* Ask for some paths again: routes change, and lower MTUs are forgotten after ten minutes (RFC 1191, 6.3). Called every second or so. */
void mtu_refresh(struct gw *gw);
/* An SA goes away. */
void mtu_forget(struct gw *gw, struct gw_sa *sa);

/* ---- control.c ---- */
extern const struct sink_ops gw_sink_ops;
int gw_take_socket(struct sink *sink, int fd, const struct endpoint *local);
void gw_client(struct sink *sink, bool present);
void gw_take_control(struct sink *sink);
/* Note why a request is refused (sink_error) and return code. */
__attribute__((format(printf, 3, 4))) int gw_refuse(struct gw *gw, int code, const char *format, ...);
/* An event about an SA's limits, if one is due. */
void gw_say_expiry(struct gw *gw, struct gw_sa *sa);

/* ---- removal.c ---- */
/* An SA is deleted: its policy has none any more, no packet finds it, and gw_bury does the rest. */
void gw_remove_sa(struct gw *gw, struct gw_sa *sa);
/* All of them; the agent's next requests wait until the card is rid of them. */
void gw_delete_sas(struct gw *gw);
/* Some policies: 0, or SINK_SERVER_LATER. */
int gw_remove_policies(struct gw *gw, enum gw_policies which);
/* Is anything of that still to be done? The agent is not read from then. */
bool gw_removing(const struct gw *gw);
/*
 * Take dying SAs out of the card whose packets are back, and then policies, for some milliseconds; when nothing is left, go on with the agent.
 * 0, or what the card said of the last that failed.
 */
int gw_bury(struct gw *gw);
/* Is there something that needs no packet back? */
bool gw_may_bury(const struct gw *gw);
/* At the end: wait for all of it. */
void gw_finish_removals(struct gw *gw);

/* ---- policies.c: sink_ops ---- */
int gw_policy_set(struct sink *sink, const struct sink_policy *policy);
int gw_policy_delete(struct sink *sink, uint32_t reqid);
int gw_flush(struct sink *sink);
int gw_sweep(struct sink *sink);
/* All policies, or those of before, with their routes, until it is end_ms (gw_clock_ms). true: none is left. */
bool policies_remove(struct gw *gw, bool all, uint64_t end_ms);
/* This host has other addresses: other preferred sources, perhaps. */
void gw_addresses_changed(struct gw *gw);

/* ---- bypass.c ---- */
/* After any change of policies: routes of those that pass in clear; the filter's exceptions are stale. */
void bypass_settle(struct gw *gw);
/* The filter's exceptions, if they are stale. */
void bypass_update(struct gw *gw);

/* To the agent, if one is there. */
static inline void gw_event(struct gw *gw, const struct sink_event *event)
{
	if (gw->server)
		sink_server_event(gw->server, event);
}

static inline void gw_drop(struct gw *gw, enum gw_drop why)
{
	gw->counters.drops[why]++;
}

#endif
