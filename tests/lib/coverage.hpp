// SPDX-License-Identifier: Apache-2.0
// What of the RTL ran in a model, at its end, of models built with COVER=1 (docs/verification.md): added to the file of that top in the folder
// $ESPALIER_COVERAGE. Models end often, and in many processes: a file each would be gigabytes.
#pragma once
#include "verilated.h"

#if VM_COVERAGE
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <string>
#include <sys/file.h>
#include <unistd.h>
#include "verilated_cov.h"

// Lines "C 'KEYS' COUNT".
static inline void coverage_add(const std::string &path, std::map<std::string, uint64_t> &counts)
{
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        size_t end = line.rfind(' ');
        if (line[0] == 'C' && end != std::string::npos)
            counts[line.substr(0, end)] += std::stoull(line.substr(end + 1));
    }
}

static inline void coverage_write(VerilatedContext *context, const char *top)
{
    const char *folder = std::getenv("ESPALIER_COVERAGE");
    if (!folder)
        return;
    const std::string path = std::string(folder) + "/" + top, own = path + "." + std::to_string(getpid());
    std::map<std::string, uint64_t> counts;
    int lock = open((path + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    if (lock < 0 || flock(lock, LOCK_EX) < 0)
        std::abort();
    context->coveragep()->write(own);
    coverage_add(path + ".dat", counts);
    coverage_add(own, counts);
    {
        std::ofstream file(own);
        file << "# SystemC::Coverage-3\n";
        for (const auto &count : counts)
            file << count.first << ' ' << count.second << '\n';
    }
    if (std::rename(own.c_str(), (path + ".dat").c_str()))
        std::abort();
    close(lock);
}
#else
static inline void coverage_write(VerilatedContext *, const char *)
{
}
#endif
