// SPDX-License-Identifier: Apache-2.0
// Hands out free numbers 0 to N-1, in turn: the next one is the first free number after the last one taken, so a number rests as long
// as it can before it comes again. A number is offered one cycle after it was found: one take every two cycles, and a number that is
// freed can be offered two cycles later.
`default_nettype none

module index_alloc #(
    parameter int unsigned N = 64,          // numbers; 2 or more
    parameter int unsigned W = $clog2(N)    // bits of a number
) (
    input  logic         clk,
    input  logic         rst,
    output logic         valid,       // a number is on offer
    output logic [W-1:0] index,
    input  logic         take,        // takes the number on offer; only with valid
    input  logic         free_valid,  // gives a number back
    input  logic [W-1:0] free_index,
    output logic [N-1:0] used         // numbers taken
);

  logic [N-1:0] used_q;
  logic [N-1:0] after_q;    // bit i: number i comes after the last one taken
  logic         valid_q;
  logic [W-1:0] index_q;

  // The lowest free number after the last one taken, or the lowest free one when there is none.
  logic [N-1:0] idle, later, pick;
  logic [W-1:0] found;
  always_comb begin
    idle  = ~used_q;
    later = idle & after_q;
    pick  = (later != '0) ? later : idle;
    pick  = pick & (~pick + N'(1));  // only its lowest bit
    found = '0;
    for (int unsigned i = 0; i < N; i++) if (pick[i]) found = found | W'(i);
  end

  always_ff @(posedge clk) begin
    if (rst) begin
      used_q  <= '0;
      after_q <= '1;
      valid_q <= 1'b0;
      index_q <= '0;
    end else begin
      if (free_valid) used_q[free_index] <= 1'b0;
      if (take) begin
        used_q[index_q] <= 1'b1;
        for (int unsigned i = 0; i < N; i++) after_q[i] <= W'(i) > index_q;
        valid_q <= 1'b0;
      end else if (!valid_q) begin
        valid_q <= (idle != '0);
        index_q <= found;
      end
    end
  end

  assign valid = valid_q;
  assign index = index_q;
  assign used  = used_q;

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_take : assert (!take || valid_q) else $error("index_alloc: taken without an offer");
      a_free : assert (!free_valid || used_q[free_index]) else $error("index_alloc: %0d freed twice", free_index);
    end
  end
`endif

endmodule

`default_nettype wire
