/* SPDX-License-Identifier: Apache-2.0 */
#include "sad.h"

#include <stdlib.h>
#include <sys/random.h>

#define SPI_TRIES 64
#define SEQ_SOFT 0xc0000000u /* three quarters of 2^32 */

static unsigned int bucket_of(const struct sink_sa_id *id)
{
	return ((id->spi * 2654435761u) ^ (uint32_t)id->direction) >> 16 & (SAD_BUCKETS - 1);
}

static struct gw_sa *find(const struct gw_sad *sad, const struct sink_sa_id *id, bool dying_too)
{
	for (struct gw_sa *sa = sad->buckets[bucket_of(id)]; sa; sa = sa->chain)
		if (sa->id.spi == id->spi && sa->id.direction == id->direction && (id->direction == SINK_IN || ip_equal(&sa->id.dst, &id->dst)) &&
		    (dying_too || !sa->dying))
			return sa;
	return NULL;
}

struct gw_sa *sad_find(const struct gw_sad *sad, const struct sink_sa_id *id)
{
	return find(sad, id, false);
}

struct gw_sa *sad_find_spi(const struct gw_sad *sad, uint32_t spi)
{
	struct sink_sa_id id = { .direction = SINK_IN, .spi = spi };
	struct gw_sa *sa = sad_find(sad, &id);

	return sa && !sa->reserved ? sa : NULL;
}

static void list_in(struct gw_sa **list, struct gw_sa *sa)
{
	sa->next = *list;
	sa->link = list;
	if (sa->next)
		sa->next->link = &sa->next;
	*list = sa;
}

static void list_out(struct gw_sa *sa)
{
	*sa->link = sa->next;
	if (sa->next)
		sa->next->link = sa->link;
}

struct gw_sa *sad_add(struct gw_sad *sad, const struct sink_sa_id *id)
{
	struct gw_sa *sa = calloc(1, sizeof(*sa)), **bucket = &sad->buckets[bucket_of(id)];

	if (!sa)
		return NULL;
	sa->id = *id;
	sa->index = ESPALIER_SA_NONE;
	sa->chain = *bucket;
	*bucket = sa;
	list_in(&sad->all, sa);
	sad->count[id->direction]++;
	return sa;
}

void sad_remove(struct gw_sad *sad, struct gw_sa *sa)
{
	struct gw_sa **link = &sad->buckets[bucket_of(&sa->id)];

	while (*link != sa)
		link = &(*link)->chain;
	*link = sa->chain;
	list_out(sa);
	sad->count[sa->id.direction]--;
	free(sa);
}

struct sink_sa_stats sad_stats(const struct gw_sa *sa)
{
	return (struct sink_sa_stats){ .packets = sa->packets, .bytes = sa->bytes, .seq = sa->seq, .replay = sa->replay,
				       .integrity = sa->integrity, .other = sa->other, .last_use_ms = sa->last_use_ms };
}

void sad_retire(struct gw_sad *sad, struct gw_sa *sa)
{
	list_out(sa);
	list_in(&sad->dying, sa);
	sa->dying = true;
}

uint32_t sad_random_spi(const struct gw_sad *sad)
{
	struct sink_sa_id id = { .direction = SINK_IN };

	for (int i = 0; i < SPI_TRIES; i++)
		if (getrandom(&id.spi, sizeof(id.spi), 0) == sizeof(id.spi) && id.spi >= SINK_SPI_MIN && !find(sad, &id, true))
			return id.spi;
	return 0;
}

static bool at_limit(uint64_t value, uint64_t limit)
{
	return limit && value >= limit;
}

bool sad_admit(struct gw_sa *sa, uint32_t len)
{
	if (sa->stopped)
		return false;
	if (at_limit(sa->admitted_packets, sa->limits.hard_packets) || at_limit(sa->admitted_bytes, sa->limits.hard_bytes)) {
		sa->stopped = true;
		return false;
	}
	sa->admitted_packets++;
	sa->admitted_bytes += len;
	return true;
}

enum sad_expiry sad_expiry(struct gw_sa *sa)
{
	const struct sink_limits *limits = &sa->limits;
	bool seq_soft = !sa->esn && sa->seq >= SEQ_SOFT;

	if (at_limit(sa->packets, limits->hard_packets) || at_limit(sa->bytes, limits->hard_bytes))
		sa->stopped = true;
	if (sa->stopped && !sa->hard_said) {
		sa->hard_said = sa->soft_said = true;
		return SAD_HARD;
	}
	if (!sa->soft_said && (at_limit(sa->packets, limits->soft_packets) || at_limit(sa->bytes, limits->soft_bytes) || seq_soft)) {
		sa->soft_said = true;
		return SAD_SOFT;
	}
	return SAD_FINE;
}

uint64_t sad_infer_seq(const struct gw_sa *sa, uint32_t low)
{
	int32_t ahead = (int32_t)(low - (uint32_t)sa->seq);

	if (!sa->esn)
		return low;
	return ahead < 0 && sa->seq < (uint64_t)-(int64_t)ahead ? low : sa->seq + (uint64_t)(int64_t)ahead;
}
