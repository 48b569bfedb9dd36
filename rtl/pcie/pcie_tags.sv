// SPDX-License-Identifier: Apache-2.0
// The free tags of read requests: 0 to 31 always, the others while extended tags are enabled (Device Control, bit 8; PCI Express Base 2.2.6.2).
// 10-bit tags are not used: 256 requests fill the link. What is on offer stands in registers; one tag a cycle, and a tag that comes back can be on
// offer after 2 cycles.
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

  logic             low_valid, high_valid, low_ready, high_ready, low_there, high_there, high, skip, free_low;
  logic [LOW_W-1:0] low_index, low;
  logic [TAG_W-1:0] high_index, high_tag;

  assign high     = extended && high_there;
  assign valid    = low_there || high;
  assign index    = high ? high_tag : TAG_W'(low);
  assign free_low = (free_index[TAG_W-1:LOW_W] == '0);
  // Numbers below 32 that the upper pool hands out at the start are dropped: they are the lower one's.
  assign skip     = (high_index[TAG_W-1:LOW_W] == '0);

  skid #(
      .WIDTH(LOW_W)
  ) u_low_offer (
      .clk    (clk),
      .rst    (rst),
      .s_valid(low_valid),
      .s_ready(low_ready),
      .s_data (low_index),
      .m_valid(low_there),
      .m_ready(take && !high),
      .m_data (low)
  );

  skid #(
      .WIDTH(TAG_W)
  ) u_high_offer (
      .clk    (clk),
      .rst    (rst),
      .s_valid(high_valid && !skip),
      .s_ready(high_ready),
      .s_data (high_index),
      .m_valid(high_there),
      .m_ready(take && high),
      .m_data (high_tag)
  );

  index_alloc #(
      .N(2 ** LOW_W)
  ) u_low (
      .clk       (clk),
      .rst       (rst),
      .valid     (low_valid),
      .index     (low_index),
      .take      (low_valid && low_ready),
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
      .take      (high_valid && (skip || high_ready)),
      .free_valid(free_valid && !free_low),
      .free_index(free_index)
  );

endmodule

`default_nettype wire
