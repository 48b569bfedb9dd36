// SPDX-License-Identifier: Apache-2.0
// The free tags of read requests: 0 to 31 always, the others while extended tags are enabled (Device Control, bit 8; PCI Express Base 2.2.6.2).
// 10-bit tags are not used: 256 requests fill the link. Latency and throughput as index_alloc.
`default_nettype none

module pcie_tags #(
    parameter int unsigned TAGS  = 256,  // a power of two, 64 to 256
    parameter int unsigned TAG_W = $clog2(TAGS)
) (
    input  logic             clk,
    input  logic             rst,
    input  logic             extended,    // all tags, else 32
    output logic             valid,
    output logic [TAG_W-1:0] index,
    input  logic             take,
    input  logic             free_valid,
    input  logic [TAG_W-1:0] free_index
);

  localparam int unsigned LOW_W = 5;

  logic             low_valid, high_valid, high, skip, free_low;
  logic [LOW_W-1:0] low_index;
  logic [TAG_W-1:0] high_index;

  // Numbers below 32 that the upper pool hands out at the start are dropped: they are the lower one's.
  assign skip     = high_valid && (high_index[TAG_W-1:LOW_W] == '0);
  assign high     = extended && high_valid && !skip;
  assign valid    = low_valid || high;
  assign index    = high ? high_index : TAG_W'(low_index);
  assign free_low = (free_index[TAG_W-1:LOW_W] == '0);

  index_alloc #(
      .N(2 ** LOW_W)
  ) u_low (
      .clk       (clk),
      .rst       (rst),
      .valid     (low_valid),
      .index     (low_index),
      .take      (take && !high),
      .free_valid(free_valid && free_low),
      .free_index(free_index[LOW_W-1:0])
  );

  index_alloc #(
      .N(TAGS)
  ) u_high (
      .clk       (clk),
      .rst       (rst),
      .valid     (high_valid),
      .index     (high_index),
      .take      (skip || (take && high)),
      .free_valid(free_valid && !free_low),
      .free_index(free_index)
  );

endmodule

`default_nettype wire
