/* SPDX-License-Identifier: Apache-2.0 */
#include "rights.h"

#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "device_access.h"
#include "log.h"

#define SERVE PRIVILEGE(CAP_NET_ADMIN)			    /* TUN device, routes, filter, marks of sockets */
#define START (SERVE | PRIVILEGE(CAP_DAC_OVERRIDE)) /* and files of root: VFIO's groups, sockets of simulators */

int rights_start(struct gw *gw, char *error)
{
	return privileges_become(&gw->identity, START, error);
}

int rights_serve(struct gw *gw, char *error)
{
	const struct gw_options *o = gw->options;
	char path[PATH_MAX];
	int ret = privileges_keep(&gw->identity, SERVE, error);

	if (ret)
		return ret;
	gw_log(GW_INFO, "running as %s", gw->identity.name);
	ret = device_access(o->device, path);
	if (ret)
		gw_log(GW_ERROR, "%s cannot open %s (%s): a card that is lost comes back by a restart only", gw->identity.name, path, strerror(-ret));
	ret = o->stats ? gw_counters_check(o->stats) : 0;
	if (ret)
		snprintf(error, ESPALIER_ERROR_LEN, "%.200s: cannot be written by %s: %s.", o->stats, gw->identity.name, strerror(-ret));
	return ret;
}
