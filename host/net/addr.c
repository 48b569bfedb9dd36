/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses and endpoints. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "net/addr.h"

#define V4_BYTES 4u
#define V6_BYTES 16u
#define V4_IN_V6 12u /* where the IPv4 address lies in a v4-mapped one */

size_t ip_len(const struct ip_addr *ip)
{
	return ip->family == 4 ? V4_BYTES : ip->family == 6 ? V6_BYTES : 0;
}

bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family && !memcmp(a->bytes, b->bytes, ip_len(a));
}

int ip_compare(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, ip_len(a));
}

bool ip_is_any(const struct ip_addr *ip)
{
	static const uint8_t zero[V6_BYTES];

	return !memcmp(ip->bytes, zero, ip_len(ip));
}

int ip_parse(const char *text, struct ip_addr *ip)
{
	struct ip_addr result = { .family = strchr(text, ':') ? 6 : 4 };

	if (inet_pton(result.family == 6 ? AF_INET6 : AF_INET, text, result.bytes) != 1)
		return -EINVAL;
	*ip = result;
	return 0;
}

const char *ip_print(const struct ip_addr *ip, char *text)
{
	if (!ip_len(ip) || !inet_ntop(ip->family == 6 ? AF_INET6 : AF_INET, ip->bytes, text, IP_TEXT_LEN))
		strcpy(text, "%any");
	return text;
}

struct ip_addr ip_from_v4(const uint8_t bytes[4])
{
	struct ip_addr ip = { .family = 4 };

	memcpy(ip.bytes, bytes, V4_BYTES);
	return ip;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && ip_equal(&a->ip, &b->ip);
}

const char *endpoint_print(const struct endpoint *e, char *text)
{
	char ip[IP_TEXT_LEN];

	snprintf(text, ENDPOINT_TEXT_LEN, e->ip.family == 6 ? "[%s]:%u" : "%s:%u", ip_print(&e->ip, ip), (unsigned int)e->port);
	return text;
}

socklen_t endpoint_to_sockaddr(const struct endpoint *e, struct sockaddr_storage *storage)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;

	memset(storage, 0, sizeof(*storage));
	if (e->ip.family == 4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(e->port);
		memcpy(&v4->sin_addr, e->ip.bytes, V4_BYTES);
		return sizeof(*v4);
	}
	if (e->ip.family == 6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(e->port);
		memcpy(&v6->sin6_addr, e->ip.bytes, V6_BYTES);
		return sizeof(*v6);
	}
	return 0;
}

int endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *e)
{
	struct endpoint result = { 0 };
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		result.ip.family = 4;
		result.port = ntohs(v4.sin_port);
		memcpy(result.ip.bytes, &v4.sin_addr, V4_BYTES);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		result.port = ntohs(v6.sin6_port);
		if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
			result.ip = ip_from_v4(v6.sin6_addr.s6_addr + V4_IN_V6);
		} else {
			result.ip.family = 6;
			memcpy(result.ip.bytes, &v6.sin6_addr, V6_BYTES);
		}
	} else {
		return -EAFNOSUPPORT;
	}
	*e = result;
	return 0;
}
