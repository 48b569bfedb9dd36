/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of key management and packets in any order, against the gateway without its sockets: SAs and policies that come, change and go while packets
 * are in the card, packets that come back as they were sent, twice, or changed, a card that is lost, SAs that go and come again with the number they had. No
 * number is sent twice under one key, a final number is not below one that was sent, no packet goes
 * by an SA that is not there, what is counted in flight is in flight, and after a flush nothing is left.
 * The card is the software reference; TUN device, network, routes and the sink's socket are stood in for here.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "gw/bypass.h"
#include "gw/control.h"
#include "gw/held.h"
#include "gw/inbound.h"
#include "gw/mtu.h"
#include "gw/outbound.h"
#include "gw/pump.h"
#include "gw/recover.h"
#include "gw/removal.h"
#include "gw/run.h"
#include "input.h"
#include "software/software.h"

#define SPIS 8u
#define PEERS 2u
#define POLICIES 4u
#define WIRE_MAX 2048u
#define SENT_MAX 16u
#define STEPS 300u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct gw gw;
static struct gw_options options = { .device = "software:8", .tun = "fuzz", .sink = "", .grace_ms = 1000 };
static bool held, waits, client; /* as the sink's server has it; waits: a request is not answered yet */
static uint64_t last_sent[SPIS][PEERS]; /* the last number of each outbound SA */
static uint64_t final[SPIS][PEERS];	/* with which the last one of its key ended, if anybody asked */
static uint64_t *asked;			/* whose final number is being waited for */
static const uint64_t *asked_sent;	/* which must not be below this one */

/* The last packets that went to the network, as bytes behind the IP header. */
static struct {
	uint8_t bytes[WIRE_MAX];
	size_t len;
} sent[SENT_MAX];
static unsigned int sent_count;
static struct input *inbound;

/* ---- in the place of the network ---- */

bool wire_send(struct gw_wire *wire, const struct gw_sa *sa, const uint8_t *data, size_t len, uint8_t tos, bool df)
{
	unsigned int spi = sa->id.spi - SINK_SPI_MIN, peer = sa->id.dst.bytes[3] - 1u;
	uint64_t number = get_be64(data + 8);

	(void)wire, (void)tos, (void)df;
	demand(!sa->reserved && sa->id.direction == SINK_OUT && get_be32(data) == sa->id.spi && spi < SPIS && peer < PEERS);
	demand(number > last_sent[spi][peer] && (uint32_t)number == get_be32(data + 4));
	last_sent[spi][peer] = number;
	if (len <= WIRE_MAX) {
		memcpy(sent[sent_count % SENT_MAX].bytes, data, len);
		sent[sent_count++ % SENT_MAX].len = len;
	}
	return true;
}

void wire_flush(struct gw_wire *wire)
{
	(void)wire;
}

unsigned int wire_receive(struct gw_wire *wire, const struct wire_socket *socket, struct wire_message *messages, unsigned int count)
{
	unsigned int which = take_byte(inbound) % SENT_MAX, spoil = take_byte(inbound);
	size_t len = sent[which].len;

	(void)wire, (void)socket;
	if (!count || !len)
		return 0;
	memcpy(messages[0].memory + WIRE_HEADROOM, sent[which].bytes, len);
	if (spoil & 0x80)
		messages[0].memory[WIRE_HEADROOM + (spoil & 0x7f) % len] ^= take_byte(inbound);
	messages[0].len = spoil == 1 ? take_byte(inbound) : len;
	messages[0].len = messages[0].len < len ? messages[0].len : len;
	messages[0].truncated = spoil == 2;
	messages[0].tos = 0;
	messages[0].from = (struct endpoint){ .ip = { 4, { 192, 0, 2, 1 } } };
	return 1;
}

bool wire_has_raw(const struct gw_wire *wire, uint8_t family)
{
	(void)wire;
	return family == 4;
}

int wire_open(struct gw_wire *wire, uint32_t mark, char *error)
{
	(void)wire, (void)mark, (void)error;
	return 0;
}

void wire_close(struct gw_wire *wire)
{
	(void)wire;
}

int wire_add_udp(struct gw_wire *wire, int fd, const struct endpoint *local, uint32_t mark, struct wire_socket **added, char *error)
{
	(void)wire, (void)fd, (void)local, (void)mark, (void)added, (void)error;
	return -ENOTSUP;
}

void wire_close_udp(struct gw_wire *wire)
{
	(void)wire;
}

void wire_errors(struct gw_wire *wire, const struct wire_socket *socket)
{
	(void)wire, (void)socket;
}

