// SPDX-License-Identifier: Apache-2.0
// The Verilated card behind card.h: all the C++ that the simulator has. One cycle costs two evaluations: card_settle with the clock low
// (which also takes the falling edge), card_rise with it high.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "Vcard.h"
#include "coverage.hpp"
#include "verilated.h"
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

extern "C" {
#include "card.h"
}

static std::unique_ptr<VerilatedContext> context;
static std::unique_ptr<Vcard> top;
static struct card_ports ports;  // "struct": there is a function of this name too

// Wide ports are arrays of words, narrow ones plain integers; both are reached by their first byte's address.
template <typename To, typename Port> static To *reach(Port &port)
{
    return reinterpret_cast<To *>(&port);
}

#define STREAM(MEMBER, NAME)                                                                                                       \
    ports.MEMBER = {reach<uint32_t>(top->NAME##_tdata), reach<uint16_t>(top->NAME##_tkeep), reach<uint32_t>(top->NAME##_tuser),        \
                    reach<uint8_t>(top->NAME##_tlast), reach<uint8_t>(top->NAME##_tvalid), reach<uint8_t>(top->NAME##_tready)}

#if VM_TRACE
static std::unique_ptr<VerilatedFstC> waves;

static void trace_open(const char *path)
{
    context->traceEverOn(true);
    waves = std::make_unique<VerilatedFstC>();
    top->trace(waves.get(), 99);
    waves->open(path);
}

static void trace_dump()
{
    if (waves)
        waves->dump(context->time());
}

static void trace_close()
{
    if (waves)
        waves->close();
    waves.reset();
}
#else
static void trace_open(const char *)
{
    std::fputs("espalier-sim: this one writes no waveforms; espalier-sim-trace does\n", stderr);
    std::exit(EXIT_FAILURE);
}

static void trace_dump()
{
}

static void trace_close()
{
}
#endif

static void advance(uint8_t clk)
{
    context->timeInc(2000);  // half a period of 4 ns, in ps
    top->clk = clk;
    top->eval();
    trace_dump();
}

extern "C" void card_open(const char *trace)
{
    context = std::make_unique<VerilatedContext>();
    top = std::make_unique<Vcard>(context.get());
    if (trace)
        trace_open(trace);
    STREAM(cq, s_axis_cq);
    STREAM(cc, m_axis_cc);
    STREAM(rq, m_axis_rq);
    STREAM(rc, s_axis_rc);
    ports.rst = &top->rst;
    ports.rq_seq_num[0] = &top->pcie_rq_seq_num0;
    ports.rq_seq_num[1] = &top->pcie_rq_seq_num1;
    ports.rq_seq_num_vld[0] = &top->pcie_rq_seq_num_vld0;
    ports.rq_seq_num_vld[1] = &top->pcie_rq_seq_num_vld1;
    ports.cfg_mgmt_addr = &top->cfg_mgmt_addr;
    ports.cfg_mgmt_read = &top->cfg_mgmt_read;
    ports.cfg_mgmt_read_data = &top->cfg_mgmt_read_data;
    ports.cfg_mgmt_read_write_done = &top->cfg_mgmt_read_write_done;
    ports.cfg_max_payload = &top->cfg_max_payload;
    ports.cfg_max_read_req = &top->cfg_max_read_req;
    ports.cfg_rcb_status = &top->cfg_rcb_status;
    ports.cfg_bus_master_enable = &top->cfg_bus_master_enable;
    ports.cfg_flr_in_process = &top->cfg_flr_in_process;
    ports.cfg_flr_done = &top->cfg_flr_done;
    ports.cfg_msix_enable = &top->cfg_msix_enable;
    ports.cfg_msix_mask = &top->cfg_msix_mask;
    top->clk = 0;
    top->eval();
}

extern "C" const struct card_ports *card_ports(void)
{
    return &ports;
}

extern "C" void card_settle(void)
{
    advance(0);
}

extern "C" void card_rise(void)
{
    advance(1);
}

extern "C" void card_close(void)
{
    top->final();
    coverage_write(context.get(), "card");
    trace_close();
    top.reset();
    context.reset();
}
