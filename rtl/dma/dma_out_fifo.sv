// SPDX-License-Identifier: Apache-2.0
// Holds the packets that one engine has finished until the write side takes them whole: m_info appears only when the packet's last beat is
// stored, so its beats then leave without a gap, and a pause in the middle of a packet never holds up the other direction.
// Packets with a status other than OK have no beats here. One beat a cycle; latency 2 cycles behind the last beat.
`default_nettype none

module dma_out_fifo import espalier_regs_pkg::*, espalier_pkg::*; #(
    parameter int unsigned ROWS    = 512,  // 64-byte beats; a power of two that holds the largest packet at least
    parameter int unsigned PACKETS = 64    // packets; a power of two
) (
    input  logic         clk,
    input  logic         rst,
    input  logic         s_axis_tvalid,
    output logic         s_axis_tready,
    input  logic [511:0] s_axis_tdata,
    input  logic         s_axis_tlast,
    input  esp_out_t     s_axis_tuser,
    output logic         m_info_valid,
    input  logic         m_info_ready,
    output esp_out_t     m_info,
    output logic         m_data_valid,
    input  logic         m_data_ready,
    output logic [511:0] m_data
);

  logic data_ready, info_ready, take;

  assign s_axis_tready = data_ready && info_ready;
  assign take          = s_axis_tvalid && s_axis_tready;

  fifo_sync #(
      .WIDTH    (512),
      .DEPTH    (ROWS),
      .BLOCK_RAM(1'b1)
  ) i_data (
      .clk    (clk),
      .rst    (rst),
      .s_valid(take && s_axis_tuser.status == STATUS_OK),
      .s_ready(data_ready),
      .s_data (s_axis_tdata),
      .m_valid(m_data_valid),
      .m_ready(m_data_ready),
      .m_data (m_data),
      .count  ()
  );

  fifo_sync #(
      .WIDTH($bits(m_info)),
      .DEPTH(PACKETS)
  ) i_info (
      .clk    (clk),
      .rst    (rst),
      .s_valid(take && s_axis_tlast),
      .s_ready(info_ready),
      .s_data (s_axis_tuser),
      .m_valid(m_info_valid),
      .m_ready(m_info_ready),
      .m_data (m_info),
      .count  ()
  );

`ifndef SYNTHESIS
  // A packet has the beats its length says; a failed one has one.
  logic [15:0] beats_q;
  always_ff @(posedge clk) begin
    if (rst) beats_q <= '0;
    else if (take) begin
      beats_q <= s_axis_tlast ? '0 : beats_q + 16'd1;
      if (s_axis_tuser.status != STATUS_OK) begin
        assert (s_axis_tlast && beats_q == '0);
      end else begin
        assert (s_axis_tlast == (beats_q + 16'd1 == ((s_axis_tuser.len + 16'd63) >> 6)));
      end
    end
  end
`endif

endmodule

`default_nettype wire
