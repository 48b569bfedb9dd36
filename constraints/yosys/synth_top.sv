// SPDX-License-Identifier: Apache-2.0
// What make synth measures, side by side and not connected: the engines of each direction with LANES lanes for each number of SAs, and the
// blocks around them. area.py reads block and SAs from the instance names. `keep`: without a connection they would go.
`default_nettype none

module synth_top #(
    parameter int unsigned LANES = 4,
    parameter bit ENGINES = 1'b1,  // the engines with 4096 SAs
    parameter bit FEWER   = 1'b1,  // and with 64 and 1024
    parameter bit CONTROL = 1'b0   // what does not depend on the lanes
);

  if (ENGINES) begin : g_4096
    (* keep *) engine_encap #(.LANES(LANES), .SA_ENTRIES(4096)) encap_4096 ();
    (* keep *) engine_decap #(.LANES(LANES), .SA_ENTRIES(4096)) decap_4096 ();
  end
  if (ENGINES && FEWER) begin : g_fewer
    (* keep *) engine_encap #(.LANES(LANES), .SA_ENTRIES(1024)) encap_1024 ();
    (* keep *) engine_decap #(.LANES(LANES), .SA_ENTRIES(1024)) decap_1024 ();
    (* keep *) engine_encap #(.LANES(LANES), .SA_ENTRIES(64)) encap_64 ();
    (* keep *) engine_decap #(.LANES(LANES), .SA_ENTRIES(64)) decap_64 ();
  end
  if (CONTROL) begin : g_control
    (* keep *) sa_manager #(.SA_ENTRIES(4096)) manager_4096 ();
    (* keep *) sa_manager #(.SA_ENTRIES(1024)) manager_1024 ();
    (* keep *) sa_manager #(.SA_ENTRIES(64)) manager_64 ();
    (* keep *) csr #(.LANES(4), .SA_ENTRIES(4096), .QUEUES(32'(espalier_regs_pkg::REG_QUEUE_COUNT_MAX))) csr ();
    (* keep *) dma dma ();
    (* keep *) pcie_dma pcie_dma ();
    (* keep *) pcie_regs pcie_regs ();
  end

endmodule

`default_nettype wire
