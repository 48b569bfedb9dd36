// SPDX-License-Identifier: Apache-2.0
// proof replay_update: induction 8
// One number of one SA, any of them, is followed: it is accepted at most once until the SA is written anew, whatever else comes, and the
// state changes by a packet only when it is accepted.
`default_nettype none

module p_replay_update (
    input logic        clk,
    input logic        rst,
    input logic        s_valid,
    input logic [15:0] s_sa,
    input logic [63:0] s_seq,
    input logic [7:0]  s_window,
    input sa_pkg::seq_req_t seq_req,
    input logic [63:0] number_any
);
  logic [1:0]   m_verdict;
  logic         wr_valid;
  logic [0:0]   wr_sa;
  sa_pkg::replay_word_t wr_word;
  sa_pkg::seq_rsp_t seq_rsp;

  p_reset u_reset (.*);
  replay_update #(.SA_ENTRIES(2)) u_dut (.*, .s_verified(s_valid));

  // SA 0 and the number are watched.
  logic [63:0] number_q;
  logic        begun_q = 1'b0;
  logic        accepted_q, busy;
  always_ff @(posedge clk) begin
    begun_q <= 1'b1;
    number_q <= begun_q ? number_q : number_any;
  end
  logic accept, holds;

  assign busy = s_valid || (|u_dut.valid_q);

  always_comb begin
    m_reset_once : assume (rst == !begun_q);
    m_spaced : assume (!(s_valid && u_dut.valid_q[0]));
    m_window : assume (s_window != '0 && s_window <= 8'd128);
    // The manager writes an SA when no packet of it is inside.
    m_manager : assume (!(seq_req.valid && seq_req.write && !seq_req.sa[0] && busy));
  end

  assign accept = u_dut.valid_q[2] && u_dut.fresh && !u_dut.sa3_q[0] && u_dut.seq3_q == number_q;
  // What is accepted is at or below the top, and beyond every window or marked: in the memory, unless a write is on its way, and in each
  // state that a later packet may be given instead.
  function automatic logic counted(input sa_pkg::replay_state_t state);
    counted = number_q <= state.top && (state.top - number_q >= 64'd128 || state.seen[number_q[6:0]]);
  endfunction
  assign holds = !accepted_q || (((u_dut.write4_q && !u_dut.sa4_q[0]) || counted(u_dut.u_state.mem[0][191:0])) &&
                 (!(u_dut.valid_q[3] && !u_dut.sa4_q[0]) || counted(u_dut.state4_q)) &&
                 (!(u_dut.valid_q[4] && !u_dut.sa5_q[0]) || counted(u_dut.state5_q)));

  always_ff @(posedge clk) begin
    if (rst || (seq_req.valid && seq_rsp.ready && seq_req.write && !seq_req.sa[0])) accepted_q <= 1'b0;
    else if (accept) accepted_q <= 1'b1;
    if (!rst) begin
      a_once : assert (!(accept && accepted_q));
      a_state : assert (holds);
    end
  end
endmodule

`default_nettype wire
