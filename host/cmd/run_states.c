/* SPDX-License-Identifier: Apache-2.0 */
/* The states of a run in the device, and their sequence numbers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "run.h"

/* What of a state is for this direction. */
static struct espalier_sa_config config_for(const struct state *state, bool decap)
{
	struct espalier_sa_config config = state->config;

	config.direction = decap ? ESPALIER_INBOUND : ESPALIER_OUTBOUND;
	config.seq = decap ? state->seq : state->oseq;
	if (decap) {
		config.df = ESPALIER_DF_COPY;
		config.set_dscp = false;
		config.tfc_pad = 0;
	} else {
		config.copy_dscp = false;
	}
	return config;
}

static int install(struct run *run, struct state *state, char *error)
{
	struct espalier_sa_config config;
	int ret;

	state->reached = run->decap ? state->seq : state->oseq;
	if (!(run->decap ? state->inbound : state->outbound))
		return 0;
	if (state->config.replay_window > run->info.max_window) {
		snprintf(error, RUN_ERROR_LEN, "State of line %u: replay-window %u is above the device's %u", state->line, state->config.replay_window,
			 run->info.max_window);
		return -EINVAL;
	}
	config = config_for(state, run->decap);
	ret = espalier_sa_add(run->dev, &config, &state->sa);
	explicit_bzero(&config, sizeof(config));
	if (ret) {
		snprintf(error, RUN_ERROR_LEN, "State of line %u: %.400s", state->line, espalier_error(run->dev));
		return ret;
	}
	run->by_sa[state->sa] = state;
	return 0;
}

/* Two SAs with one key would begin with the same nonces. */
static int check_keys(const struct states *states, char *error)
{
	for (size_t i = 0; i < states->count; i++)
		for (size_t k = 0; k < i; k++)
			if (states_same_key(&states->list[i], &states->list[k])) {
				snprintf(error, RUN_ERROR_LEN, "State of line %u: key and salt are those of line %u, so nonces would repeat",
					 states->list[i].line, states->list[k].line);
				return -EINVAL;
			}
	return 0;
}

int run_install(struct run *run, char *error)
{
	int ret = run->decap ? 0 : check_keys(run->states, error);

	if (ret)
		return ret;
	ret = espalier_info(run->dev, &run->info);
	if (ret)
		snprintf(error, RUN_ERROR_LEN, "The device: %.400s", espalier_error(run->dev));
	for (size_t i = 0; i < run->states->count && !ret; i++)
		ret = install(run, &run->states->list[i], error);
	return ret;
}

int run_cover(struct run *run, char *error)
{
	return run->reserve ? reserve_ahead(run->reserve, run->states, run->decap, error) : 0;
}

int run_query(struct run *run, struct state *state, char *error)
{
	uint64_t seq;
	int ret = espalier_sa_query(run->dev, run->decap ? ESPALIER_INBOUND : ESPALIER_OUTBOUND, state->sa, &seq);

	if (!ret)
		state->reached = seq;
	else
		snprintf(error, RUN_ERROR_LEN, "The device does not tell its sequence numbers: %.400s", espalier_error(run->dev));
	return ret;
}

bool run_is_covered(const struct state *state, uint32_t low)
{
	return !state->config.replay_window || (state->config.esn ? (int32_t)(low - (uint32_t)state->seq) <= 0 : low <= state->seq);
}

int run_settle(struct run *run, char *error)
{
	char save_error[RUN_ERROR_LEN];
	int ret = 0, saved;

	if (!run->reserve)
		return 0;
	for (size_t i = 0; i < run->states->count; i++) {
		struct state *state = &run->states->list[i];

		if (!state->used || !run_query(run, state, error))
			continue;
		ret = -EIO;
		if (run->decap)
			state->reached = state->seq;
	}
	saved = reserve_exact(run->reserve, run->states, run->decap, save_error);
	if (saved && !ret)
		memcpy(error, save_error, sizeof(save_error));
	return ret ? ret : saved;
}
