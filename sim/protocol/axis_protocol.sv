// SPDX-License-Identifier: Apache-2.0
// Watches one AXI4-Stream, or any channel of valid, ready and payload, in simulation; bind.sv puts it at every block's edge.
// Holds always (Arm IHI 0051B, 2.2): valid does not fall before ready, and what is offered stays as it is.
// Holds by parameters: RESET    valid is 0 behind a cycle of reset (2.8.2); not for streams from outside, whose source may live on
//                      GAPLESS  between a packet's first beat and its last valid does not fall (PG213 asks it of RQ and CC)
//                      and, where these ports are connected: keep from the lowest lane on without holes, full but in the last beat (2.4.3);
//                      side the same in all beats of a packet; as many beats as beats says, 0 for any number.
// Only a stream that waits is compared, so watching costs a model next to nothing. Breaking a rule ends the run.
`default_nettype none

module axis_protocol #(
    parameter int unsigned WIDTH  = 1,  // bits of all that may not change while it waits
    parameter int unsigned KEEP_W = 1,
    parameter int unsigned SIDE_W = 1,
    parameter bit RESET   = 1'b1,
    parameter bit GAPLESS = 1'b0
) (
    input logic              clk,
    input logic              rst,
    input logic              valid,
    input logic              ready,
    input logic [WIDTH-1:0]  payload,
    input logic              last  = 1'b1,
    input logic [KEEP_W-1:0] keep  = '1,
    input logic [SIDE_W-1:0] side  = '0,
    input logic [15:0]       beats = '0
);

  logic              reset_q, waits_q, inside_q;  // inside: a packet has begun and not ended
  logic [WIDTH-1:0]  held_q;
  logic [SIDE_W-1:0] side_q;
  logic [15:0]       number_q;  // beats of the packet before this one

  always_ff @(posedge clk) begin
    reset_q <= rst;
    waits_q <= !rst && valid && !ready;
    if (valid && !ready) held_q <= payload;
    else if (waits_q) held_q <= '0;  // it may have been a key
    if (rst) begin
      inside_q <= 1'b0;
      number_q <= '0;
    end else if (valid && ready) begin
      inside_q <= !last;
      number_q <= last ? '0 : number_q + 16'd1;
      if (!inside_q) side_q <= side;
    end
  end

  always_ff @(posedge clk) begin
    if (RESET && reset_q) a_reset : assert (!valid) else $error("axis_protocol: valid in reset");
    if (!rst && waits_q) a_valid_stays : assert (valid) else $error("axis_protocol: valid fell before ready");
    if (!rst && waits_q && valid) a_payload_stays : assert (payload == held_q) else $error("axis_protocol: payload changed while it waited");
    if (GAPLESS && !rst && inside_q) a_gapless : assert (valid) else $error("axis_protocol: a gap within a packet");
    if (!rst && valid) begin
      a_keep : assert ((keep & (keep + KEEP_W'(1))) == '0 && (last || &keep)) else $error("axis_protocol: keep has holes");
      a_side : assert (!inside_q || side == side_q) else $error("axis_protocol: sideband changed within a packet");
      a_beats : assert (beats == '0 || last == (number_q + 16'd1 == beats)) else $error("axis_protocol: last in another beat than the length says");
    end
  end

endmodule

`default_nettype wire
