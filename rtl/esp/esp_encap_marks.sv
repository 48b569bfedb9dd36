// SPDX-License-Identifier: Apache-2.0
// The marks of two places of a ring, the one named and the one behind it. Combinational. Apart from what chooses between the two, so that
// a choice that is known late stands behind both and not in front of one.
`default_nettype none

module esp_encap_marks #(
    parameter int unsigned DEPTH = 32  // places, a power of two
) (
    input  logic [DEPTH-1:0]         marks,
    input  logic [$clog2(DEPTH)-1:0] place,
    output logic                     here,
    output logic                     behind
);

  logic [$clog2(DEPTH)-1:0] next_place;
  assign next_place = place + 1'b1;
  assign here       = marks[place];
  assign behind     = marks[next_place];

endmodule

`default_nettype wire
