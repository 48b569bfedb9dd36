/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device behind standard input and output, for oracles in Python (esp_device.py): one command a line, one answer a line.
 *
 *   add WORD=VALUE...      members of struct espalier_sa_config by name      -> ok INDEX FEATURES | error ERRNO sentence
 *   del out|in INDEX                                                         -> ok LAST | error ERRNO sentence
 *   query out|in INDEX                                                       -> ok SEQ | error ERRNO sentence
 *   encap INDEX HEX, decap HEX                                               -> STATUS SA LENGTH HEX|-   (dst must be untouched unless ok)
 *   counters out|in INDEX  -> ok PACKETS BYTES REPLAY INTEGRITY MALFORMED DUMMY EXPIRED TOO_BIG OTHER IDLE_MS
 *   events                 -> ok KIND/DIRECTION/INDEX/SPI/FAMILY+PEER/PORT ...
 *   size LENGTH            -> ok ENCAP_LEN INNER_MTU   of the last SA added
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "espalier.h"
#include "software/software.h"

#define LINE_BYTES 65536
#define MEM_BYTES 32768u
#define CANARY 0xa5

static struct espalier_dev *dev;
static struct espalier_queue *queue;
static struct espalier_mem src, dst;
static struct espalier_sa_config config;

static void die(const char *why)
{
	printf("error 0 %s\n", why);
	exit(1);
}

static size_t unhex(const char *text, uint8_t *bytes, size_t max)
{
	size_t n = 0;
	unsigned int byte;

	while (n < max && sscanf(text + 2 * n, "%2x", &byte) == 1)
		bytes[n++] = (uint8_t)byte;
	return n;
}

static struct ip_addr address(const char *text)
{
	struct ip_addr ip = { .family = strchr(text, ':') ? 6 : 4 };

	if (inet_pton(ip.family == 6 ? AF_INET6 : AF_INET, text, ip.bytes) != 1)
		die(text);
	return ip;
}

static void set(const char *name, const char *value)
{
	uint64_t number = strtoull(value, NULL, 0);
	const struct {
		const char *name;
		void *member;
		size_t size;
	} numbers[] = {
#define NUMBER(member) { #member, &config.member, sizeof(config.member) }
		NUMBER(direction), NUMBER(mode), NUMBER(spi), NUMBER(udp_encap.sport), NUMBER(udp_encap.dport), NUMBER(algorithm), NUMBER(icv_len),
		NUMBER(implicit_iv), NUMBER(esn), NUMBER(replay_window), NUMBER(seq), NUMBER(df), NUMBER(ecn), NUMBER(set_dscp), NUMBER(dscp),
		NUMBER(copy_dscp), NUMBER(copy_ttl), NUMBER(ttl), NUMBER(decrement_ttl), NUMBER(zero_flow_label), NUMBER(check_outer), NUMBER(tfc_pad),
		NUMBER(mtu), NUMBER(mss), NUMBER(limits.soft_packets), NUMBER(limits.hard_packets), NUMBER(limits.soft_bytes), NUMBER(limits.hard_bytes),
	};

	if (!strcmp(name, "src"))
		config.src = address(value);
	else if (!strcmp(name, "dst"))
		config.dst = address(value);
	else if (!strcmp(name, "key"))
		config.key_len = (uint8_t)unhex(value, config.key, sizeof(config.key));
	else if (!strcmp(name, "salt"))
		unhex(value, config.salt, sizeof(config.salt));
	else
		for (size_t i = 0;; i++) {
			if (i == sizeof(numbers) / sizeof(numbers[0]))
				die(name);
			if (!strcmp(name, numbers[i].name)) {
				memcpy(numbers[i].member, &number, numbers[i].size); /* little endian */
				return;
			}
		}
}

static void answer_error(int ret)
{
	printf("error %d %s\n", -ret, espalier_error(dev));
}

static void add(char *words)
{
	uint16_t sa;
	int ret;

	memset(&config, 0, sizeof(config));
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
		char *value = strchr(word, '=');

		if (!value)
			die(word);
		*value = '\0';
		set(word, value + 1);
	}
	ret = espalier_sa_add(dev, &config, &sa);
	if (ret)
		answer_error(ret);
	else
		printf("ok %u %u\n", sa, espalier_sa_features(&config));
}

