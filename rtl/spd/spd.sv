// SPDX-License-Identifier: Apache-2.0
// The security policy database as packets see it (RFC 4301, 4.4.1, 5.1, 5.2): an ordered list of RULES rules, the lowest number that matches wins; where
// none does the default of the packet's direction. A lookup every cycle, LATENCY cycles, never stalled.
//
//   spd_vectors  bit vectors: which rules match         spd_first  the lowest of them         acts  what it says
//   spd_writer   commands of the host: replacement of one rule or of all in one step, of a rule's SA in one step
//
// Until `ready` every verdict is TO_HOST, as of what fails its parity. After reset no rule is there and both defaults are DISCARD (RFC 4301, 5.1).
`default_nettype none

module spd import espalier_pkg::*, spd_pkg::*; #(
    parameter int unsigned RULES      = 256,          // a power of two, at least two GROUPs
    parameter int unsigned GROUP      = 8,            // rules that share a parity bit and are made together; 8 fits a block RAM. A power of two
    parameter int unsigned ROW_W      = 8,            // bits of a part of the key; fewer for proofs alone: then the upper bits of each field count
    parameter int unsigned ADDR_PARTS = 128 / ROW_W   // parts of an address; fewer for proofs alone
) (
    input  logic     clk,
    input  logic     rst,

    input  logic     s_valid,
    input  key_t     s_key,
    output logic     m_valid,      // LATENCY cycles behind s_valid
    output verdict_t m_verdict,    // with m_valid

    input  cmd_t     cmd,
    output rsp_t     rsp,
    output logic     ready,        // 0 from reset until the memories are zero; commands wait
    output logic     swapped       // one cycle: keys of later cycles meet the table that was committed
);

  localparam int unsigned LATENCY  = 10;
  localparam int unsigned VECTORS  = 2 * ADDR_PARTS + 12;
  localparam int unsigned GROUPS   = RULES / GROUP;
  localparam int unsigned RULE_LOG = $clog2(RULES);
  localparam int unsigned ACT_AT   = 7;  // the cycle in which the rule's number is known and its act is read

  // What goes beside a lookup.
  typedef struct packed {
    logic bank;
    logic believed;  // the tables are there and the bank is sure
    logic bank_bad;
    logic inbound;
  } beside_t;

  logic [LATENCY-1:0] valid_q;
  beside_t            beside_q[1:LATENCY-1];
  logic               bank, bank_bad;

  logic [GROUPS-1:0]        wr_groups;
  logic                     wr_bank;
  logic [ROW_W-1:0]         wr_row;
  logic [VECTORS*GROUP-1:0] wr_bits;
  logic                     act_wr;
  logic [RULE_LOG+1:0]      act_wr_addr, act_addr;
  logic [ACT_W:0]           act_wr_word, act_word;

  logic [RULES-1:0]    match;
  logic                bad6, bad7_q, bad8_q, bad9_q;
  logic                hit, hit8_q, hit9_q;
  logic [RULE_LOG-1:0] first, rule8_q, rule9_q;
  verdict_t            verdict_q;
  logic                fault;

  spd_writer #(
      .RULES(RULES), .GROUP(GROUP), .ROW_W(ROW_W), .ADDR_PARTS(ADDR_PARTS)
  ) u_writer (
      .clk, .rst, .cmd, .rsp, .ready, .bank, .bank_bad, .swapped, .wr_groups, .wr_bank, .wr_row, .wr_bits, .act_wr, .act_wr_addr, .act_wr_word
  );

  // ---- cycles 1 to 6 ------------------------------------------------------------------------------------------------------------------------
  spd_vectors #(
      .RULES(RULES), .GROUP(GROUP), .ROW_W(ROW_W), .ADDR_PARTS(ADDR_PARTS)
  ) u_vectors (
      .clk, .s_valid(s_valid && ready), .s_key, .s_bank(bank), .match, .bad(bad6), .wr_groups, .wr_bank, .wr_row, .wr_bits
  );

  // ---- cycles 6 and 7 -----------------------------------------------------------------------------------------------------------------------
  spd_first #(
      .WIDTH(RULES)
  ) u_first (
      .clk, .word(match), .any(hit), .first
  );

  // ---- cycles 7 to 10: the act. Of one that is written in the same cycle the old is read: a packet meets one of them, whole --------------------
  assign act_addr = {beside_q[ACT_AT].bank, !hit, hit ? first : RULE_LOG'(beside_q[ACT_AT].inbound)};

  ram_sdp #(
      .WIDTH(ACT_W + 1), .DEPTH(4 * RULES), .READ_LATENCY(2), .OLD_WORD(1'b1), .STYLE("block")
  ) u_acts (
      .clk, .wr_en(act_wr), .wr_addr(act_wr_addr), .wr_strb(1'b1), .wr_data(act_wr_word), .rd_en(valid_q[ACT_AT-1]), .rd_addr(act_addr), .rd_data(act_word)
  );

  assign fault = bad9_q || ^act_word || beside_q[9].bank_bad;

  always_ff @(posedge clk) begin
    if (rst) valid_q <= '0;
    else valid_q <= {valid_q[LATENCY-2:0], s_valid};
    beside_q[1] <= '{bank: bank, believed: ready && !rst, bank_bad: bank_bad, inbound: s_key.inbound};
    for (int unsigned i = 2; i < LATENCY; i++) beside_q[i] <= beside_q[i-1];
    {bad9_q, bad8_q, bad7_q} <= {bad8_q, bad7_q, bad6};
    {hit9_q, hit8_q}         <= {hit8_q, hit};
    {rule9_q, rule8_q}       <= {rule8_q, first};

    verdict_q <= '0;
    verdict_q.act.action <= ACTION_TO_HOST;
    if (beside_q[9].believed) begin
      verdict_q.fault <= fault;
      if (!fault) begin
        verdict_q.hit  <= hit9_q;
        verdict_q.rule <= hit9_q ? 16'(rule9_q) : '0;
        verdict_q.act  <= act_t'(act_word[ACT_W-1:0]);
      end
    end
  end

  assign m_valid   = valid_q[LATENCY-1];
  assign m_verdict = verdict_q;

`ifndef SYNTHESIS
  // The bank that a packet reads is written only by the one word of an ACT.
  logic row_written, act_written;
  assign row_written = wr_groups != '0 && valid_q[0] && beside_q[1].believed && wr_bank == beside_q[1].bank;
  assign act_written = act_wr && valid_q[ACT_AT-1] && beside_q[ACT_AT].believed && act_wr_addr[RULE_LOG+1] == beside_q[ACT_AT].bank;
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_rows : assert (!row_written || bank_bad) else $error("spd: rows are written that a packet reads");
      a_acts : assert (!act_written || bank_bad || cmd.op == OP_ACT) else $error("spd: acts are written that a packet reads");
      a_safe : assert (!(m_valid && m_verdict.fault) || m_verdict.act.action == ACTION_TO_HOST) else $error("spd: a fault let a packet through");
    end
  end
`endif

endmodule

`default_nettype wire
