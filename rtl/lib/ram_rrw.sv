// SPDX-License-Identifier: Apache-2.0
// RAM with two ports of one clock: rd_* reads, rw_* reads or writes; true dual-port block RAM. Contents are not reset.
// A read of the address that is written in the same cycle returns the old word, which is READ_FIRST of the port that writes.
// Latency: 2 cycles from the enable to the data, on both ports; the data holds while the enable is 0.
`default_nettype none

module ram_rrw #(
    parameter int unsigned WIDTH = 72,   // bits of a word
    parameter int unsigned DEPTH = 4096  // words, a power of two
) (
    input  logic                     clk,
    input  logic                     rd_en,
    input  logic [$clog2(DEPTH)-1:0] rd_addr,
    output logic [WIDTH-1:0]         rd_data,
    input  logic                     rw_en,
    input  logic                     rw_write,
    input  logic [$clog2(DEPTH)-1:0] rw_addr,
    input  logic [WIDTH-1:0]         rw_wr_data,
    output logic [WIDTH-1:0]         rw_rd_data
);

  (* ram_style = "block" *) logic [WIDTH-1:0] mem[0:DEPTH-1];
  logic [WIDTH-1:0] rd_q, rd_out_q, rw_q, rw_out_q;
  logic             rd_en_q, rw_en_q;

  assign rd_data    = rd_out_q;
  assign rw_rd_data = rw_out_q;

  always_ff @(posedge clk) begin
    if (rd_en) rd_q <= mem[rd_addr];
  end

  always_ff @(posedge clk) begin
    if (rw_en) begin
      if (rw_write) mem[rw_addr] <= rw_wr_data;
      else rw_q <= mem[rw_addr];
    end
  end

  always_ff @(posedge clk) begin
    rd_en_q <= rd_en;
    rw_en_q <= rw_en && !rw_write;
    if (rd_en_q) rd_out_q <= rd_q;
    if (rw_en_q) rw_out_q <= rw_q;
  end

endmodule

`default_nettype wire
