/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_life.h"

#include <time.h>

static bool above(uint64_t value, uint64_t limit)
{
	return limit && value > limit;
}

static bool reached(uint64_t value, uint64_t limit)
{
	return limit && value >= limit;
}

bool soft_life_take_limited(struct soft_dev *soft, struct soft_sa *sa, uint32_t bytes)
{
	const struct espalier_limits *limits = &sa->config.limits;
	struct soft_life *life = &sa->life;

	if (life->ended)
		return false;
	if (above(life->packets + 1, limits->hard_packets) || above(life->bytes + bytes, limits->hard_bytes)) {
		life->ended = true;
		soft_event(soft, sa, ESPALIER_EVENT_HARD_LIMIT);
		return false;
	}
	life->packets++;
	life->bytes += bytes;
	life->last_ms = soft->now_ms;
	if (!life->told && (reached(life->packets, limits->soft_packets) || reached(life->bytes, limits->soft_bytes))) {
		life->told = true;
		soft_event(soft, sa, ESPALIER_EVENT_SOFT_LIMIT);
	}
	return true;
}

void soft_life_drop(struct soft_sa *sa, uint8_t status)
{
	struct espalier_sa_counters *drops = &sa->drops;

	switch (status) {
	case ESP_STATUS_REPLAY_OLD:
	case ESP_STATUS_REPLAY_DUPLICATE:
		drops->replay++;
		break;
	case ESP_STATUS_ICV_MISMATCH:
		drops->integrity++;
		break;
	case ESP_STATUS_DUMMY:
		drops->dummy++;
		break;
	case ESP_STATUS_SA_EXPIRED:
	case ESP_STATUS_SEQ_EXHAUSTED:
		drops->expired++;
		break;
	case ESP_STATUS_PACKET_TOO_BIG:
		drops->too_big++;
		break;
	case ESP_STATUS_INNER_MALFORMED:
	case ESP_STATUS_OUTER_MALFORMED:
	case ESP_STATUS_ESP_TRUNCATED:
	case ESP_STATUS_BAD_PADDING:
	case ESP_STATUS_BAD_NEXT_HEADER:
	case ESP_STATUS_ECN_INVALID:
		drops->malformed++;
		break;
	default:
		drops->other++;
	}
}

void soft_event(struct soft_dev *soft, struct soft_sa *sa, enum espalier_event_kind kind)
{
	if (!sa->events) {
		sa->next_event = NULL;
		*soft->last_event = sa;
		soft->last_event = &sa->next_event;
	}
	sa->events |= 1u << kind;
}

void soft_event_forget(struct soft_dev *soft, struct soft_sa *sa)
{
	struct soft_sa **link = &soft->first_event;

	if (!sa->events)
		return;
	while (*link != sa)
		link = &(*link)->next_event;
	*link = sa->next_event;
	if (!*link)
		soft->last_event = link;
	sa->events = 0;
}

int soft_dequeue_events(struct espalier_dev *dev, struct espalier_event *events, unsigned int count)
{
	struct soft_dev *soft = (struct soft_dev *)dev;
	unsigned int n = 0;

	while (n < count && soft->first_event) {
		struct soft_sa *sa = soft->first_event;
		unsigned int kind = (unsigned int)__builtin_ctz(sa->events);

		events[n++] = (struct espalier_event){
			.kind = (enum espalier_event_kind)kind, .direction = sa->config.direction, .sa = sa->index, .spi = sa->config.spi, .peer = sa->peer,
			.port = sa->peer_port,
		};
		if (sa->events == 1u << kind)
			soft_event_forget(soft, sa);
		else
			sa->events &= ~(1u << kind);
	}
	return (int)n;
}

void soft_life_counters(const struct soft_sa *sa, struct espalier_sa_counters *counters)
{
	*counters = sa->drops;
	counters->packets = sa->life.packets;
	counters->bytes = sa->life.bytes;
	counters->idle_ms = sa->life.last_ms ? soft_now_ms() - sa->life.last_ms : UINT64_MAX;
}

uint64_t soft_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}
