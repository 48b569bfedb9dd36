// SPDX-License-Identifier: Apache-2.0
// The small cells of rtl/lib side by side, one model for all: streams in an array (0 skid, 1 fifo_sync in LUT RAM, 2 in block RAM,
// 3 fifo_head), delay lines (the shortest, a power of two, one that is none), numbers, and RAMs of every kind.
`default_nettype none

module lib_cells_tb (
    input  logic             clk,
    input  logic             rst,
    // streams
    input  logic [3:0]       s_valid,
    output logic [3:0]       s_ready,
    input  logic [3:0][15:0] s_data,
    output logic [3:0]       m_valid,
    input  logic [3:0]       m_ready,
    output logic [3:0][15:0] m_data,
    output logic [1:0][3:0]  count,  // of the two fifo_sync
    // delay lines of 2, 4 and 7 cycles, all fed alike
    input  logic             delay_valid,
    input  logic [15:0]      delay_data,
    output logic [2:0]       delay_out_valid,
    output logic [2:0][15:0] delay_out_data,
    // index_alloc, 8 numbers
    output logic             alloc_valid,
    output logic [2:0]       alloc_index,
    input  logic             alloc_take,
    input  logic             alloc_free_valid,
    input  logic [2:0]       alloc_free_index,
    // RAMs of 8 words: ram_sdp with OLD_WORD and latency 1, without and latency 2, both with two columns
    input  logic             ram_wr_en,
    input  logic [2:0]       ram_wr_addr,
    input  logic [1:0]       ram_wr_strb,
    input  logic [15:0]      ram_wr_data,
    input  logic             ram_rd_en,
    input  logic [2:0]       ram_rd_addr,
    output logic [1:0][15:0] ram_rd_data,
    // ram_rrw
    input  logic             rrw_en,
    input  logic             rrw_write,
    input  logic [2:0]       rrw_addr,
    output logic [15:0]      rrw_rd_data,  // its port that only reads reads where ram_sdp does
    output logic [15:0]      rrw_rw_data,
    // axis_rotate: of 4, 8 and 16 words, and of 16 with a fixed turn of 5; each has its bits of these, and the low words of its data
    input  logic [3:0]        rotate_s_valid,
    output logic [3:0]        rotate_s_ready,
    input  logic [3:0][511:0] rotate_s_data,
    input  logic [3:0]        rotate_s_last,
    input  logic [3:0][7:0]   rotate_s_user,
    input  logic [3:0][7:0]   rotate_s_up,
    input  logic [3:0][7:0]   rotate_s_skip,
    input  logic [3:0]        rotate_s_more,
    output logic [3:0]        rotate_m_valid,
    input  logic [3:0]        rotate_m_ready,
    output logic [3:0][511:0] rotate_m_data,
    output logic [3:0]        rotate_m_last,
    output logic [3:0][7:0]   rotate_m_user
);

  skid #(.WIDTH(16)) u_skid (
      .clk, .rst, .s_valid(s_valid[0]), .s_ready(s_ready[0]), .s_data(s_data[0]), .m_valid(m_valid[0]), .m_ready(m_ready[0]), .m_data(m_data[0])
  );
  for (genvar i = 0; i < 2; i++) begin : g_fifo
    fifo_sync #(.WIDTH(16), .DEPTH(8), .BLOCK_RAM(i == 1)) u_fifo (
        .clk, .rst, .s_valid(s_valid[i+1]), .s_ready(s_ready[i+1]), .s_data(s_data[i+1]),
        .m_valid(m_valid[i+1]), .m_ready(m_ready[i+1]), .m_data(m_data[i+1]), .count(count[i])
    );
  end
  fifo_head #(.WIDTH(16), .DEPTH(8)) u_head (
      .clk, .rst, .s_valid(s_valid[3]), .s_ready(s_ready[3]), .s_data(s_data[3]), .m_valid(m_valid[3]), .m_ready(m_ready[3]), .m_data(m_data[3])
  );

  localparam int unsigned DELAYS[3] = '{2, 4, 7};
  for (genvar i = 0; i < 3; i++) begin : g_delay
    delay_line #(.WIDTH(16), .DELAY(DELAYS[i])) u_delay (
        .clk, .rst, .s_valid(delay_valid), .s_data(delay_data), .m_valid(delay_out_valid[i]), .m_data(delay_out_data[i])
    );
  end

  index_alloc #(.N(8)) u_numbers (
      .clk, .rst, .valid(alloc_valid), .index(alloc_index), .take(alloc_take), .free_valid(alloc_free_valid), .free_index(alloc_free_index)
  );

  for (genvar i = 0; i < 2; i++) begin : g_ram
    ram_sdp #(.WIDTH(16), .DEPTH(8), .STRB_W(2), .READ_LATENCY(i + 1), .OLD_WORD(i == 0)) u_ram (
        .clk, .wr_en(ram_wr_en), .wr_addr(ram_wr_addr), .wr_strb(ram_wr_strb), .wr_data(ram_wr_data),
        .rd_en(ram_rd_en), .rd_addr(ram_rd_addr), .rd_data(ram_rd_data[i])
    );
  end
  ram_rrw #(.WIDTH(16), .DEPTH(8)) u_rrw (
      .clk, .rd_en(ram_rd_en), .rd_addr(ram_rd_addr), .rd_data(rrw_rd_data),
      .rw_en(rrw_en), .rw_write(rrw_write), .rw_addr(rrw_addr), .rw_wr_data(ram_wr_data), .rw_rd_data(rrw_rw_data)
  );

  for (genvar i = 0; i < 4; i++) begin : g_rotate
    localparam int unsigned WORDS = i == 3 ? 16 : 4 << i;
    if (WORDS < 16) begin : g_rest
      assign rotate_m_data[i][511:32*WORDS] = '0;
    end
    axis_rotate #(.WORDS(WORDS), .FIXED(i == 3 ? 5 : -1), .SKIP_W(2), .USER_W(8)) u_rotate (
        .clk, .rst, .s_axis_tvalid(rotate_s_valid[i]), .s_axis_tready(rotate_s_ready[i]), .s_axis_tdata(rotate_s_data[i][32*WORDS-1:0]),
        .s_axis_tlast(rotate_s_last[i]), .s_axis_tuser(rotate_s_user[i]), .s_axis_up(rotate_s_up[i][$clog2(WORDS)-1:0]),
        .s_axis_skip(rotate_s_skip[i][1:0]), .s_axis_more(rotate_s_more[i]), .m_axis_tvalid(rotate_m_valid[i]), .m_axis_tready(rotate_m_ready[i]),
        .m_axis_tdata(rotate_m_data[i][32*WORDS-1:0]), .m_axis_tlast(rotate_m_last[i]), .m_axis_tuser(rotate_m_user[i])
    );
  end

endmodule

`default_nettype wire
