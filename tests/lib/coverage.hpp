// SPDX-License-Identifier: Apache-2.0
// What of the RTL ran in a model, at its end, as a file of its own in the folder $ESPALIER_COVERAGE (docs/verification.md); of models built with COVER=1.
#pragma once
#include "verilated.h"

#if VM_COVERAGE
#include <cstdlib>
#include <string>
#include <unistd.h>
#include "verilated_cov.h"

static inline void coverage_write(VerilatedContext *context, const char *top)
{
    static int number;  // a program may make a model many times
    const char *folder = std::getenv("ESPALIER_COVERAGE");
    if (folder)
        context->coveragep()->write(std::string(folder) + "/" + top + "." + std::to_string(getpid()) + "." + std::to_string(number++) + ".dat");
}
#else
static inline void coverage_write(VerilatedContext *, const char *)
{
}
#endif
