// SPDX-License-Identifier: Apache-2.0
// proof encap_seq: induction 8
// The numbers that one SA sends rise by one, from what the manager wrote, and the end of the space is told before it is passed.
`default_nettype none

module p_encap_seq (
    input logic             clk,
    input logic             rst,
    input logic             look_valid,
    input logic [15:0]      look_sa,
    input logic             want,
    input sa_pkg::seq_req_t seq_req
);
  logic [63:0]      seq;
  logic             used_up_32, used_up_64, bad, send, busy;
  sa_pkg::seq_rsp_t seq_rsp;
  assign send = want && !used_up_64 && !bad;

  p_reset u_reset (.*);
  esp_encap_seq #(.SA_ENTRIES(2)) u_dut (.*);

  // SA 0 is watched. The manager writes an SA when none of its packets is inside.
  assign busy = look_valid || u_dut.valid1_q || u_dut.valid2_q || u_dut.valid3_q || u_dut.wr4_q;
  always_comb begin
    m_spaced : assume (!(look_valid && u_dut.valid1_q));
    m_manager : assume (!(seq_req.valid && seq_req.write && busy));
  end

  logic        known_q, sends;
  logic [63:0] last_q;
  assign sends = u_dut.valid3_q && send && !u_dut.sa3_q[0];
  always_ff @(posedge clk) begin
    if (rst) known_q <= 1'b0;
    else if (seq_req.valid && seq_req.write && !seq_req.sa[0] && seq_rsp.ready) known_q <= 1'b1;
    if (seq_req.valid && seq_req.write && !seq_req.sa[0] && seq_rsp.ready) last_q <= seq_req.seq;
    else if (sends) last_q <= seq;
    if (!rst && known_q) begin
      a_next : assert (!sends || seq == last_q + 64'd1);
      a_rises : assert (!sends || seq > last_q);
      a_end : assert (!(u_dut.valid3_q && !u_dut.sa3_q[0]) || (used_up_64 == (last_q == '1) && used_up_32 == (last_q[31:0] == '1)));
      // Helps the proof: the newest word is the last number.
      a_word : assert (((u_dut.wr4_q && !u_dut.wsa4_q[0]) ? u_dut.wseq4_q : u_dut.u_ram.mem[0][63:0]) == last_q);
    end
  end
endmodule

`default_nettype wire
