// SPDX-License-Identifier: Apache-2.0
// proof axis_widen-2: pdr RATIO=2
// proof axis_widen-4: pdr RATIO=4
// Narrow beats fill the wide one from the bottom; what a packet's last one does not fill is zero; the output keeps AXI's rule.
`default_nettype none

module p_axis_widen #(
    parameter int unsigned RATIO = 2
) (
    input logic       clk,
    input logic       rst,
    input logic       s_valid,
    input logic [1:0] s_data,
    input logic       s_last,
    input logic       s_user,
    input logic       m_ready
);
  localparam int unsigned W = 2 * RATIO;
  logic s_ready, m_valid, m_last, m_user;
  logic [W-1:0] m_data;

  p_reset u_reset (.*);
  axis_widen #(.IN_W(2), .OUT_W(W), .USER_W(1)) u_widen (
      .clk, .rst, .s_axis_tvalid(s_valid), .s_axis_tready(s_ready), .s_axis_tdata(s_data), .s_axis_tlast(s_last), .s_axis_tuser(s_user),
      .m_axis_tvalid(m_valid), .m_axis_tready(m_ready), .m_axis_tdata(m_data), .m_axis_tlast(m_last), .m_axis_tuser(m_user)
  );

  logic [W-1:0] want_q;
  logic [2:0]   part_q;
  logic         due_q, last_q, user_q, push, pop;
  assign push = s_valid && s_ready;
  assign pop  = m_valid && m_ready;
  always_ff @(posedge clk) begin
    if (rst) begin
      part_q <= '0;
      due_q  <= 1'b0;
    end else begin
      if (pop) due_q <= 1'b0;
      if (push) begin
        want_q <= (part_q == '0) ? W'(s_data) : want_q | (W'(s_data) << (2 * part_q));
        part_q <= (s_last || part_q == 3'(RATIO - 1)) ? '0 : part_q + 3'd1;
        due_q  <= s_last || part_q == 3'(RATIO - 1);
        last_q <= s_last;
        user_q <= s_user;
      end
      a_due : assert (m_valid == due_q);
      a_beat : assert (!m_valid || (m_data == want_q && m_last == last_q && m_user == user_q));
      a_room : assert (!push || !due_q || pop);
    end
  end
endmodule

`default_nettype wire
