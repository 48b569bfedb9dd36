/* SPDX-License-Identifier: Apache-2.0 */
/* Captures out; see capture.h. */
#include "capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ETHERTYPE_AT 12

struct capture_out {
	const char *name;
	int link_type;
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	bool failed; /* and capture_write said so */
	uint8_t frame[CAPTURE_FRAME_MAX];
};

static int fail(const struct capture_out *out, char *error, int code, const char *why)
{
	snprintf(error, CAPTURE_ERROR_LEN, "%.300s could not be written: %s", out->name, why);
	return code;
}

int capture_open_out(struct output *output, const char *name, const struct capture_in *in, struct capture_out **out, char *error)
{
	struct capture_out *new = calloc(1, sizeof(*new));
	FILE *file = NULL;

	*out = NULL;
	if (new) {
		new->name = name;
		new->link_type = capture_link_type(in);
		new->pcap = pcap_open_dead_with_tstamp_precision(capture_link_type(in), CAPTURE_FRAME_MAX, capture_precision(in));
	}
	if (new && new->pcap)
		file = output_start(output);
	if (file)
		new->dumper = pcap_dump_fopen(new->pcap, file);
	if (file && new->dumper) {
		*out = new;
		return 0;
	}
	if (file)
		fclose(file);
	if (new && new->pcap)
		pcap_close(new->pcap);
	free(new);
	snprintf(error, CAPTURE_ERROR_LEN, "%.300s: out of memory", name);
	return -ENOMEM;
}

int capture_write(struct capture_out *out, const struct timeval *time, const uint8_t *link, uint32_t link_len, const uint8_t *ip,
		  uint32_t ip_len, char *error)
{
	unsigned int version = ip_len ? ip[0] >> 4 : 0;
	struct pcap_pkthdr header = { .ts = *time, .caplen = link_len + ip_len, .len = link_len + ip_len };

	if (header.caplen > CAPTURE_FRAME_MAX)
		return fail(out, error, -EMSGSIZE, "a packet is too long");
	if ((out->link_type == DLT_IPV4 && version == 6) || (out->link_type == DLT_IPV6 && version == 4))
		return fail(out, error, -EINVAL, "its link type, that of the input, is for the other IP version; raw IP (101) is for both");
	memcpy(out->frame, link, link_len);
	if (link_len && (version == 4 || version == 6)) {
		out->frame[ETHERTYPE_AT] = version == 6 ? 0x86 : 0x08;
		out->frame[ETHERTYPE_AT + 1] = version == 6 ? 0xdd : 0x00;
	}
	memcpy(out->frame + link_len, ip, ip_len);
	errno = EIO;
	pcap_dump((u_char *)out->dumper, &header, out->frame);
	out->failed = ferror(pcap_dump_file(out->dumper));
	return out->failed ? fail(out, error, -EIO, strerror(errno)) : 0;
}

int capture_close_out(struct capture_out *out, char *error)
{
	int ret = 0;

	if (!out)
		return 0;
	errno = EIO;
	if ((pcap_dump_flush(out->dumper) || ferror(pcap_dump_file(out->dumper))) && !out->failed)
		ret = fail(out, error, -EIO, strerror(errno));
	pcap_dump_close(out->dumper);
	pcap_close(out->pcap);
	free(out);
	return ret;
}
