/* SPDX-License-Identifier: Apache-2.0 */
#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE_LENGTH 2000 /* packets the kernel holds while the card is busy */

static int fail(char *error, int code, const char *name, const char *what)
{
	snprintf(error, 256, "TUN device %s, %s: %s.", name, what, strerror(-code));
	return code;
}

/* An ioctl on the device by its name. */
static int ask(const char *name, unsigned long request, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret;

	if (fd < 0)
		return -errno;
	memset(ifr->ifr_name, 0, sizeof(ifr->ifr_name));
	memcpy(ifr->ifr_name, name, strnlen(name, IF_NAMESIZE - 1));
	ret = ioctl(fd, request, ifr) ? -errno : 0;
	close(fd);
	return ret;
}

/* Without it the kernel sends router solicitations into the tunnel. No matter if the kernel has no IPv6. */
static void disable_ipv6(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "1", 1);
	close(fd);
}

int tun_set_up(struct gw_tun *tun)
{
	struct ifreq ifr = { .ifr_qlen = QUEUE_LENGTH };
	int ret = ask(tun->name, SIOCSIFTXQLEN, &ifr);

	if (!ret)
		ret = ask(tun->name, SIOCGIFINDEX, &ifr);
	tun->index = ifr.ifr_ifindex;
	ifr.ifr_mtu = tun->mtu;
	if (!ret)
		ret = ask(tun->name, SIOCSIFMTU, &ifr);
	if (!ret)
		ret = ask(tun->name, SIOCGIFFLAGS, &ifr);
	ifr.ifr_flags |= IFF_UP;
	return ret ? ret : ask(tun->name, SIOCSIFFLAGS, &ifr);
}

int tun_open(struct gw_tun *tun, const char *name, uint16_t mtu, char *error)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL };
	int ret;

	*tun = (struct gw_tun){ .fd = -1 };
	if (!name[0] || strlen(name) >= IF_NAMESIZE || strchr(name, '%') || strchr(name, '/'))
		return fail(error, -EINVAL, name, "name");
	strcpy(tun->name, name);
	strcpy(ifr.ifr_name, name);
	tun->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun->fd < 0)
		return fail(error, -errno, name, "/dev/net/tun");
	if (ioctl(tun->fd, TUNSETIFF, &ifr)) {
		ret = fail(error, -errno, name, "creation");
		tun_close(tun);
		return ret;
	}
	disable_ipv6(name);
	tun->mtu = mtu;
	ret = tun_set_up(tun);
	if (ret) {
		fail(error, ret, name, "settings");
		tun_close(tun);
	}
	return ret;
}

void tun_close(struct gw_tun *tun)
{
	if (tun->fd >= 0)
		close(tun->fd);
	tun->fd = -1;
}
