/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both directions of ESP in the software reference. First byte: which SA, of all modes, outer families, with UDP and without; second what the rest is:
 *   0  a packet to decapsulate      1  the same, its IPv4 checksum made right      2  a plaintext with trailer, sealed for the SA      3  a packet to encapsulate
 * What comes out is a packet by its own header; what was encapsulated comes back as it was.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "software/soft_bytes.h"
#include "software/soft_checksum.h"
#include "software/software.h"

#define SAS 8u
#define ROOM 16384u
#define SPI 0x1000u
#define HEADER_MAX (40u + 8u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct espalier_dev *dev;
static struct espalier_queue *queue;
static struct espalier_mem src, dst;
static uint16_t outbound[SAS];
static const uint8_t key[16] = "fuzz", salt[4];

static void demand(bool met)
{
	if (!met)
		abort();
}

static struct espalier_sa_config config_of(unsigned int i, enum espalier_direction direction)
{
	struct espalier_sa_config config = {
		.direction = direction, .mode = i & 1 ? ESPALIER_TRANSPORT : ESPALIER_TUNNEL, .spi = SPI + i, .key_len = sizeof(key),
		.src = { i & 2 ? 6 : 4, { 1 } }, .dst = { i & 2 ? 6 : 4, { 2 } },
	};

	memcpy(config.key, key, sizeof(key));
	if (i & 4)
		config.udp_encap.sport = config.udp_encap.dport = 4500;
	if (direction == ESPALIER_INBOUND)
		config.mss = 1000;
	if (direction == ESPALIER_INBOUND && config.mode == ESPALIER_TUNNEL) {
		config.ecn = ESPALIER_ECN_NORMAL;
		config.copy_dscp = true;
	}
	return config;
}

static void open_device(void)
{
	char error[ESPALIER_ERROR_LEN];
	uint16_t sa;

	demand(!espalier_software_register() && !espalier_open("software", NULL, &dev, error) && !espalier_queue_create(dev, 16, &queue));
	demand(!espalier_dma_alloc(dev, ROOM, &src) && !espalier_dma_alloc(dev, ROOM, &dst));
	for (unsigned int i = 0; i < SAS; i++) {
		struct espalier_sa_config out = config_of(i, ESPALIER_OUTBOUND), in = config_of(i, ESPALIER_INBOUND);

		demand(!espalier_sa_add(dev, &out, &outbound[i]) && !espalier_sa_add(dev, &in, &sa));
	}
}

/* Bytes of the result, 0 unless all went well. */
static uint32_t run(uint8_t opcode, uint16_t sa, const uint8_t *packet, size_t len)
{
	struct espalier_op op = { .src = src.iova, .dst = dst.iova, .src_len = (uint16_t)len, .dst_capacity = ROOM - 1, .opcode = opcode, .sa = sa }, *p = &op;

	memmove(src.va, packet, len);
	demand(espalier_enqueue_burst(queue, &p, 1) == 1 && espalier_dequeue_burst(queue, &p, 1) == 1);
	demand(espalier_status_known(op.status));
	demand(op.status != ESP_STATUS_OK ? !op.out_len : op.out_len && (opcode == ESP_OPCODE_ENCAP ? op.out_len > len : op.out_len < len));
	return op.out_len;
}

/* By version and length of its header. */
static bool is_packet(const uint8_t *p, uint32_t len)
{
	if (p[0] >> 4 == 4)
		return len >= 20 && get16(p + 2) == len && (p[0] & 15u) * 4 <= len;
	return p[0] >> 4 == 6 && len >= 40 && 40 + get16(p + 4) == len;
}

static void decapsulate(const uint8_t *packet, size_t len)
{
	uint32_t out = run(ESP_OPCODE_DECAP, 0, packet, len);

	demand(!out || is_packet(dst.va, out));
}

static void fix_checksum(uint8_t *p, size_t len)
{
	uint32_t header = len < 20 || p[0] >> 4 != 4 ? 0 : (p[0] & 15u) * 4;

	if (header < 20 || header > len)
		return;
	put16(p + 10, 0);
	put16(p + 10, soft_ipv4_checksum(p, header));
}

