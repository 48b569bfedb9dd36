// SPDX-License-Identifier: Apache-2.0
// Hands out free numbers 0 to N-1: after reset 0, 1, 2, ... once each; from then on those that come back, the longest free first, so a number
// rests as long as it can before it comes again, and no memory needs to be filled. One take and one give a cycle; a number that comes back can
// be offered in the next cycle. valid and index depend on registers only.
`default_nettype none

module index_alloc #(
    parameter int unsigned N = 64,          // numbers; a power of two
    parameter int unsigned W = $clog2(N)    // bits of a number
) (
    input  logic         clk,
    input  logic         rst,
    output logic         valid,       // a number is on offer
    output logic [W-1:0] index,
    input  logic         take,        // takes the number on offer; only with valid
    input  logic         free_valid,  // gives a number back
    input  logic [W-1:0] free_index
);

  logic         live_q;   // reset is over: a caller may hold this block in reset and work already
  logic [W:0]   fresh_q;  // numbers handed out the first time; the top bit: all of them
  logic         back_valid, back_room;
  logic [W-1:0] back;

  assign valid = live_q && (!fresh_q[W] || back_valid);
  assign index = fresh_q[W] ? back : fresh_q[W-1:0];

  always_ff @(posedge clk) begin
    live_q <= !rst;
    if (rst) fresh_q <= '0;
    else if (take && !fresh_q[W]) fresh_q <= fresh_q + 1'b1;
  end

  fifo_sync #(
      .WIDTH(W),
      .DEPTH(N)
  ) i_back (
      .clk    (clk),
      .rst    (rst),
      .s_valid(free_valid),
      .s_ready(back_room),
      .s_data (free_index),
      .m_valid(back_valid),
      .m_ready(take && fresh_q[W]),
      .m_data (back),
      .count  ()
  );

`ifndef SYNTHESIS
  // No number is out twice, none comes back that was not out.
  logic [N-1:0] out_q;
  always_ff @(posedge clk) begin
    if (rst) out_q <= '0;
    else begin
      if (take) begin
        a_take : assert (valid) else $error("index_alloc: taken without an offer");
        a_once : assert (!out_q[index]) else $error("index_alloc: %0d is out already", index);
        out_q[index] <= 1'b1;
      end
      if (free_valid) begin
        a_room : assert (back_room) else $error("index_alloc: no room for %0d", free_index);
        a_free : assert (out_q[free_index]) else $error("index_alloc: %0d freed twice", free_index);
        out_q[free_index] <= 1'b0;
      end
    end
  end
`endif

endmodule

`default_nettype wire
