// SPDX-License-Identifier: Apache-2.0
// Simple dual-port RAM: one write port, one read port, one clock. Contents are not reset.
// Latency: READ_LATENCY cycles from rd_en to rd_data; rd_data holds while rd_en is 0 (with 2, the output register always follows).
//
// A read of the address that is written in the same cycle: with OLD_WORD the word before the write, which is READ_FIRST of a vendor's block
// RAM and what LUT RAM does; without it anything, as UltraRAM and the other modes of block RAM have it. The model then returns random bits.
`default_nettype none

module ram_sdp #(
    parameter int unsigned WIDTH        = 64,   // bits of a word, multiple of STRB_W
    parameter int unsigned DEPTH        = 512,  // words, a power of two
    parameter int unsigned STRB_W       = 1,    // write enables: each covers WIDTH / STRB_W bits
    parameter int unsigned READ_LATENCY = 1,    // 1, or 2 with an output register
    parameter bit          OLD_WORD     = 1'b0, // what a collision reads: 1 the old word, 0 anything
    parameter              STYLE        = "auto"  // ram_style: auto, block, ultra, distributed
) (
    input  logic                     clk,
    input  logic                     wr_en,
    input  logic [$clog2(DEPTH)-1:0] wr_addr,
    input  logic [STRB_W-1:0]        wr_strb,
    input  logic [WIDTH-1:0]         wr_data,
    input  logic                     rd_en,
    input  logic [$clog2(DEPTH)-1:0] rd_addr,
    output logic [WIDTH-1:0]         rd_data
);

  localparam int unsigned COL_W = WIDTH / STRB_W;

  (* ram_style = STYLE *) logic [WIDTH-1:0] mem[0:DEPTH-1];
  logic [WIDTH-1:0] rd_q;

  if (STRB_W == 1) begin : g_word
    always_ff @(posedge clk) begin
      if (wr_en && wr_strb[0]) mem[wr_addr] <= wr_data;
    end
  end else begin : g_columns
    always_ff @(posedge clk) begin
      for (int unsigned i = 0; i < STRB_W; i++) begin
        if (wr_en && wr_strb[i]) mem[wr_addr][i*COL_W+:COL_W] <= wr_data[i*COL_W+:COL_W];
      end
    end
  end

`ifdef VERILATOR
  function automatic logic [WIDTH-1:0] anything();
    for (int unsigned i = 0; i < WIDTH; i++) anything[i] = 1'($urandom);
  endfunction
  logic collision;
  assign collision = !OLD_WORD && wr_en && wr_strb != '0 && wr_addr == rd_addr;
  always_ff @(posedge clk) begin
    if (rd_en) rd_q <= collision ? anything() : mem[rd_addr];
  end
`else
  always_ff @(posedge clk) begin
    if (rd_en) rd_q <= mem[rd_addr];
  end
`endif

  if (READ_LATENCY == 2) begin : g_out
    logic [WIDTH-1:0] out_q;
    logic             rd_en_q;
    always_ff @(posedge clk) begin
      rd_en_q <= rd_en;
      if (rd_en_q) out_q <= rd_q;
    end
    assign rd_data = out_q;
  end else begin : g_direct
    assign rd_data = rd_q;
  end

endmodule

`default_nettype wire
