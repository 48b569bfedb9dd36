// SPDX-License-Identifier: Apache-2.0
// A buffer of 64-byte rows that takes 64 bytes at any byte position in one cycle. Even and odd rows are in two RAMs, so the two rows that an
// unaligned write touches are never in the same one; the writer has rotated the bytes to their lanes already.
//
//   write at row r, lane 40:      row r    |........ bytes 0-23 |   wr_low  (lanes 40-63)
//                                 row r+1  | bytes 24-63 ...... |   wr_high (lanes 0-39)
//
// The row after the last is the first. Read latency 1; rd_data holds while rd_en is 0.
`default_nettype none

module dma_bank_ram #(
    parameter int unsigned ROWS = 1024  // 64-byte rows, a power of two, at least 4
) (
    input  logic                    clk,
    input  logic                    wr_en,
    input  logic [$clog2(ROWS)-1:0] wr_row,
    input  logic [63:0]             wr_low,   // byte enables of row wr_row
    input  logic [63:0]             wr_high,  // byte enables of the row behind it
    input  logic [511:0]            wr_data,
    input  logic                    rd_en,
    input  logic [$clog2(ROWS)-1:0] rd_row,
    output logic [511:0]            rd_data
);

  localparam int unsigned ROW_W = $clog2(ROWS);

  logic [ROW_W-2:0] even_row;  // wr_row or the one behind it, whichever is even, halved
  logic [511:0]     even_data, odd_data;
  logic             odd_q;

  assign even_row = wr_row[ROW_W-1:1] + (ROW_W - 1)'(wr_row[0]);

  ram_sdp #(
      .WIDTH (512),
      .DEPTH (ROWS / 2),
      .STRB_W(64),
      .OLD_WORD(1'b0),
      .STYLE("block")
  ) i_even (
      .clk    (clk),
      .wr_en  (wr_en),
      .wr_addr(even_row),
      .wr_strb(wr_row[0] ? wr_high : wr_low),
      .wr_data(wr_data),
      .rd_en  (rd_en && !rd_row[0]),
      .rd_addr(rd_row[ROW_W-1:1]),
      .rd_data(even_data)
  );

  ram_sdp #(
      .WIDTH (512),
      .DEPTH (ROWS / 2),
      .STRB_W(64),
      .OLD_WORD(1'b0),
      .STYLE("block")
  ) i_odd (
      .clk    (clk),
      .wr_en  (wr_en),
      .wr_addr(wr_row[ROW_W-1:1]),
      .wr_strb(wr_row[0] ? wr_low : wr_high),
      .wr_data(wr_data),
      .rd_en  (rd_en && rd_row[0]),
      .rd_addr(rd_row[ROW_W-1:1]),
      .rd_data(odd_data)
  );

  always_ff @(posedge clk) begin
    if (rd_en) odd_q <= rd_row[0];
  end
  assign rd_data = odd_q ? odd_data : even_data;

endmodule

`default_nettype wire
