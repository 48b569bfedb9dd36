// SPDX-License-Identifier: Apache-2.0
// IOVA ranges and the copies in and out of them; see host_memory.h. Lookup is a binary search behind a one-entry cache.
#include "host_memory.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PAGE 4096u
/* Message-signalled interrupts live here in the host's address map; memory may not. */
#define MSI_WINDOW 0xFEE00000u
#define MSI_WINDOW_SIZE 0x100000u

/* The page that faulted is replaced by zeros; mmap is a plain system call on Linux, safe here. */
static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	void *page = (void *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1));

	(void)context;
	if (mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		signal(sig, SIG_DFL);
}

int host_memory_guard(void)
{
	struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};

	return sigaction(SIGBUS, &action, NULL) ? -errno : 0;
}

/* Index of the first range that ends above addr. */
static unsigned int lower_bound(const struct host_memory *hm, uint64_t addr)
{
	unsigned int lo = 0, hi = hm->count;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;
		const struct memory_range *r = &hm->ranges[mid];

		if (r->addr + (r->size - 1) < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int grow(struct host_memory *hm)
{
	unsigned int room = hm->room ? hm->room * 2 : 64;
	struct memory_range *ranges;

	if (hm->count < hm->room)
		return 0;
	if (hm->count >= HOST_MEMORY_MAX_RANGES)
		return -ENOSPC;
	ranges = realloc(hm->ranges, room * sizeof *ranges);
	if (!ranges)
		return -ENOMEM;
	hm->ranges = ranges;
	hm->room = room;
	return 0;
}

static int check_file(int fd, uint64_t offset, uint64_t size)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISREG(st.st_mode) && (offset > (uint64_t)st.st_size || size > (uint64_t)st.st_size - offset))
		return -EINVAL;
	return 0;
}

int host_memory_map(struct host_memory *hm, uint64_t addr, uint64_t size, uint64_t offset, int fd, uint32_t prot)
{
	uint8_t *host = NULL;
	unsigned int at;
	int flags, ret;

	if (size == 0 || (addr | size | offset) % PAGE || addr + (size - 1) < addr || offset > INT64_MAX || size > INT64_MAX - offset)
		return -EINVAL;
	if (addr < MSI_WINDOW + MSI_WINDOW_SIZE && addr + (size - 1) >= MSI_WINDOW)
		return -EINVAL;
	at = lower_bound(hm, addr);
	if (at < hm->count && hm->ranges[at].addr <= addr + (size - 1))
		return -EEXIST;
	ret = grow(hm);
	if (ret)
		return ret;
	if (fd >= 0) {
		ret = check_file(fd, offset, size);
		if (ret)
			return ret;
		flags = (prot & HOST_MEMORY_READ ? PROT_READ : 0) | (prot & HOST_MEMORY_WRITE ? PROT_WRITE : 0);
		host = mmap(NULL, size, flags, MAP_SHARED, fd, (off_t)offset);
		if (host == MAP_FAILED)
			return -errno;
	}
	memmove(&hm->ranges[at + 1], &hm->ranges[at], (hm->count - at) * sizeof *hm->ranges);
	hm->ranges[at] = (struct memory_range){.addr = addr, .size = size, .host = host, .prot = prot};
	hm->count++;
	return 0;
}

static void release(struct memory_range *r)
{
	if (r->host)
		munmap(r->host, r->size);
}

int host_memory_unmap(struct host_memory *hm, uint64_t addr, uint64_t size)
{
	uint64_t last = addr + (size - 1);
	unsigned int from, to;

	if (size == 0 || last < addr)
		return -EINVAL;
	from = to = lower_bound(hm, addr);
	for (; to < hm->count && hm->ranges[to].addr <= last; to++) {
		const struct memory_range *r = &hm->ranges[to];

		if (r->addr < addr || r->addr + (r->size - 1) > last)
			return -EINVAL;
	}
	for (unsigned int i = from; i < to; i++)
		release(&hm->ranges[i]);
	if (to > from)
		memmove(&hm->ranges[from], &hm->ranges[to], (hm->count - to) * sizeof *hm->ranges);
	hm->count -= to - from;
	hm->last = 0;
	return 0;
}

void host_memory_clear(struct host_memory *hm)
{
	for (unsigned int i = 0; i < hm->count; i++)
		release(&hm->ranges[i]);
	free(hm->ranges);
	memset(hm, 0, sizeof *hm);
}

/* The memory at addr and how many bytes follow in its range; NULL when not mapped for prot. */
static uint8_t *find(struct host_memory *hm, uint64_t addr, uint32_t prot, uint64_t *left)
{
	const struct memory_range *r;
	unsigned int at = hm->last;

	if (at >= hm->count || addr < hm->ranges[at].addr || addr - hm->ranges[at].addr >= hm->ranges[at].size)
		at = lower_bound(hm, addr);
	if (at >= hm->count)
		return NULL;
	r = &hm->ranges[at];
	if (addr < r->addr || !r->host || (r->prot & prot) != prot)
		return NULL;
	hm->last = at;
	*left = r->size - (addr - r->addr);
	return r->host + (addr - r->addr);
}

static bool reachable(struct host_memory *hm, uint64_t addr, uint32_t len, uint32_t prot)
{
	uint64_t left;

	while (len) {
		if (!find(hm, addr, prot, &left))
			return false;
		if (left >= len)
			return true;
		addr += left;
		len -= (uint32_t)left;
	}
	return true;
}

int host_memory_read(struct host_memory *hm, uint64_t addr, void *to, uint32_t len)
{
	uint8_t *out = to;
	uint64_t left;

	if (!reachable(hm, addr, len, HOST_MEMORY_READ))
		return -EFAULT;
	while (len) {
		const uint8_t *from = find(hm, addr, HOST_MEMORY_READ, &left);
		uint32_t n = left < len ? (uint32_t)left : len;

		memcpy(out, from, n);
		out += n;
		addr += n;
		len -= n;
	}
	return 0;
}

static void store(uint8_t *to, const uint8_t *from, uint32_t len)
{
	while (len) {
		uint64_t word;

		if (((uintptr_t)to & 7) == 0 && len >= 8) {
			memcpy(&word, from, 8);
			__atomic_store_n((uint64_t *)(void *)to, word, __ATOMIC_RELEASE);
			to += 8;
			from += 8;
			len -= 8;
		} else {
			__atomic_store_n(to++, *from++, __ATOMIC_RELEASE);
			len--;
		}
	}
}

int host_memory_write(struct host_memory *hm, uint64_t addr, const void *from, uint32_t len)
{
	const uint8_t *in = from;
	uint64_t left;

	if (!reachable(hm, addr, len, HOST_MEMORY_WRITE))
		return -EFAULT;
	while (len) {
		uint8_t *to = find(hm, addr, HOST_MEMORY_WRITE, &left);
		uint32_t n = left < len ? (uint32_t)left : len;

		store(to, in, n);
		in += n;
		addr += n;
		len -= n;
	}
	return 0;
}