static void run(uint8_t opcode, uint16_t sa, const char *hex)
{
	struct espalier_op op = { .src = src.iova, .dst = dst.iova, .dst_capacity = MEM_BYTES - 1, .opcode = opcode, .sa = sa }, *p = &op;
	const uint8_t *out = dst.va;
	static uint8_t before[MEM_BYTES];

	op.src_len = (uint16_t)unhex(hex, src.va, MEM_BYTES);
	memcpy(before, src.va, MEM_BYTES);
	memset(dst.va, CANARY, MEM_BYTES);
	if (espalier_enqueue_burst(queue, &p, 1) != 1 || espalier_dequeue_burst(queue, &p, 1) != 1)
		die("the queue does not work");
	printf("%s %u %u ", espalier_status_name(op.status), op.result_sa, op.out_len);
	for (unsigned int i = 0; op.status == ESP_STATUS_OK && i < op.out_len; i++)
		printf("%02x", out[i]);
	for (unsigned int i = op.status == ESP_STATUS_OK ? op.out_len : 0; i < MEM_BYTES; i++)
		if (out[i] != CANARY)
			die("more was written than the result");
	if (memcmp(before, src.va, MEM_BYTES))
		die("the source was changed");
	printf("%s\n", op.status == ESP_STATUS_OK && op.out_len ? "" : "-");
}

static void counters(enum espalier_direction direction, uint16_t sa)
{
	struct espalier_sa_counters c;
	int ret = espalier_sa_counters(dev, direction, sa, &c);

	if (ret) {
		answer_error(ret);
		return;
	}
	printf("ok %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu\n", (unsigned long long)c.packets, (unsigned long long)c.bytes,
	       (unsigned long long)c.replay, (unsigned long long)c.integrity, (unsigned long long)c.malformed, (unsigned long long)c.dummy,
	       (unsigned long long)c.expired, (unsigned long long)c.too_big, (unsigned long long)c.other, (unsigned long long)c.idle_ms);
}

static void events(void)
{
	static const char *const kinds[] = { "soft", "hard", "moved" };
	struct espalier_event event;

	printf("ok");
	while (espalier_dequeue_events(dev, &event, 1) == 1) {
		char text[INET6_ADDRSTRLEN] = "-";

		if (event.kind == ESPALIER_EVENT_PEER_MOVED)
			inet_ntop(event.peer.family == 6 ? AF_INET6 : AF_INET, event.peer.bytes, text, sizeof(text));
		printf(" %s/%s/%u/0x%x/%s/%u", kinds[event.kind], event.direction ? "in" : "out", event.sa, event.spi, text,
		       event.kind == ESPALIER_EVENT_PEER_MOVED ? event.port : 0);
	}
	printf("\n");
}

static void command(char *line)
{
	char name[16] = "", *words = line + strcspn(line, " ");
	char direction_name[4] = "";
	unsigned int index = 0, len = 0;
	enum espalier_direction direction;
	uint64_t seq;
	int ret;

	sscanf(line, "%15s", name);
	sscanf(words, "%3s %u", direction_name, &index);
	direction = !strcmp(direction_name, "in") ? ESPALIER_INBOUND : ESPALIER_OUTBOUND;
	if (!strcmp(name, "add")) {
		add(words);
	} else if (!strcmp(name, "encap")) {
		index = (unsigned int)strtoul(words, &words, 10);
		run(ESP_OPCODE_ENCAP, (uint16_t)index, words + strspn(words, " "));
	} else if (!strcmp(name, "decap")) {
		run(ESP_OPCODE_DECAP, 0, words + strspn(words, " "));
	} else if (!strcmp(name, "del") || !strcmp(name, "query")) {
		ret = (*name == 'd' ? espalier_sa_delete_last : espalier_sa_query)(dev, direction, (uint16_t)index, &seq);
		if (ret)
			answer_error(ret);
		else
			printf("ok %llu\n", (unsigned long long)seq);
	} else if (!strcmp(name, "counters")) {
		counters(direction, (uint16_t)index);
	} else if (!strcmp(name, "events")) {
		events();
	} else if (!strcmp(name, "size") && sscanf(words, "%u", &len) == 1) {
		printf("ok %u %u\n", espalier_encap_len(&config, len), espalier_inner_mtu(&config, len));
	} else {
		die(line);
	}
}

int main(int argc, char **argv)
{
	static char line[LINE_BYTES];
	char error[ESPALIER_ERROR_LEN];

	if (espalier_software_register() || espalier_open(argc > 1 ? argv[1] : "software", NULL, &dev, error))
		die("the device cannot be opened");
	if (espalier_queue_create(dev, 16, &queue) || espalier_dma_alloc(dev, MEM_BYTES, &src) || espalier_dma_alloc(dev, MEM_BYTES, &dst))
		die(espalier_error(dev));
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		command(line);
		fflush(stdout);
	}
	espalier_queue_destroy(queue);
	espalier_close(dev);
	return 0;
}
