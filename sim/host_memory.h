/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory that the card may reach: ranges of IO virtual addresses, mapped from the client's file descriptors.
 * A range mapped without a descriptor is remembered, so that it can be unmapped, but nothing answers there (reads: UR, writes: dropped):
 * serving it would need DMA messages, and then a register read could wait for the client that waits for it.
 * A client that shrinks its file under a mapping costs itself the page, never the simulator its life.
 */
#ifndef SIM_HOST_MEMORY_H
#define SIM_HOST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_MEMORY_READ 0x1u  /* the card may read */
#define HOST_MEMORY_WRITE 0x2u /* the card may write */
#define HOST_MEMORY_MAX_RANGES 65535u

struct memory_range {
	uint64_t addr;
	uint64_t size;
	uint8_t *host; /* NULL: no memory behind it */
	uint32_t prot;
};

struct host_memory {
	struct memory_range *ranges; /* sorted by addr */
	unsigned int count;
	unsigned int room;
	unsigned int last; /* index of the last hit */
};

/* Lets reads of vanished pages return zeros instead of ending the process (SIGBUS); once at start. */
int host_memory_guard(void);

/*
 * Maps size bytes at offset of fd to addr. fd stays the caller's; -1: no memory behind it. addr, size, offset: multiples of 4096.
 * -EINVAL (alignment, wrap, beyond the file's end, message address window), -EEXIST (overlap), -ENOSPC (too many), or mmap's error.
 */
int host_memory_map(struct host_memory *hm, uint64_t addr, uint64_t size, uint64_t offset, int fd, uint32_t prot);
/* Unmaps all whole ranges inside. No range there is fine. -EINVAL: it would cut a range in two. */
int host_memory_unmap(struct host_memory *hm, uint64_t addr, uint64_t size);
void host_memory_clear(struct host_memory *hm);

/* 0, or -EFAULT when a byte is not mapped for this access (nothing is copied then). */
int host_memory_read(struct host_memory *hm, uint64_t addr, void *to, uint32_t len);
/* Bytes become visible in ascending order, aligned 8-byte words whole: a completion's phase never before the rest of it. */
int host_memory_write(struct host_memory *hm, uint64_t addr, const void *from, uint32_t len);

#endif
