/* SPDX-License-Identifier: Apache-2.0 */
/* Memory with keys stays out of files. */
#ifndef PROCESS_NO_CORE_H
#define PROCESS_NO_CORE_H

/* No core file of this process and its children, nor ptrace by others of its user. 0 or a negative errno value. */
int no_core(void);

#endif
