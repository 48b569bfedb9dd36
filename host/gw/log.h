/* SPDX-License-Identifier: Apache-2.0 */
/* Lines to standard error, for people. */
#ifndef GW_LOG_H
#define GW_LOG_H

enum gw_level { GW_ERROR, GW_INFO, GW_DEBUG };

/* Levels behind it are not shown. */
void gw_set_level(enum gw_level level);
__attribute__((format(printf, 2, 3))) void gw_log(enum gw_level level, const char *format, ...);

#endif
