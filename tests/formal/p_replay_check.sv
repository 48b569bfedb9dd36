// SPDX-License-Identifier: Apache-2.0
// proof replay_check: bmc 8
// The inferred number is the one that RFC 4303, A2 means: the 64-bit number with the packet's low half that lies from the bottom of the window
// up to 2^32 above it. It is called fresh only if it is above the top, or in the window and not seen.
`default_nettype none

module p_replay_check (
    input logic         clk,
    input logic         rst,
    input logic         s_bad,
    input logic [63:0]  s_top,
    input logic [127:0] s_seen,
    input logic [31:0]  s_low,
    input logic         s_esn,
    input logic [7:0]   s_window
);
  logic [63:0] m_seq;
  logic [1:0]  m_verdict;
  p_reset u_reset (.*);
  replay_check u_dut (.*);

  always_comb m_window : assume (s_window <= 8'd128);

  // What went in, 4 cycles ago.
  localparam int unsigned W = 1 + 64 + 128 + 32 + 1 + 8;
  logic [W-1:0] in_q[0:3];
  logic [2:0]   filled_q;
  always_ff @(posedge clk) begin
    in_q[0] <= {s_bad, s_top, s_seen, s_low, s_esn, s_window};
    for (int unsigned i = 1; i < 4; i++) in_q[i] <= in_q[i-1];
    filled_q <= rst ? '0 : (filled_q[2] ? filled_q : filled_q + 3'd1);
  end

  logic [63:0]  top;
  logic [127:0] seen;
  logic [31:0]  low;
  logic         esn, bad;
  logic [7:0]   window;
  logic signed [66:0] bottom, number;
  assign {bad, top, seen, low, esn, window} = in_q[3];
  assign bottom = $signed({3'b0, top}) - $signed(67'(window == '0 ? 8'd64 : window)) + 67'sd1;
  assign number = $signed({3'b0, m_seq});
  always_ff @(posedge clk) begin
    if (!rst && filled_q[2] && m_verdict == esp_decap_pkg::REPLAY_FRESH) begin
      a_low : assert (m_seq[31:0] == low && (esn || m_seq[63:32] == '0));
      // At the very end of the 64 bits the number above wraps to one below: too old, not fresh, unless the window is 0.
      a_near : assert (!esn || window == '0 || (number >= bottom && number < bottom + 67'sh100000000));
      a_fresh : assert (window == '0 || (m_seq != '0 && (m_seq > top || (top - m_seq < 64'(window) && !seen[low[6:0]]))));
    end
    if (!rst && filled_q[2] && bad) a_bad : assert (m_verdict == esp_decap_pkg::REPLAY_IS_BROKEN);
    if (!rst && filled_q[2] && !bad && !esn && window != '0 && m_seq > top) a_newer : assert (m_verdict == esp_decap_pkg::REPLAY_FRESH);
  end
endmodule

`default_nettype wire
