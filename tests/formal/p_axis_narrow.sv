// SPDX-License-Identifier: Apache-2.0
// proof axis_narrow-2: pdr RATIO=2
// proof axis_narrow-4: pdr RATIO=4
// Narrow beats are the parts of the wide one, in order, as many as hold bytes of the packet; the last one bears tlast.
`default_nettype none

module p_axis_narrow #(
    parameter int unsigned RATIO = 2
) (
    input logic             clk,
    input logic             rst,
    input logic             s_valid,
    input logic [8*RATIO-1:0] s_data,
    input logic [3:0]       s_len,
    input logic             m_ready
);
  localparam int unsigned W = 8 * RATIO;
  logic s_ready, s_last, m_valid, m_last, m_user;
  logic [7:0] m_data;

  p_reset u_reset (.*);
  axis_narrow #(.IN_W(W), .OUT_W(8), .USER_W(1), .LEN_W(4)) u_narrow (
      .clk, .rst, .s_axis_tvalid(s_valid), .s_axis_tready(s_ready), .s_axis_tdata(s_data), .s_axis_tlast(s_last), .s_axis_tlen(s_len),
      .s_axis_tuser(1'b0), .m_axis_tvalid(m_valid), .m_axis_tready(m_ready), .m_axis_tdata(m_data), .m_axis_tlast(m_last), .m_axis_tuser(m_user)
  );

  // The sender: packets of s_len bytes, the wide beat that holds the last one bears tlast; nothing changes while it waits.
  logic [3:0] sent_q, given_q, len_q, bytes;  // wide bytes taken, narrow bytes given, of this packet
  logic       inside_q, wait_q;
  logic [W-1:0] data_q;
  assign bytes  = (s_len == '0) ? 4'd1 : s_len;
  assign s_last = 5'(sent_q) + 5'(RATIO) >= 5'(bytes);
  always_comb begin
    m_len : assume (!inside_q || s_len == len_q);
    m_small : assume (s_len <= 4'd12);
    m_stable : assume (!wait_q || (s_valid && s_data == data_q && s_len == len_q));
  end

  always_ff @(posedge clk) begin
    if (rst) begin
      sent_q   <= '0;
      given_q  <= '0;
      inside_q <= 1'b0;
      wait_q   <= 1'b0;
    end else begin
      wait_q <= s_valid && !s_ready;
      data_q <= s_data;
      len_q  <= s_len;
      if (s_valid && s_ready) begin
        sent_q   <= s_last ? '0 : sent_q + 4'(RATIO);
        inside_q <= !s_last;
      end
      if (m_valid && m_ready) given_q <= m_last ? '0 : given_q + 4'd1;
    end
  end

  logic [3:0] part;
  assign part = given_q - sent_q;
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_part : assert (!m_valid || part < 4'(RATIO));
      a_data : assert (!m_valid || m_data == s_data[8*part+:8]);
      a_last : assert (!m_valid || m_last == (given_q + 4'd1 == bytes));
      a_taken : assert (!(s_valid && s_ready) || (m_valid && m_ready && (m_last || part == 4'(RATIO - 1))));
    end
  end
endmodule

`default_nettype wire
