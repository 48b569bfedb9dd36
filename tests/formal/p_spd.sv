// SPDX-License-Identifier: Apache-2.0
// proof spd-1-2: bmc 90 FIRST=1 SECOND=2
// proof spd-1-0: bmc 90 FIRST=1 SECOND=0
// proof spd-3-5: bmc 90 FIRST=3 SECOND=5
// A classifier of four rules, two a column, and two bits in each part of the key, from reset on: two rules, any, are written to places FIRST and SECOND (in one
// column, in two; 4 and 5 are the defaults) and committed; one key, any, is looked up in every cycle. Each verdict is the act of the lowest rule that matches
// in one table as a whole: the empty one until `swapped`, then that with both rules, also while the other bank is made. Of the fields only the upper
// bits of destination and destination port, and the direction, are free: p_spd_expand has the rest. 90 cycles go beyond the end of the COMMIT.
`default_nettype none

module p_spd import espalier_pkg::*, spd_pkg::*; #(
    parameter int unsigned FIRST  = 1,
    parameter int unsigned SECOND = 2   // another one
) (
    input logic clk
);
  localparam int unsigned RULES   = 4;
  localparam int unsigned LATENCY = 10;

  // ---- what is free, and stays as it is from the first cycle on ------------------------------------------------------------------------------------
  typedef struct packed {
    logic [1:0] directions;
    logic [1:0] dst;
    logic [1:0] len;
    logic [3:0] lo;
    logic [3:0] hi;
    logic [1:0] action;
    logic       sa;
  } small_t;
  small_t     first_q, second_q;
  logic       inbound_q;
  logic [1:0] dst_q;
  logic [3:0] port_q;
  always_ff @(posedge clk) begin
    {first_q, second_q} <= {first_q, second_q};
    inbound_q           <= inbound_q;
    dst_q               <= dst_q;
    port_q              <= port_q;
  end

  function automatic rule_t full(input small_t s);
    full                      = '0;
    full.sel.scope.directions = s.directions;
    full.sel.scope.families   = 2'b01;
    full.sel.sport            = '{lo: '0, hi: '1};
    full.sel.dport            = '{lo: {s.lo, 12'h0}, hi: {s.hi, 12'hfff}};
    full.sel.dst              = '{addr: {s.dst, 126'h0}, len: 8'(s.len)};
    full.act                  = '{action: action_e'(s.action), sa: 16'(s.sa)};
  endfunction
  always_comb begin
    m_first : assume (first_q.len < 2'd3 && first_q.lo <= first_q.hi);
    m_second : assume (second_q.len < 2'd3 && second_q.lo <= second_q.hi);
  end

  // ---- reset, two WRITEs, COMMIT -----------------------------------------------------------------------------------------------------------------------
  logic       rst, begun_q, ready, swapped, m_valid, pause_q;
  logic [1:0] step_q;
  cmd_t       cmd;
  rsp_t       rsp;
  key_t       key;
  verdict_t   m_verdict;
  initial begun_q = 1'b0;
  always_ff @(posedge clk) begin
    begun_q <= 1'b1;
    pause_q <= rst || rsp.valid;
    step_q  <= rst ? 2'd0 : step_q + 2'(rsp.valid);
  end
  assign rst = !begun_q;
  always_comb begin
    cmd       = '0;
    cmd.valid = ready && !pause_q && step_q != 2'd3;
    cmd.op    = (step_q == 2'd2) ? OP_COMMIT : OP_WRITE;
    cmd.index = (step_q == 2'd0) ? 16'(FIRST) : 16'(SECOND);
    cmd.rule  = full((step_q == 2'd0) ? first_q : second_q);
    key       = '{inbound: inbound_q, v6: 1'b0, proto_known: 1'b1, ports_known: 1'b1, proto: '0, sport: '0, dport: {port_q, 12'h0}, src: '0,
                  dst: {dst_q, 126'h0}};
  end

  spd #(.RULES(RULES), .GROUP(2), .ROW_W(2), .ADDR_PARTS(1)) u_dut (.clk, .rst, .s_valid(!rst), .s_key(key), .m_valid, .m_verdict, .cmd, .rsp, .ready, .swapped);

  // ---- the list, walked ----------------------------------------------------------------------------------------------------------------------------------
  function automatic logic holds(input small_t s, input logic inbound, input logic [1:0] dst, input logic [3:0] port);
    holds = s.directions[inbound] && port >= s.lo && port <= s.hi && (s.len < 2'd1 || s.dst[1] == dst[1]) && (s.len < 2'd2 || s.dst[0] == dst[0]);
  endfunction
  logic     live_q;
  verdict_t expected;
  always_comb begin
    expected = '0;  // DISCARD
    if (live_q) begin
      for (int unsigned i = 0; i < 2; i = i + 1) begin
        if (FIRST == RULES + i && inbound_q == 1'(i)) expected.act = '{action: action_e'(first_q.action), sa: 16'(first_q.sa)};
        if (SECOND == RULES + i && inbound_q == 1'(i)) expected.act = '{action: action_e'(second_q.action), sa: 16'(second_q.sa)};
      end
      for (int i = RULES - 1; i >= 0; i = i - 1) begin
        if (FIRST == i && holds(first_q, inbound_q, dst_q, port_q))
          expected = '{hit: 1'b1, rule: 16'(i), act: '{action: action_e'(first_q.action), sa: 16'(first_q.sa)}, fault: 1'b0};
        if (SECOND == i && holds(second_q, inbound_q, dst_q, port_q))
          expected = '{hit: 1'b1, rule: 16'(i), act: '{action: action_e'(second_q.action), sa: 16'(second_q.sa)}, fault: 1'b0};
      end
    end
    if (!ready) expected.act.action = ACTION_TO_HOST;
  end

  logic [LATENCY-1:0] valid_q;
  verdict_t           expected_q[0:LATENCY-1];
  always_ff @(posedge clk) begin
    live_q        <= !rst && (live_q || swapped);
    valid_q       <= rst ? '0 : {valid_q[LATENCY-2:0], 1'b1};
    expected_q[0] <= expected;
    for (int unsigned i = 1; i < LATENCY; i++) expected_q[i] <= expected_q[i-1];
    if (!rst) begin
      a_valid : assert (m_valid == valid_q[LATENCY-1]);
      a_verdict : assert (!m_valid || m_verdict == expected_q[LATENCY-1]);
      a_result : assert (!rsp.valid || rsp.result == RESULT_OK);
    end
  end
endmodule

`default_nettype wire