/* ---- of the host ---- */

int tun_open(struct gw_tun *tun, const char *name, uint16_t mtu, char *error)
{
	(void)tun, (void)name, (void)mtu, (void)error;
	return 0;
}

void tun_close(struct gw_tun *tun)
{
	(void)tun;
}

int tun_set_up(struct gw_tun *tun)
{
	(void)tun;
	return 0;
}

int filter_open(struct gw_filter *filter, const char *tun, char *error)
{
	(void)filter, (void)tun, (void)error;
	return 0;
}

int filter_set(struct gw_filter *filter, const char *exceptions)
{
	(void)filter, (void)exceptions;
	return 0;
}

int filter_repair(struct gw_filter *filter)
{
	(void)filter;
	return 0;
}

void filter_close(struct gw_filter *filter, bool release)
{
	(void)filter, (void)release;
}

int nl_open(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

uint32_t nl_port(int fd)
{
	return (uint32_t)fd;
}

int nl_route(int fd, bool add, const struct nl_route *route)
{
	(void)fd, (void)add;
	demand(route->plen <= 32);
	return 0;
}

int nl_rule(int fd, bool add, const struct nl_rule *rule)
{
	(void)fd, (void)add, (void)rule;
	return 0;
}

uint16_t nl_path_mtu(bool v6, const uint8_t *dst, uint32_t mark)
{
	(void)v6, (void)dst, (void)mark;
	return 1500;
}

int nl_rules(void (*each)(void *context, const struct nl_rule *rule), void *context)
{
	(void)each, (void)context;
	return 0;
}

int nl_routes(uint32_t table, void (*each)(void *context, const struct nl_route *route), void *context)
{
	(void)table, (void)each, (void)context;
	return 0;
}

bool nl_read_rule(const struct nlmsghdr *message, struct nl_rule *rule)
{
	(void)message;
	(void)rule;
	return false;
}

bool nl_read_route(const struct nlmsghdr *message, struct nl_route *route)
{
	(void)message;
	(void)route;
	return false;
}

/* ---- of the sink's server ---- */

int sink_server_open(const struct sink_server_config *config, struct sink_server **server, char *error)
{
	(void)config, (void)server, (void)error;
	return 0;
}

void sink_server_close(struct sink_server *server)
{
	(void)server;
}

int sink_server_fd(const struct sink_server *server)
{
	(void)server;
	return -1;
}

void sink_server_step(struct sink_server *server)
{
	(void)server;
}

void sink_server_event(struct sink_server *server, const struct sink_event *event)
{
	(void)server;
	demand(event->kind <= SINK_EVENT_UP && memchr(event->text, '\0', sizeof(event->text)));
}

bool sink_server_has_client(const struct sink_server *server)
{
	(void)server;
	return client;
}

void sink_server_hold(struct sink_server *server)
{
	(void)server;
	held = true;
}

/* Of an SA that is gone: outbound, no number may have been sent that is above it. */
static void take_final(int ret, const struct sink_sa_stats *last)
{
	if (!ret && asked) {
		demand(last->seq >= *asked_sent);
		*asked = last->seq;
	}
	asked = NULL;
}

void sink_server_resume(struct sink_server *server, int ret, const char *text, const struct sink_sa_stats *last)
{
	(void)server, (void)text;
	if (waits)
		take_final(ret, last);
	held = waits = false;
}

/* ---- requests ---- */

static struct ip_addr peer_of(unsigned int peer)
{
	return (struct ip_addr){ 4, { 192, 0, 2, (uint8_t)(peer % PEERS + 1) } };
}

static struct ts some_range(struct input *input)
{
	uint8_t low = take_byte(input), more = take_byte(input);
	struct ts ts = { .port_hi = UINT16_MAX, .lo = { 4, { 10, 0, 0, low } }, .hi = { 4, { 10, 0, 0, (uint8_t)(low + more % (256u - low)) } } };

	if (more & 0x80)
		ts.proto = 17, ts.port_lo = 53, ts.port_hi = 60;
	return ts;
}

/* Where an SA goes on: at its beginning, where the one before it ended, anywhere, or at the end. */
static uint64_t some_number(struct input *input, unsigned int spi, unsigned int peer)
{
	uint64_t number = 0;

	switch (take_byte(input) % 8) {
	case 0: case 1:
		return final[spi][peer];
	case 2:
		take(input, &number, sizeof(number));
		return number;
	case 3:
		return UINT32_MAX - take_byte(input) % 4u;
	case 4:
		return UINT64_MAX - take_byte(input) % 4u;
	default:
		return 0;
	}
}

/* The key of an inbound SA is that of the outbound one of its SPI, so that what was sent can come back. */
static void add(struct input *input)
{
	uint8_t what = take_byte(input), more = take_byte(input);
	struct endpoint here = { .ip = peer_of(what >> 4) };
	int ret;
	struct sink_sa sa = {
		.direction = what & 8 ? SINK_IN : SINK_OUT, .spi = SINK_SPI_MIN + what % SPIS, .reqid = more % (POLICIES + 1), .mode = SINK_TUNNEL,
		.src = here, .dst = here, .aead = SINK_AES_GCM_16_128, .key_len = 20, .esn = more & 0x40, .replay_window = 64,
		.limits = { .hard_packets = more & 0x80 ? 5 : 0, .soft_packets = more & 0x80 ? 3 : 0 },
	};

	sa.key[0] = (uint8_t)sa.spi;
	if (what & 0x20)
		sa.seq = some_number(input, what % SPIS, (what >> 4) % PEERS);
	ret = gw_sink_ops.sa_add(&gw.sink, &sa);
	demand(ret || sa.esn || sa.seq <= UINT32_MAX);
	if (!ret && sa.direction == SINK_OUT)
		last_sent[what % SPIS][(what >> 4) % PEERS] = sa.seq;
}

static struct sink_sa_id some_id(struct input *input)
{
	uint8_t what = take_byte(input);

	return (struct sink_sa_id){ .direction = what & 8 ? SINK_IN : SINK_OUT, .spi = SINK_SPI_MIN + what % SPIS, .dst = peer_of(what >> 4) };
}

/* The SA's final number is kept as long as nothing else comes of it. */
static int delete_last(struct input *input)
{
	struct sink_sa_id id = some_id(input);
	unsigned int spi = id.spi - SINK_SPI_MIN, peer = id.dst.bytes[3] - 1u;
	struct sink_sa_stats last = { 0 };
	int ret;

	asked = id.direction == SINK_OUT ? &final[spi][peer] : NULL;
	asked_sent = &last_sent[spi][peer];
	ret = gw_sink_ops.sa_delete(&gw.sink, &id, &last);
	if (ret != SINK_SERVER_LATER)
		take_final(ret, &last);
	return ret;
}

static void set_policy(struct input *input)
{
	uint8_t what = take_byte(input), spi = take_byte(input);
	struct sink_policy policy = { .reqid = what % (POLICIES + 1), .action = (enum sink_action)(what >> 4 & 3), .priority = what >> 6,
				      .peer = peer_of(spi >> 4), .local_count = 1, .remote_count = 1 + (what >> 7) };

	if (spi & 8)
		policy.spi = SINK_SPI_MIN + spi % SPIS;
	policy.local[0] = some_range(input);
	for (unsigned int i = 0; i < policy.remote_count; i++)
		policy.remote[i] = some_range(input);
	gw_sink_ops.policy_set(&gw.sink, &policy);
}

static void request(struct input *input)
{
	struct sink_sa_id id;
	struct sink_sa_stats stats;
	struct sink_caps caps;
	struct endpoint other = { .ip = peer_of(1) };
	struct ip_addr dst = peer_of(0);
	uint32_t spi;
	int ret = 0;

	if (held || waits)
		return; /* nobody reads it */
	switch (take_byte(input) % 11) {
	case 0: case 1:
		add(input);
		break;
	case 2:
		id = some_id(input);
		ret = gw_sink_ops.sa_delete(&gw.sink, &id, NULL);
		break;
	case 3: case 4:
		set_policy(input);
		break;
	case 5:
		gw_sink_ops.policy_delete(&gw.sink, take_byte(input) % (POLICIES + 1));
		break;
	case 6:
		id = some_id(input);
		gw_sink_ops.sa_update(&gw.sink, &id, &other, &other, false);
		break;
	case 7:
		gw_sink_ops.get_spi(&gw.sink, &dst, &spi);
		break;
	case 8:
		id = some_id(input);
		gw_sink_ops.sa_query(&gw.sink, &id, &stats);
		gw_sink_ops.caps(&gw.sink, &caps);
		break;
	case 10:
		ret = delete_last(input);
		break;
	default:
		ret = take_byte(input) & 1 ? gw_sink_ops.flush(&gw.sink) : gw_sink_ops.sweep(&gw.sink);
		break;
	}
	if (ret == SINK_SERVER_LATER)
		held = waits = true;
}

/* ---- packets, time, and the card ---- */

static void outbound(struct input *input)
{
	uint8_t packet[300] = { 0x45 }, src = take_byte(input), dst = take_byte(input), more = take_byte(input);
	uint16_t len = (uint16_t)(28 + more);
	uint8_t *memory;

	put_be16(packet + 2, len);
	packet[8] = 64;
	packet[9] = more & 1 ? 17 : 1;
	memcpy(packet + 12, (uint8_t[]){ 10, 0, 0, src, 10, 0, 0, dst }, 8);
	put_be16(packet + 20, 53);
	put_be16(packet + 22, 53);
	put_be16(packet + 10, packet_checksum(packet, 20));
	if (!gw.device.dev || pipe_room(&gw.device.pipes[ESPALIER_OUTBOUND]) < 8) {
		gw_outbound(&gw, packet, len);
		return;
	}
	memory = pipe_src(&gw.device.pipes[ESPALIER_OUTBOUND], pipe_free_slot(&gw.device.pipes[ESPALIER_OUTBOUND], 0));
	memcpy(memory, packet, len);
	gw_outbound(&gw, memory, len);
}

static void lose_card(void)
{
	struct pollfd fd = { .events = POLLIN };

	if (!gw.device.dev)
		return;
	gw_card_lost(&gw, "The fuzzer took it away.");
	demand(!gw.device.dev && !gw.sad.all && !gw.sad.dying);
	gw.now_ms += 20000;
	gw_check_device(&gw);
	fd.fd = keeper_fd(gw.keeper);
	while (poll(&fd, 1, 20000) < 0 && errno == EINTR) /* libFuzzer's alarm */
		;
	demand(fd.revents & POLLIN);
	gw_device_opened(&gw);
	demand(gw.device.dev != NULL);
}

static void someone_comes_or_goes(void)
{
	client = !client;
	if (!client)
		held = waits = false;
	gw_client(&gw.sink, client);
}

static void check_counts(void)
{
	unsigned int in_flight = 0, in_pipes = 0, entries = 0;

	for (int dying = 0; dying < 2; dying++)
		for (const struct gw_sa *sa = dying ? gw.sad.dying : gw.sad.all; sa; sa = sa->next, entries++)
			in_flight += sa->in_flight;
	for (unsigned int i = 0; i < 2 && gw.device.dev; i++)
		in_pipes += pipe_in_flight(&gw.device.pipes[i]);
	demand(in_flight == in_pipes && entries == gw.sad.count[0] + gw.sad.count[1]);
	demand(gw.device.dev != NULL); /* who finds a number twice gives it up; lose_card takes it away, and brings it back */
}

static void run(struct input *input)
{
	struct wire_socket socket = { .fd = -1, .family = 2 };

	inbound = input;
	for (unsigned int step = 0; step < STEPS && input->left; step++) {
		switch (take_byte(input) % 16) {
		case 0: case 1: case 2: case 3: case 4: case 5:
			request(input);
			break;
		case 6: case 7: case 8:
			outbound(input);
			break;
		case 9: case 10:
			gw_inbound_read(&gw, &socket);
			break;
		case 11: case 12:
			gw_pump(&gw);
			gw_bury(&gw);
			break;
		case 13:
			gw.now_ms += 10u * take_byte(input);
			gw_expire_held(&gw);
			mtu_refresh(&gw);
			bypass_update(&gw);
			break;
		case 14:
			someone_comes_or_goes();
			break;
		default:
			if (take_byte(input) == 7)
				lose_card();
			break;
		}
		check_counts();
	}
}

/* Once: it takes long. A flush leaves nothing, which is looked at after each input. */
static void start(void)
{
	char error[ESPALIER_ERROR_LEN];

	demand(!espalier_software_register());
	gw.options = &options;
	gw_init(&gw);
	gw.server = (struct sink_server *)&gw; /* one that is there; nobody looks inside */
	gw.tun.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	demand(!routes_open(&gw.routes, 1, error));
	demand(!gw_open_device(&gw, error));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	if (!gw.options)
		start();
	memset(last_sent, 0, sizeof(last_sent));
	memset(final, 0, sizeof(final));
	asked = NULL;
	memset(sent, 0, sizeof(sent));
	held = waits = client = false;
	run(&input);
	gw_sink_ops.flush(&gw.sink);
	while (gw_removing(&gw)) {
		gw_pump(&gw);
		gw_bury(&gw);
	}
	gw_pump(&gw);
	check_counts();
	demand(!gw.sad.all && !gw.spd.count && !gw.held && !gw.sad.count[0] && !gw.sad.count[1]);
	return 0;
}
