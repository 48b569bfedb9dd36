/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file, read at start and again, and handed to the agent. Reading thousands of connections takes longer than a peer should wait: a file is read
 * again by a thread, which shares nothing with the agent, and taken by the loop when it is whole.
 */
#include "daemon/internal.h"

#include "conf/conf.h"

#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

int daemon_load(struct daemon *d, char *error)
{
	struct conf *conf = conf_load(d->options->config, error);
	int ret;

	if (!conf)
		return -EINVAL;
	ret = agent_configure(d->agent, conf, error);
	conf_free(conf);
	while (!ret && agent_configuring(d->agent))
		agent_run(d->agent); /* ready is who has all policies */
	return ret;
}

/* ---- again ------------------------------------------------------------------------------------------------------------------------- */

static void *read_file(void *context)
{
	struct daemon_loader *l = context;

	l->conf = conf_load(l->path, l->error);
	eventfd_write(l->fd, 1);
	return NULL;
}

int daemon_open_loader(struct daemon *d)
{
	d->loader.path = d->options->config;
	d->loader.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return d->loader.fd < 0 ? -errno : 0;
}

static void start_reading(struct daemon_loader *l)
{
	l->again = false;
	l->error[0] = '\0';
	l->running = true;
	l->threaded = !pthread_create(&l->thread, NULL, read_file, l);
	if (!l->threaded)
		read_file(l);
}

void daemon_reload(struct daemon *d)
{
	if (d->loader.running)
		d->loader.again = true; /* the file may be another one since */
	else
		start_reading(&d->loader);
}

static struct conf *take(struct daemon_loader *l)
{
	struct conf *conf = l->conf;
	eventfd_t one;

	if (l->threaded)
		pthread_join(l->thread, NULL);
	eventfd_read(l->fd, &one);
	l->running = false;
	l->conf = NULL;
	return conf;
}

bool daemon_loaded(struct daemon *d, int *ret, char error[DAEMON_ERROR_LEN])
{
	struct daemon_loader *l = &d->loader;
	struct conf *conf = take(l);

	if (l->again) { /* what has just been read is old already */
		conf_free(conf);
		start_reading(l);
		return false;
	}
	snprintf(error, DAEMON_ERROR_LEN, "%s", l->error);
	*ret = conf ? agent_configure(d->agent, conf, error) : -EINVAL;
	conf_free(conf);
	if (*ret)
		log_format(&d->log, AGENT_ERROR, "configuration not read again, the old one stays: %s", error);
	else
		log_format(&d->log, AGENT_INFO, "configuration %s read again", d->options->config);
	return true;
}

void daemon_close_loader(struct daemon *d)
{
	if (d->loader.running)
		conf_free(take(&d->loader));
	if (d->loader.fd >= 0)
		close(d->loader.fd);
}
