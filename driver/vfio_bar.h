/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses to a mapped BAR that survive its loss. While a device is pulled, unbound or reset, the kernel takes the mapping's pages away, and an
 * access raises SIGBUS. The handler, one for the process, ends the access and nothing else; a SIGBUS from elsewhere goes where it went before.
 */
#ifndef ESPALIER_VFIO_BAR_H
#define ESPALIER_VFIO_BAR_H

#include <stdbool.h>
#include <stdint.h>

/* Install the handler, if it is not there. 0 or negative errno. */
int bar_guard(void);

/* false: there is nothing behind reg any more. A read comes before what follows it, a write after what precedes it. */
bool bar_read(const volatile uint32_t *reg, uint32_t *value);
bool bar_write(volatile uint32_t *reg, uint32_t value);

#endif
