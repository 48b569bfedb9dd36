// SPDX-License-Identifier: Apache-2.0
// Splits the beats of a packet stream into narrower ones: IN_W bits become IN_W / OUT_W beats of OUT_W bits, first bytes first.
//   in beat   | byte IN_W/8-1 ... byte 0 |   ->   bytes 0 .. OUT_W/8-1 leave first, in tdata[7:0] upwards
// The last wide beat gives only the narrow beats that hold bytes of the packet (s_axis_tlen). With IN_W == OUT_W it is wires.
// Latency 0; one narrow beat a cycle. A zero-length packet is one wide beat and gives one narrow beat.
`default_nettype none

module axis_narrow #(
    parameter int unsigned IN_W   = 512,  // bits, multiple of OUT_W
    parameter int unsigned OUT_W  = 128,  // bits, multiple of 8
    parameter int unsigned USER_W = 1,    // bits of the sideband, stable over a packet
    parameter int unsigned LEN_W  = 16    // bits of the packet length
) (
    input  logic              clk,
    input  logic              rst,
    input  logic              s_axis_tvalid,
    output logic              s_axis_tready,
    input  logic [IN_W-1:0]   s_axis_tdata,
    input  logic              s_axis_tlast,
    input  logic [LEN_W-1:0]  s_axis_tlen,  // bytes of the packet, stable over it
    input  logic [USER_W-1:0] s_axis_tuser,
    output logic              m_axis_tvalid,
    input  logic              m_axis_tready,
    output logic [OUT_W-1:0]  m_axis_tdata,
    output logic              m_axis_tlast,
    output logic [USER_W-1:0] m_axis_tuser
);

  localparam int unsigned RATIO = IN_W / OUT_W;

  assign m_axis_tvalid = s_axis_tvalid;
  assign m_axis_tuser  = s_axis_tuser;

  if (RATIO == 1) begin : g_wires
    assign s_axis_tready = m_axis_tready;
    assign m_axis_tdata  = s_axis_tdata;
    assign m_axis_tlast  = s_axis_tlast;
  end else begin : g_split
    localparam int unsigned PART_W = $clog2(RATIO);
    localparam int unsigned IN_BYTES_LOG2 = $clog2(IN_W / 8);
    localparam int unsigned OUT_BYTES_LOG2 = $clog2(OUT_W / 8);

    logic [PART_W-1:0] part_q;   // narrow beat of the wide beat at the input
    logic [PART_W-1:0] final_part;  // the narrow beat that holds the packet's last byte
    logic              end_of_beat;

    // The last byte is number len-1; its bits say in which part of the last wide beat it lies.
    logic [LEN_W-1:0] last_byte;
    assign last_byte   = (s_axis_tlen == '0) ? '0 : s_axis_tlen - LEN_W'(1);
    assign final_part  = last_byte[IN_BYTES_LOG2-1:OUT_BYTES_LOG2];
    assign end_of_beat = (part_q == PART_W'(RATIO - 1)) || m_axis_tlast;

    assign m_axis_tlast  = s_axis_tlast && (part_q == final_part);
    assign m_axis_tdata  = s_axis_tdata[part_q*OUT_W+:OUT_W];
    assign s_axis_tready = m_axis_tready && end_of_beat;

    always_ff @(posedge clk) begin
      if (rst) part_q <= '0;
      else if (m_axis_tvalid && m_axis_tready) part_q <= end_of_beat ? '0 : part_q + PART_W'(1);
    end

  end

endmodule

`default_nettype wire
