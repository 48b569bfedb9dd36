// SPDX-License-Identifier: Apache-2.0
// Anti-replay check of a number in front of decryption: infers the high 32 bits (RFC 4303, appendix A2.1) and compares with the window.
// A pipeline of 4 cycles, one packet a cycle. It only reads: the state changes behind the ICV (replay_update).
//
//   case A: the window lies in one 2^32 block            case B: it straddles two
//      bottom <= low             high = Th                  bottom <= low             high = Th - 1 (Th = 0: no such number, old)
//      low < bottom              high = Th + 1              low < bottom              high = Th
//
// Window 0 checks nothing; ESN then infers with a window of 64. Number 0 is never sent under a window, so it is old.
`default_nettype none

module replay_check import esp_decap_pkg::*; (
    input  logic         clk,
    input  logic         s_bad,      // the state fails its parity
    input  logic [63:0]  s_top,      // highest number received
    input  logic [127:0] s_seen,     // bit n mod 128: number n of the last 128 was received
    input  logic [31:0]  s_low,      // the number in the packet
    input  logic         s_esn,
    input  logic [7:0]   s_window,   // packets, 0 to 128
    output logic [63:0]  m_seq,      // 4 cycles later
    output logic [1:0]   m_verdict   // esp_decap_pkg::REPLAY_*
);

  localparam logic [7:0] INFER_WINDOW = 8'd64;

  // 1: bottom of the window, and the case
  logic [7:0]  reach;
  logic [32:0] bottom;
  logic [31:0] bottom1_q, low1_q;
  logic [63:0] top1_q;
  logic [7:0]  window1_q;
  logic        case_b1_q, esn1_q, seen1_q, bad1_q;

  assign reach  = ((s_window == '0) ? INFER_WINDOW : s_window) - 8'd1;
  assign bottom = {1'b0, s_top[31:0]} - {25'b0, reach};

  // 2: the high half
  logic        above;
  logic [31:0] top_high2;
  logic [63:0] seq2_q, top2_q;
  logic [7:0]  window2_q;
  logic        none2_q, seen2_q, bad2_q;

  assign above     = low1_q >= bottom1_q;
  assign top_high2 = top1_q[63:32];

  // 3: distance to the top
  logic [64:0] back3_q;
  logic [63:0] seq3_q;
  logic [7:0]  window3_q;
  logic        none3_q, seen3_q, zero3_q, bad3_q;

  // 4: verdict
  logic [63:0] seq4_q;
  logic [1:0]  verdict4_q;

  always_ff @(posedge clk) begin
    bottom1_q <= bottom[31:0];
    case_b1_q <= bottom[32];
    low1_q    <= s_low;
    top1_q    <= s_top;
    window1_q <= s_window;
    esn1_q    <= s_esn;
    seen1_q   <= s_seen[s_low[6:0]];
    bad1_q    <= s_bad;

    none2_q <= 1'b0;
    seq2_q  <= {32'b0, low1_q};
    if (esn1_q) begin
      seq2_q[63:32] <= top_high2;
      if (!case_b1_q && !above) seq2_q[63:32] <= top_high2 + 32'd1;
      if (case_b1_q && above) begin
        seq2_q[63:32] <= top_high2 - 32'd1;
        none2_q       <= top_high2 == '0;
      end
    end
    top2_q    <= top1_q;
    window2_q <= window1_q;
    seen2_q   <= seen1_q;
    bad2_q    <= bad1_q;

    back3_q   <= {1'b0, top2_q} - {1'b0, seq2_q};
    zero3_q   <= seq2_q == '0;
    seq3_q    <= seq2_q;
    window3_q <= window2_q;
    none3_q   <= none2_q;
    seen3_q   <= seen2_q;
    bad3_q    <= bad2_q;

    seq4_q     <= seq3_q;
    verdict4_q <= REPLAY_FRESH;
    if (bad3_q) verdict4_q <= REPLAY_IS_BROKEN;
    else if (none3_q) verdict4_q <= REPLAY_IS_OLD;
    else if (window3_q != '0) begin
      if (zero3_q) verdict4_q <= REPLAY_IS_OLD;
      else if (!back3_q[64]) begin
        if (back3_q[63:8] != '0 || back3_q[7:0] >= window3_q) verdict4_q <= REPLAY_IS_OLD;
        else if (seen3_q) verdict4_q <= REPLAY_IS_KNOWN;
      end
    end
  end

  assign m_seq     = seq4_q;
  assign m_verdict = verdict4_q;

endmodule

`default_nettype wire
