// SPDX-License-Identifier: Apache-2.0
// Gathers the beats of a packet stream into wider ones: OUT_W / IN_W beats become one, first bytes lowest; the counterpart of axis_narrow.
// A packet's last wide beat leaves as soon as its last narrow beat came; bytes behind it are zero. With IN_W == OUT_W it is wires.
// Latency: 1 cycle behind the narrow beat that completes a wide one; one narrow beat a cycle.
`default_nettype none

module axis_widen #(
    parameter int unsigned IN_W   = 128,  // bits
    parameter int unsigned OUT_W  = 512,  // bits, multiple of IN_W
    parameter int unsigned USER_W = 1     // bits of the sideband, stable over a packet
) (
    input  logic              clk,
    input  logic              rst,
    input  logic              s_axis_tvalid,
    output logic              s_axis_tready,
    input  logic [IN_W-1:0]   s_axis_tdata,
    input  logic              s_axis_tlast,
    input  logic [USER_W-1:0] s_axis_tuser,
    output logic              m_axis_tvalid,
    input  logic              m_axis_tready,
    output logic [OUT_W-1:0]  m_axis_tdata,
    output logic              m_axis_tlast,
    output logic [USER_W-1:0] m_axis_tuser
);

  localparam int unsigned RATIO = OUT_W / IN_W;

  if (RATIO == 1) begin : g_wires
    assign m_axis_tvalid = s_axis_tvalid;
    assign s_axis_tready = m_axis_tready;
    assign m_axis_tdata  = s_axis_tdata;
    assign m_axis_tlast  = s_axis_tlast;
    assign m_axis_tuser  = s_axis_tuser;
  end else begin : g_gather
    localparam int unsigned PART_W = $clog2(RATIO);

    logic [PART_W-1:0] part_q;   // where the next narrow beat goes
    logic              full_q;
    logic [OUT_W-1:0]  data_q;
    logic              last_q;
    logic [USER_W-1:0] user_q;
    logic              take;

    assign s_axis_tready = !full_q || m_axis_tready;
    assign take          = s_axis_tvalid && s_axis_tready;
    assign m_axis_tvalid = full_q;
    assign m_axis_tdata  = data_q;
    assign m_axis_tlast  = last_q;
    assign m_axis_tuser  = user_q;

    always_ff @(posedge clk) begin
      if (rst) begin
        part_q <= '0;
        full_q <= 1'b0;
      end else begin
        if (m_axis_tready) full_q <= 1'b0;
        if (take) begin
          full_q <= s_axis_tlast || (part_q == PART_W'(RATIO - 1));
          part_q <= s_axis_tlast ? '0 : part_q + PART_W'(1);
        end
      end
    end

    // The first narrow beat clears the rest, so that a short last beat ends in zeros.
    always_ff @(posedge clk) begin
      if (take) begin
        if (part_q == '0) data_q <= OUT_W'(s_axis_tdata);
        else data_q[part_q*IN_W+:IN_W] <= s_axis_tdata;
        last_q <= s_axis_tlast;
        user_q <= s_axis_tuser;
      end
    end
  end

endmodule

`default_nettype wire