/* Outer header (and UDP) of an SA at out, for len bytes of ESP; returns its bytes. Over IPv6 in UDP the checksum is left to the caller. */
static uint32_t put_outer(unsigned int i, uint8_t *out, uint32_t len)
{
	uint32_t udp = i & 4 ? 8 : 0, header = i & 2 ? 40 : 20;

	memset(out, 0, header + udp);
	if (i & 2) {
		out[0] = 0x60;
		put16(out + 4, udp + len);
		out[6] = udp ? 17 : 50;
		out[8] = 1;
		out[24] = 2;
	} else {
		out[0] = 0x45;
		put16(out + 2, header + udp + len);
		out[9] = udp ? 17 : 50;
		out[12] = 1;
		out[16] = 2;
		fix_checksum(out, header);
	}
	if (udp) {
		put16(out + header + 2, 4500);
		put16(out + header + 4, udp + len);
	}
	return header + udp;
}

/* Sealed by OpenSSL alone; number 1 stays fresh, as the window is 0. */
static void decapsulate_text(unsigned int i, const uint8_t *text, size_t len)
{
	static uint8_t packet[HEADER_MAX + ROOM];
	uint8_t nonce[12] = { 0 }, aad[8] = { 0 };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint32_t esp_len = 16 + (uint32_t)len + 16, at = put_outer(i, packet, esp_len);
	uint8_t *esp = packet + at;
	int n;

	memcpy(nonce, salt, sizeof(salt));
	put32(esp, SPI + i);
	put32(esp + 4, 1);
	memset(esp + 8, 0, 8);
	memcpy(aad, esp, 4);
	aad[7] = 1;
	demand(ctx && EVP_EncryptInit_ex2(ctx, EVP_aes_128_gcm(), key, nonce, NULL) == 1 && EVP_EncryptUpdate(ctx, NULL, &n, aad, sizeof(aad)) == 1 &&
	       EVP_EncryptUpdate(ctx, esp + 16, &n, text, (int)len) == 1 && EVP_EncryptFinal_ex(ctx, esp + 16 + len, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, esp + 16 + len) == 1);
	EVP_CIPHER_CTX_free(ctx);
	if ((i & 6) == 6)
		put16(packet + 46, soft_upper_checksum(packet, 17, packet + 40, 8 + esp_len));
	decapsulate(packet, at + esp_len);
}

/* There and back. In transport mode the packet's addresses find the SA, an IPv4 header's checksum is made anew, in UDP that behind the headers; an MSS is lowered. */
static void encapsulate(unsigned int i, uint8_t *packet, size_t len)
{
	uint32_t made, back;

	if (i & 1 && len >= 20 && packet[0] >> 4 == 4)
		memcpy(packet + 16, "\2\0\0", 4);
	if (i & 1 && len >= 40 && packet[0] >> 4 == 6)
		memcpy(packet + 24, "\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	made = run(ESP_OPCODE_ENCAP, outbound[i], packet, len);
	if (!made)
		return;
	back = run(ESP_OPCODE_DECAP, 0, dst.va, made);
	if (!back && i & 1) /* a dummy, or with a routing header on its way */
		return;
	demand(back == len && is_packet(dst.va, back));
	if (!(i & 4) && !memmem(packet, len, "\2\4", 2) && !(packet[0] >> 4 == 4 && i & 1))
		demand(!memcmp(dst.va, packet, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t packet[ROOM];
	unsigned int i;

	if (!dev)
		open_device();
	if (size < 3 || size > 9000)
		return 0;
	i = data[0] % SAS;
	memcpy(packet, data + 2, size - 2);
	switch (data[1] & 3) {
	case 1:
		fix_checksum(packet, size - 2);
		/* fallthrough */
	case 0:
		decapsulate(packet, size - 2);
		break;
	case 2:
		decapsulate_text(i, packet, (size - 2) & ~3u);
		break;
	default:
		encapsulate(i, packet, size - 2);
	}
	return 0;
}
