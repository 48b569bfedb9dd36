// SPDX-License-Identifier: Apache-2.0
// Powers of H for GHASH: one memory a power, H^1 to H^LANES of every SA, written through key_wr slots 16 to 19 (registered here once).
// Latency: 2 cycles from ahead to power; it holds until the next.
`default_nettype none

module ghash_powers import espalier_pkg::*; #(
    parameter  int unsigned LANES      = 4,     // powers
    parameter  int unsigned SA_ENTRIES = 4096,  // keys held
    localparam int unsigned ADDR_W     = $clog2(SA_ENTRIES)
) (
    input  logic                    clk,
    input  logic                    rst,
    input  key_wr_t                 key_wr,
    input  logic                    ahead,
    input  logic [ADDR_W-1:0]       sa_ahead,
    output logic [LANES-1:0][127:0] power  // byte strings, H^(n+1) in lane n
);

  key_wr_t key_wr_q;
  always_ff @(posedge clk) begin
    key_wr_q <= key_wr;
    if (rst) key_wr_q.valid <= 1'b0;
  end

  for (genvar n = 0; n < LANES; n++) begin : g_power
    ram_sdp #(.WIDTH(128), .DEPTH(SA_ENTRIES), .READ_LATENCY(2), .OLD_WORD(1'b0), .STYLE(SA_ENTRIES >= 4096 ? "ultra" : SA_ENTRIES >= 512 ? "block" : "distributed")) i_power (
        .clk,
        .wr_en  (key_wr_q.valid && (key_wr_q.all || key_wr_q.slot == 5'(16 + n))),
        .wr_addr(key_wr_q.sa[ADDR_W-1:0]),
        .wr_strb(1'b1),
        .wr_data(key_wr_q.data),
        .rd_en  (ahead),
        .rd_addr(sa_ahead),
        .rd_data(power[n])
    );
  end

endmodule

`default_nettype wire
