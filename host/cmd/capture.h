/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures in and out: pcap and pcapng by libpcap, link types raw IP (101), IPv4 (228), IPv6 (229) and Ethernet (1). The output has the input's link
 * type and time resolution (pcapng: nanoseconds); an Ethernet header is carried over, with the EtherType of the packet.
 */
#ifndef ESPALIER_CAPTURE_H
#define ESPALIER_CAPTURE_H

#include <stdint.h>
#include <sys/time.h>

#include "file/output.h"

#define CAPTURE_ERROR_LEN 512
#define CAPTURE_FRAME_MAX 262144 /* bytes */
#define CAPTURE_LINK_MAX 14 /* bytes of a link header: Ethernet */

struct capture_in;
struct capture_out;

/* Why a packet of a capture is not for the card. */
enum capture_verdict {
	CAPTURE_IPV4,	   /* it is, and IPv4 */
	CAPTURE_IPV6,	   /* it is, and IPv6, if the device has that */
	CAPTURE_TRUNCATED, /* the capture has not all bytes of the IP packet */
	CAPTURE_SHORT,	   /* no room for a link header */
	CAPTURE_VLAN,	   /* a VLAN tag */
	CAPTURE_NOT_IPV4,  /* another protocol; IPv6, where the device has only IPv4 */
};

struct capture_packet {
	enum capture_verdict verdict;
	struct timeval time; /* tv_usec holds the file's resolution */
	uint32_t wire_len;   /* bytes on the wire with link header */
	uint8_t link[CAPTURE_LINK_MAX];
	uint32_t link_len;
	const uint8_t *ip; /* valid until the next read */
	uint32_t ip_len;
	uint32_t trailer; /* bytes at the end that the IP header does not count, such as Ethernet padding. Part of ip_len. */
};

/* "-": standard input. path is for errors, too, and must outlive in. */
int capture_open_in(const char *path, struct capture_in **in, char *error);
/* 1: a packet, 0: the end; negative errno: a damaged file, or -ENOTSUP. */
int capture_read(struct capture_in *in, struct capture_packet *packet, char *error);
int capture_link_type(const struct capture_in *in);
unsigned int capture_precision(const struct capture_in *in); /* libpcap's PCAP_TSTAMP_PRECISION_* */
void capture_close_in(struct capture_in *in);

/* Begin: what stood in output is gone. name is for errors and must outlive out. After an error output is as it was. */
int capture_open_out(struct output *output, const char *name, const struct capture_in *in, struct capture_out **out, char *error);
/* Write link header and packet. What cannot be written shows here or in capture_close_out(): -EIO. -EINVAL: the link type is for the other family. */
int capture_write(struct capture_out *out, const struct timeval *time, const uint8_t *link, uint32_t link_len, const uint8_t *ip,
		  uint32_t ip_len, char *error);
/* Flush and close: 0, or -EIO when something could not be written that capture_write has not complained of. out may be NULL. */
int capture_close_out(struct capture_out *out, char *error);

const char *capture_verdict_name(enum capture_verdict verdict);

#endif
