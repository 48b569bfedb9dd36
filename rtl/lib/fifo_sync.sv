// SPDX-License-Identifier: Apache-2.0
// FIFO of one clock with valid/ready on both sides; the oldest word is shown at the output (first word falls through).
// Throughput: one word in and one out a cycle. Latency: a word written in cycle n is at the output in cycle n+1 (BLOCK_RAM = 0) or
// n+2 (BLOCK_RAM = 1). s_ready depends on registers only. Nothing is stored when s_ready is 0; a word read is not erased.
`default_nettype none

module fifo_sync #(
    parameter int unsigned WIDTH = 32,     // bits of a word
    parameter int unsigned DEPTH = 16,     // words; a power of two
    parameter bit BLOCK_RAM = 1'b0,        // 0: small, LUT RAM with unregistered read; 1: block RAM, output straight from its register
    localparam int unsigned COUNT_W = $clog2(DEPTH) + 1
) (
    input  logic               clk,
    input  logic               rst,
    input  logic               s_valid,
    output logic               s_ready,
    input  logic [WIDTH-1:0]   s_data,
    output logic               m_valid,
    input  logic               m_ready,
    output logic [WIDTH-1:0]   m_data,
    output logic [COUNT_W-1:0] count      // words stored (with BLOCK_RAM the one at the output is not counted)
);

  localparam int unsigned PTR_W = $clog2(DEPTH);

  logic [PTR_W-1:0]   wptr_q, rptr_q;
  logic [COUNT_W-1:0] count_q;
  logic               full_q;
  logic               push, pop;

  assign push    = s_valid && s_ready;
  assign s_ready = !full_q;
  assign count   = count_q;

  always_ff @(posedge clk) begin
    if (rst) begin
      wptr_q  <= '0;
      rptr_q  <= '0;
      count_q <= '0;
      full_q  <= 1'b0;
    end else begin
      if (push) wptr_q <= wptr_q + 1'b1;
      if (pop) rptr_q <= rptr_q + 1'b1;
      if (push != pop) begin
        count_q <= count_q + {{(COUNT_W - 1){pop}}, 1'b1};  // plus or minus 1
        full_q  <= push && count_q == COUNT_W'(DEPTH - 1);
      end
    end
  end

  if (BLOCK_RAM) begin : g_block
    logic out_valid_q;
    assign pop     = (count_q != '0) && (!out_valid_q || m_ready);
    assign m_valid = out_valid_q;

    always_ff @(posedge clk) begin
      if (rst) out_valid_q <= 1'b0;
      else out_valid_q <= pop || (out_valid_q && !m_ready);
    end

    ram_sdp #(
        .WIDTH(WIDTH),
        .DEPTH(DEPTH),
        .READ_LATENCY(1),
        .OLD_WORD(1'b0),
        .STYLE("block")
    ) u_ram (
        .clk,
        .wr_en(push),
        .wr_addr(wptr_q),
        .wr_strb(1'b1),
        .wr_data(s_data),
        .rd_en(pop),
        .rd_addr(rptr_q),
        .rd_data(m_data)
    );
  end else begin : g_lut
    logic [WIDTH-1:0] mem[0:DEPTH-1];
    assign m_valid = count_q != '0;
    assign pop     = m_valid && m_ready;
    assign m_data  = mem[rptr_q];

    always_ff @(posedge clk) begin
      if (push) mem[wptr_q] <= s_data;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_range : assert (count_q <= COUNT_W'(DEPTH)) else $error("fifo_sync: count out of range");
      a_full : assert (full_q == (count_q == COUNT_W'(DEPTH))) else $error("fifo_sync: full flag wrong");
    end
  end
`endif

endmodule

`default_nettype wire
