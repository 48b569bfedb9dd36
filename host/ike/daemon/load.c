/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file, read at start and again, and handed to the agent. */
#include "daemon/internal.h"

#include "conf/conf.h"

#include <errno.h>

int daemon_load(struct daemon *d, char *error)
{
	struct conf *conf = conf_load(d->options->config, error);
	int ret;

	if (!conf)
		return -EINVAL;
	ret = agent_configure(d->agent, conf, error);
	conf_free(conf);
	return ret;
}

int daemon_reload(struct daemon *d, char *error)
{
	int ret = daemon_load(d, error);

	if (ret)
		log_format(&d->log, AGENT_ERROR, "configuration not read again, the old one stays: %s", error);
	else
		log_format(&d->log, AGENT_INFO, "configuration %s read again", d->options->config);
	return ret;
}
