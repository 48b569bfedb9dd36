// SPDX-License-Identifier: Apache-2.0
// The classifier, its state laid open (tests/lib/secrets.h), and a cosmic ray for the one bit that says which bank packets read.
#include "Vspd_tb.h"
#include "Vspd_tb__Syms.h"
#include "shim.hpp"

DUT_BOILERPLATE(Vspd_tb)
DUT_PORT(rst)
DUT_PORT(rules)
DUT_PORT(s_valid)
DUT_PORT(s_inbound)
DUT_PORT(s_v6)
DUT_PORT(s_proto_known)
DUT_PORT(s_ports_known)
DUT_PORT(s_proto)
DUT_PORT(s_sport)
DUT_PORT(s_dport)
DUT_PORT(s_src)
DUT_PORT(s_dst)
DUT_PORT(m_valid)
DUT_PORT(m_hit)
DUT_PORT(m_rule)
DUT_PORT(m_action)
DUT_PORT(m_sa)
DUT_PORT(m_fault)
DUT_PORT(cmd_valid)
DUT_PORT(cmd_op)
DUT_PORT(cmd_index)
DUT_PORT(cmd_directions)
DUT_PORT(cmd_families)
DUT_PORT(cmd_proto_kind)
DUT_PORT(cmd_proto)
DUT_PORT(cmd_sport_lo)
DUT_PORT(cmd_sport_hi)
DUT_PORT(cmd_dport_lo)
DUT_PORT(cmd_dport_hi)
DUT_PORT(cmd_src)
DUT_PORT(cmd_src_len)
DUT_PORT(cmd_dst)
DUT_PORT(cmd_dst_len)
DUT_PORT(cmd_action)
DUT_PORT(cmd_sa)
DUT_PORT(rsp_valid)
DUT_PORT(rsp_result)
DUT_PORT(rsp_index)
DUT_PORT(ready)
DUT_PORT(swapped)

extern "C" uint8_t *dut_state(size_t *len)
{
    *len = sizeof(Vspd_tb__Syms);
    return reinterpret_cast<uint8_t *>(top->rootp->vlSymsp);
}

extern "C" void dut_flip_bank(void)
{
    top->rootp->spd_tb__DOT__u_spd__DOT__u_writer__DOT__bank_q ^= 1;
}
