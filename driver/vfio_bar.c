/* SPDX-License-Identifier: Apache-2.0 */
/* See vfio_bar.h. The handler jumps back into the access of its own thread; the signal stays unblocked, so that the next fault is handled too. */
#include "vfio_bar.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction earlier;
static __thread sigjmp_buf *volatile access_under_way;

static void on_sigbus(int number, siginfo_t *info, void *context)
{
	if (access_under_way)
		siglongjmp(*access_under_way, 1);
	if (earlier.sa_flags & SA_SIGINFO)
		earlier.sa_sigaction(number, info, context);
	else if (earlier.sa_handler != SIG_DFL && earlier.sa_handler != SIG_IGN)
		earlier.sa_handler(number);
	else
		signal(number, SIG_DFL); /* the access is tried again, and ends the process as it would have */
}

int bar_guard(void)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER }, now;
	int ret;

	sigemptyset(&action.sa_mask);
	pthread_mutex_lock(&lock);
	ret = sigaction(SIGBUS, NULL, &now);
	if (!ret && !(now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_sigbus)) {
		earlier = now;
		ret = sigaction(SIGBUS, &action, NULL);
	}
	ret = ret ? -errno : 0;
	pthread_mutex_unlock(&lock);
	return ret;
}

bool bar_read(const volatile uint32_t *reg, uint32_t *value)
{
	sigjmp_buf back;

	if (sigsetjmp(back, 0)) {
		access_under_way = NULL;
		return false;
	}
	access_under_way = &back;
	*value = *reg;
	access_under_way = NULL;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return true;
}

bool bar_write(volatile uint32_t *reg, uint32_t value)
{
	sigjmp_buf back;

	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (sigsetjmp(back, 0)) {
		access_under_way = NULL;
		return false;
	}
	access_under_way = &back;
	*reg = value;
	access_under_way = NULL;
	return true;
}
