// SPDX-License-Identifier: Apache-2.0
// FIFO in block RAM whose oldest word stands in a register, for readers that do a lot with it in one cycle. A word that comes when nothing
// waits goes straight into that register. One word in and one out a cycle; latency 1 cycle when empty, up to 3 behind a word that waits.
`default_nettype none

module fifo_head #(
    parameter int unsigned WIDTH = 32,  // bits of a word
    parameter int unsigned DEPTH = 512  // words in the RAM; a power of two
) (
    input  logic             clk,
    input  logic             rst,
    input  logic             s_valid,
    output logic             s_ready,
    input  logic [WIDTH-1:0] s_data,
    output logic             m_valid,
    input  logic             m_ready,
    output logic [WIDTH-1:0] m_data
);

  logic                   head_valid_q, room, waiting, direct, ram_valid, ram_ready;
  logic [WIDTH-1:0]       head_q, ram_data;
  logic [$clog2(DEPTH):0] ram_count;

  assign room      = !head_valid_q || m_ready;
  assign waiting   = ram_valid || ram_count != '0;
  assign direct    = s_valid && s_ready && room && !waiting;
  assign ram_ready = room;
  assign m_valid   = head_valid_q;
  assign m_data    = head_q;

  fifo_sync #(
      .WIDTH(WIDTH),
      .DEPTH(DEPTH),
      .BLOCK_RAM(1'b1)
  ) u_ram (
      .clk,
      .rst,
      .s_valid(s_valid && !direct),
      .s_ready,
      .s_data,
      .m_valid(ram_valid),
      .m_ready(ram_ready),
      .m_data(ram_data),
      .count(ram_count)
  );

  always_ff @(posedge clk) begin
    if (rst) head_valid_q <= 1'b0;
    else if (room) head_valid_q <= ram_valid || direct;
    if (room && (ram_valid || direct)) head_q <= ram_valid ? ram_data : s_data;
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) a_order : assert (!(direct && ram_valid)) else $error("fifo_head: a word overtakes one that waits");
  end
`endif

endmodule

`default_nettype wire
