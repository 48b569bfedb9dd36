// SPDX-License-Identifier: Apache-2.0
// spd with flat ports.
`default_nettype none

module spd_tb import spd_pkg::*; #(
    parameter int unsigned RULES = 256
) (
    input  logic         clk,
    input  logic         rst,
    output logic [15:0]  rules,

    input  logic         s_valid,
    input  logic         s_inbound,
    input  logic         s_v6,
    input  logic         s_proto_known,
    input  logic         s_ports_known,
    input  logic [7:0]   s_proto,
    input  logic [15:0]  s_sport,
    input  logic [15:0]  s_dport,
    input  logic [127:0] s_src,
    input  logic [127:0] s_dst,
    output logic         m_valid,
    output logic         m_hit,
    output logic [15:0]  m_rule,
    output logic [1:0]   m_action,
    output logic [15:0]  m_sa,
    output logic         m_fault,

    input  logic         cmd_valid,
    input  logic [2:0]   cmd_op,
    input  logic [15:0]  cmd_index,
    input  logic [1:0]   cmd_directions,
    input  logic [1:0]   cmd_families,
    input  logic [1:0]   cmd_proto_kind,
    input  logic [7:0]   cmd_proto,
    input  logic [15:0]  cmd_sport_lo,
    input  logic [15:0]  cmd_sport_hi,
    input  logic [15:0]  cmd_dport_lo,
    input  logic [15:0]  cmd_dport_hi,
    input  logic [127:0] cmd_src,
    input  logic [7:0]   cmd_src_len,
    input  logic [127:0] cmd_dst,
    input  logic [7:0]   cmd_dst_len,
    input  logic [1:0]   cmd_action,
    input  logic [15:0]  cmd_sa,
    output logic         rsp_valid,
    output logic [1:0]   rsp_result,
    output logic [15:0]  rsp_index,
    output logic         ready,
    output logic         swapped
);

  key_t     s_key;
  verdict_t m_verdict;
  cmd_t     cmd;
  rsp_t     rsp;

  assign rules = 16'(RULES);
  assign s_key = '{inbound: s_inbound, v6: s_v6, proto_known: s_proto_known, ports_known: s_ports_known, proto: s_proto, sport: s_sport,
                   dport: s_dport, src: s_src, dst: s_dst};
  assign {m_hit, m_rule, m_action, m_sa, m_fault} = m_verdict;
  assign {rsp_valid, rsp_result, rsp_index} = rsp;

  always_comb begin
    cmd.valid                     = cmd_valid;
    cmd.op                        = cmd_op;
    cmd.index                     = cmd_index;
    cmd.rule.sel.scope.directions = cmd_directions;
    cmd.rule.sel.scope.families   = cmd_families;
    cmd.rule.sel.scope.proto_kind = cmd_proto_kind;
    cmd.rule.sel.proto            = cmd_proto;
    cmd.rule.sel.sport            = '{lo: cmd_sport_lo, hi: cmd_sport_hi};
    cmd.rule.sel.dport            = '{lo: cmd_dport_lo, hi: cmd_dport_hi};
    cmd.rule.sel.src              = '{addr: cmd_src, len: cmd_src_len};
    cmd.rule.sel.dst              = '{addr: cmd_dst, len: cmd_dst_len};
    cmd.rule.act                  = '{action: action_e'(cmd_action), sa: cmd_sa};
  end

  spd #(
      .RULES(RULES)
  ) u_spd (
      .clk, .rst, .s_valid, .s_key, .m_valid, .m_verdict, .cmd, .rsp, .ready, .swapped
  );

endmodule

`default_nettype wire
