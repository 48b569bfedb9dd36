/* SPDX-License-Identifier: Apache-2.0 */
/* Captures in; see capture.h. Source of the formats: libpcap, LINKTYPE registry at tcpdump.org. */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IPV4_HEADER_LEN 20u
#define IPV6_HEADER_LEN 40u
#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_IPV6 0x86ddu
#define ETHERTYPE_VLAN 0x8100u
#define ETHERTYPE_QINQ 0x88a8u
#define ETHERTYPE_QINQ_OLD 0x9100u
#define MAGIC_MICRO 0xa1b2c3d4u
#define MAGIC_MICRO_SWAPPED 0xd4c3b2a1u

struct capture_in {
	const char *name;
	uint64_t packets;
	pcap_t *pcap;
	FILE *file;
	int link_type;
	u_int precision;
};

static int fail(char *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int fail(char *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, CAPTURE_ERROR_LEN, format, args);
	va_end(args);
	return code;
}

/*
 * libpcap scales times and does not say from what: look at the file's first word, and put it back, as standard input cannot be rewound.
 * The C library takes back as many bytes as were read.
 */
static u_int file_precision(FILE *file)
{
	uint8_t bytes[4];
	uint32_t magic = 0;
	size_t got = fread(bytes, 1, sizeof(bytes), file);

	memcpy(&magic, bytes, got);
	while (got)
		ungetc(bytes[--got], file);
	if (magic == MAGIC_MICRO || magic == MAGIC_MICRO_SWAPPED)
		return PCAP_TSTAMP_PRECISION_MICRO;
	return PCAP_TSTAMP_PRECISION_NANO;
}

static FILE *open_file(const char *path)
{
	int fd;

	if (strcmp(path, "-"))
		return fopen(path, "rbe");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? NULL : fdopen(fd, "rb");
}

int capture_open_in(const char *path, struct capture_in **in, char *error)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	struct capture_in *new = calloc(1, sizeof(*new));
	int ret;

	*in = NULL;
	if (!new)
		return fail(error, -ENOMEM, "%s: out of memory", path);
	new->name = path;
	new->file = open_file(path);
	if (!new->file) {
		ret = fail(error, -errno, "%s: %s", path, strerror(errno));
		goto out;
	}
	new->precision = file_precision(new->file);
	new->pcap = pcap_fopen_offline_with_tstamp_precision(new->file, new->precision, text);
	if (!new->pcap) {
		ret = fail(error, -EINVAL, "%s: %s", path, text);
		goto out;
	}
	new->link_type = pcap_datalink(new->pcap);
	if (new->link_type != DLT_EN10MB && new->link_type != DLT_RAW && new->link_type != DLT_IPV4 && new->link_type != DLT_IPV6) {
		ret = fail(error, -EINVAL, "%s: link type %d is not supported, only Ethernet (1), raw IP (101), IPv4 (228) and IPv6 (229)", path,
			   new->link_type);
		goto out;
	}
	*in = new;
	return 0;
out:
	capture_close_in(new);
	return ret;
}

int capture_link_type(const struct capture_in *in)
{
	return in->link_type;
}

unsigned int capture_precision(const struct capture_in *in)
{
	return in->precision;
}

void capture_close_in(struct capture_in *in)
{
	if (!in)
		return;
	if (in->pcap)
		pcap_close(in->pcap); /* closes the file as well */
	else if (in->file)
		fclose(in->file);
	free(in);
}

/* The IP packet's own length, if it has all of its bytes; else 0. */
static uint32_t whole_length(const struct capture_packet *packet)
{
	uint32_t least = packet->verdict == CAPTURE_IPV6 ? IPV6_HEADER_LEN : IPV4_HEADER_LEN, total;

	if (packet->ip_len < least)
		return 0;
	total = packet->verdict == CAPTURE_IPV6 ? least + ((uint32_t)packet->ip[4] << 8 | packet->ip[5]) : (uint32_t)packet->ip[2] << 8 | packet->ip[3];
	return total >= least && total <= packet->ip_len ? total : 0;
}

static enum capture_verdict strip_link(int link_type, struct capture_packet *packet, const u_char *data, uint32_t len)
{
	uint32_t type;

	packet->ip = data;
	packet->ip_len = len;
	packet->link_len = 0;
	if (link_type == DLT_RAW)
		return len && data[0] >> 4 == 6 ? CAPTURE_IPV6 : CAPTURE_IPV4;
	if (link_type == DLT_IPV4 || link_type == DLT_IPV6)
		return link_type == DLT_IPV6 ? CAPTURE_IPV6 : CAPTURE_IPV4;
	if (len < CAPTURE_LINK_MAX)
		return CAPTURE_SHORT;
	memcpy(packet->link, data, CAPTURE_LINK_MAX);
	packet->link_len = CAPTURE_LINK_MAX;
	packet->ip += CAPTURE_LINK_MAX;
	packet->ip_len -= CAPTURE_LINK_MAX;
	type = (uint32_t)data[12] << 8 | data[13];
	if (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ || type == ETHERTYPE_QINQ_OLD)
		return CAPTURE_VLAN;
	return type == ETHERTYPE_IPV4 ? CAPTURE_IPV4 : type == ETHERTYPE_IPV6 ? CAPTURE_IPV6 : CAPTURE_NOT_IPV4;
}

/* libpcap reads files of several interfaces and sections if all have one link type and snapshot length, and raw IP from one only. */
static int read_error(const struct capture_in *in, char *error)
{
	const char *why = pcap_geterr(in->pcap);

	if (strstr(why, "of the first interface"))
		return fail(error, -ENOTSUP, "%.200s: behind packet %llu begins an interface or section with another link type or snapshot length than "
			    "the first, or a second one with raw IP; that is not supported (editcap -F pcap makes one capture of it)", in->name,
			    (unsigned long long)in->packets);
	return fail(error, -EINVAL, "%.200s is damaged behind packet %llu: %s", in->name, (unsigned long long)in->packets, why);
}

int capture_read(struct capture_in *in, struct capture_packet *packet, char *error)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int ret = pcap_next_ex(in->pcap, &header, &data);
	uint32_t whole;

	if (ret == PCAP_ERROR_BREAK)
		return 0;
	if (ret != 1)
		return read_error(in, error);
	in->packets++;
	packet->time = header->ts;
	packet->wire_len = header->len;
	packet->verdict = strip_link(in->link_type, packet, data, header->caplen);
	whole = packet->verdict == CAPTURE_IPV4 || packet->verdict == CAPTURE_IPV6 ? whole_length(packet) : 0;
	packet->trailer = whole ? packet->ip_len - whole : 0;
	if (header->caplen < header->len && !whole)
		packet->verdict = CAPTURE_TRUNCATED;
	return 1;
}

const char *capture_verdict_name(enum capture_verdict verdict)
{
	switch (verdict) {
	case CAPTURE_IPV4:
		return "ipv4";
	case CAPTURE_IPV6:
		return "ipv6";
	case CAPTURE_TRUNCATED:
		return "truncated_capture";
	case CAPTURE_SHORT:
		return "short_frame";
	case CAPTURE_VLAN:
		return "vlan";
	case CAPTURE_NOT_IPV4:
		return "not_ipv4";
	}
	return "unknown";
}
