// SPDX-License-Identifier: Apache-2.0
// The meter of the block's completion buffer, for which it grants credits without limit: bytes and headers. A read request takes the space of
// the most completions that it may be answered with, one for each read completion boundary block that it touches, and each completion
// gives back what the request can not need any more. So a small limit is never held longer than the answer takes.
//
//   request   |  ....bytes | bytes bytes | bytes .... |      three blocks of RCB: three headers at most, three times 64 (or 128) bytes
//
// Bytes are counted in blocks of 64, headers in blocks of RCB. A change of RCB is taken over when no request is outstanding; until then none leaves.
// Source: PG213 "Completion Space" (128 headers, 32 KiB), "Methods of Managing Completion Space" (RCB_FC); PCI Express Base 2.3.1.1.
`default_nettype none

module pcie_space #(
    parameter int unsigned BLOCKS  = 512,  // 64-byte blocks of the buffer
    parameter int unsigned HEADERS = 128   // completions that it holds
) (
    input  logic       clk,
    input  logic       rst,
    input  logic       rcb_128,      // the read completion boundary is 128 bytes, else 64
    // the next request: blocks of 64 and of 128 bytes that it touches; fits: it may leave; take: it does
    input  logic [6:0] need_64,
    input  logic [6:0] need_128,
    output logic       fits,
    input  logic       take,
    // given back, counted in the same two ways
    input  logic       back_valid,
    input  logic [6:0] back_64,
    input  logic [6:0] back_128
);

  localparam int unsigned BLOCKS_W  = $clog2(BLOCKS + 1);
  localparam int unsigned HEADERS_W = $clog2(HEADERS + 1);

  logic                 rcb_128_q, full_q;
  logic [BLOCKS_W-1:0]  blocks_q;   // free
  logic [HEADERS_W-1:0] headers_q;
  logic [6:0]           need, back;
  assign need = rcb_128_q ? need_128 : need_64;
  assign back = rcb_128_q ? back_128 : back_64;
  // Both needs are compared beside the choice between them: requests wait for this.
  logic headers_fit;
  assign headers_fit = rcb_128_q ? headers_q >= HEADERS_W'(need_128) : headers_q >= HEADERS_W'(need_64);
  assign fits        = (blocks_q >= BLOCKS_W'(need_64)) && headers_fit && (rcb_128 == rcb_128_q);

  always_ff @(posedge clk) begin
    blocks_q  <= blocks_q - (take ? BLOCKS_W'(need_64) : '0) + (back_valid ? BLOCKS_W'(back_64) : '0);
    headers_q <= headers_q - (take ? HEADERS_W'(need) : '0) + (back_valid ? HEADERS_W'(back) : '0);
    full_q    <= (headers_q == HEADERS_W'(HEADERS)) && !take;
    if (full_q && !take) rcb_128_q <= rcb_128;
    if (rst) begin
      blocks_q  <= BLOCKS_W'(BLOCKS);
      headers_q <= HEADERS_W'(HEADERS);
      full_q    <= 1'b0;
      rcb_128_q <= 1'b0;
    end
  end

`ifndef SYNTHESIS
  initial begin
    // The largest request, 4096 bytes at any address, is 65 completions.
    a_size : assert (BLOCKS >= 65 && HEADERS >= 65) else $error("pcie_space: a request of 4096 bytes never fits");
  end
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_full : assert (blocks_q <= BLOCKS_W'(BLOCKS) && headers_q <= HEADERS_W'(HEADERS)) else $error("pcie_space: more given back than taken");
      a_take : assert (!take || fits) else $error("pcie_space: taken without room");
    end
  end
`endif

endmodule

`default_nettype wire
