// SPDX-License-Identifier: Apache-2.0
// What make synth measures beside the card at full size: cards with fewer SAs or lanes, side by side and not connected. area.py reads the SAs
// from the instance names. `keep`: without a connection they would go.
`default_nettype none

module synth_top #(
    parameter int unsigned LANES = 4,
    parameter bit MOST = 1'b1  // with 4096 SAs, too
);

  if (MOST) begin : g_most
    (* keep *) card #(.LANES(LANES), .SA_ENTRIES(4096)) card_4096 ();
  end
  (* keep *) card #(.LANES(LANES), .SA_ENTRIES(1024)) card_1024 ();
  (* keep *) card #(.LANES(LANES), .SA_ENTRIES(64)) card_64 ();

endmodule

`default_nettype wire
