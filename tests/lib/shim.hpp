// SPDX-License-Identifier: Apache-2.0
// The whole of the C++ that a Verilated block needs to be driven from a C test: make it, clock it, trace it, and reach its ports.
// A bench's shim is one file: #include "V<top>.h", this header, DUT_BOILERPLATE(V<top>), and DUT_PORT(x) for each port x but clk.
// The C side declares what it uses through DUT_PORT and P8, P16, P32, P64, PW of dut.h. Ports up to 8, 16, 32, 64 bits are uint8_t, uint16_t, uint32_t, uint64_t;
// wider ones are arrays of uint32_t words, least significant first (so byte 0 of a packet is the low byte of word 0).
#pragma once
#include <cstdint>
#include <cstdlib>
#include <memory>
#include "verilated.h"
#include "coverage.hpp"
#if VM_TRACE
#include "verilated_fst_c.h"
#define DUT_TRACE_OPEN(path)                          \
    if (path) {                                       \
        context->traceEverOn(true);                   \
        waves = new VerilatedFstC();                  \
        top->trace(waves, 99);                        \
        waves->open(path);                            \
    }
#define DUT_TRACE_DUMP if (waves) waves->dump(context->time())
// Deleted here and not at exit: Verilator's own globals may be gone by then.
#define DUT_TRACE_CLOSE if (waves) { waves->close(); delete waves; waves = nullptr; }
#define DUT_TRACE_MEMBER static VerilatedFstC *waves
#else
#include <cstdio>
#define DUT_TRACE_OPEN(path) if (path) std::fprintf(stderr, "%s: this test writes no waveform; `make wave` builds one that does\n", path);
#define DUT_TRACE_DUMP
#define DUT_TRACE_CLOSE
#define DUT_TRACE_MEMBER
#endif

// dut_open(path): a new model, all inputs 0; path names an FST trace (of a model with waveforms), or NULL. dut_edge(): one rising and one falling clock edge;
// inputs written before it are seen by the rising edge, outputs read after it are settled. dut_settle(): combinational outputs only.
#define DUT_BOILERPLATE(VTOP)                                                              \
    static std::unique_ptr<VerilatedContext> context;                                      \
    static std::unique_ptr<VTOP> top;                                                      \
    DUT_TRACE_MEMBER;                                                                      \
    extern "C" void dut_open(const char *path) {                                           \
        context = std::make_unique<VerilatedContext>();                                    \
        top = std::make_unique<VTOP>(context.get());                                       \
        DUT_TRACE_OPEN(path)                                                               \
        top->clk = 0;                                                                      \
        top->eval();                                                                       \
    }                                                                                      \
    extern "C" void dut_settle(void) { top->eval(); }                                      \
    extern "C" void dut_edge(void) {                                                       \
        top->eval();                                                                       \
        context->timeInc(2);                                                               \
        top->clk = 1;                                                                      \
        top->eval();                                                                       \
        DUT_TRACE_DUMP;                                                                    \
        context->timeInc(2);                                                               \
        top->clk = 0;                                                                      \
        top->eval();                                                                       \
        DUT_TRACE_DUMP;                                                                    \
    }                                                                                      \
    extern "C" void dut_close(void) {                                                      \
        top->final();                                                                      \
        coverage_write(context.get(), #VTOP);                                              \
        DUT_TRACE_CLOSE                                                                    \
        top.reset();                                                                       \
        context.reset();                                                                   \
    }

#define DUT_PORT(NAME) extern "C" void *dut_##NAME(void) { return &top->NAME; }
