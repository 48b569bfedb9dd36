// SPDX-License-Identifier: Apache-2.0
// RAM with two ports of one clock: port A reads, port B reads or writes; true dual-port block RAM. Contents are not reset.
// A read of the address that is written in the same cycle returns the old word, which is READ_FIRST of the port that writes.
// Latency: 2 cycles from the enable to the data, on both ports; the data holds while the enable is 0.
`default_nettype none

module ram_rrw #(
    parameter int unsigned WIDTH = 72,   // bits of a word
    parameter int unsigned DEPTH = 4096  // words, a power of two
) (
    input  logic                     clk,
    input  logic                     a_en,
    input  logic [$clog2(DEPTH)-1:0] a_addr,
    output logic [WIDTH-1:0]         a_data,
    input  logic                     b_en,
    input  logic                     b_write,
    input  logic [$clog2(DEPTH)-1:0] b_addr,
    input  logic [WIDTH-1:0]         b_wdata,
    output logic [WIDTH-1:0]         b_data
);

  (* ram_style = "block" *) logic [WIDTH-1:0] mem[0:DEPTH-1];
  logic [WIDTH-1:0] a_rd_q, a_out_q, b_rd_q, b_out_q;
  logic             a_en_q, b_en_q;

  assign a_data = a_out_q;
  assign b_data = b_out_q;

  always_ff @(posedge clk) begin
    if (a_en) a_rd_q <= mem[a_addr];
  end

  always_ff @(posedge clk) begin
    if (b_en) begin
      if (b_write) mem[b_addr] <= b_wdata;
      else b_rd_q <= mem[b_addr];
    end
  end

  always_ff @(posedge clk) begin
    a_en_q <= a_en;
    b_en_q <= b_en && !b_write;
    if (a_en_q) a_out_q <= a_rd_q;
    if (b_en_q) b_out_q <= b_rd_q;
  end

endmodule

`default_nettype wire
