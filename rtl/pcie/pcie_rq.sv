// SPDX-License-Identifier: Apache-2.0
// Merges memory reads and memory write TLPs onto RQ, in turn when both wait. Writes keep their order among themselves, and so do reads;
// a read may pass a write. A TLP begins only while bus mastering is on; one that has begun ends. All ports are registered: a read or a
// write beat is on RQ 1 cycle after it was taken when RQ is free; one beat a cycle. The block makes a 3 dword header of an address below
// 4 GiB and a 4 dword header of others; the descriptor is the same for both. Source: PG213 "Requester Request Descriptor Formats".
`default_nettype none

module pcie_rq (
    input  logic           clk,
    input  logic           rst,
    input  logic           bus_master,
    // reads
    input  logic           mrd_valid,
    output logic           mrd_ready,
    input  pcie_pkg::mrd_t mrd,
    // write TLPs
    input  logic           s_axis_tvalid,
    output logic           s_axis_tready,
    input  logic [511:0]   s_axis_tdata,
    input  logic [15:0]    s_axis_tkeep,
    input  logic [136:0]   s_axis_tuser,
    input  logic           s_axis_tlast,
    // requester requests
    output logic           m_axis_rq_tvalid,
    input  logic           m_axis_rq_tready,
    output logic [511:0]   m_axis_rq_tdata,
    output logic [15:0]    m_axis_rq_tkeep,
    output logic [136:0]   m_axis_rq_tuser,
    output logic           m_axis_rq_tlast
);

  localparam int unsigned BEAT_W = 512 + 16 + 137 + 1;

  pcie_pkg::rq_desc_t desc;
  pcie_pkg::rq_user_t user;
  always_comb begin
    desc             = '0;
    desc.tag         = mrd.tag;
    desc.req_type    = pcie_pkg::REQ_MEM_READ;
    desc.dword_count = mrd.dword_count;
    desc.address     = mrd.address;
    user             = '0;
    user.first_be    = {4'd0, mrd.first_be};
    user.last_be     = {4'd0, mrd.last_be};
    user.is_sop      = 2'b01;
    user.is_eop      = 2'b01;
    user.is_eop0_ptr = 4'd3;
  end

  // Each source is asked for a beat only when there is place for it; ready never depends on the valid of the same source.
  logic              in_write_q;   // in the middle of a write TLP
  logic              read_turn_q;  // the read goes first when both wait
  logic              out_ready;
  logic              allowed_q;    // bus mastering, as of the last cycle
  logic              pick_read, pick_write;
  assign mrd_ready     = out_ready && allowed_q && !in_write_q && (read_turn_q || !s_axis_tvalid);
  assign s_axis_tready = out_ready && (in_write_q || (allowed_q && (!read_turn_q || !mrd_valid)));
  assign pick_read     = mrd_valid && mrd_ready;
  assign pick_write    = s_axis_tvalid && s_axis_tready;

  always_ff @(posedge clk) begin
    allowed_q <= bus_master && !rst;
    if (rst) begin
      in_write_q  <= 1'b0;
      read_turn_q <= 1'b0;
    end else begin
      if (pick_write) begin
        in_write_q  <= !s_axis_tlast;
        read_turn_q <= 1'b1;
      end
      if (pick_read) read_turn_q <= 1'b0;
    end
  end

  skid #(
      .WIDTH(BEAT_W)
  ) u_out (
      .clk    (clk),
      .rst    (rst),
      .s_valid(pick_read || pick_write),
      .s_ready(out_ready),
      .s_data (pick_read ? {384'd0, desc, 16'h000f, user, 1'b1} : {s_axis_tdata, s_axis_tkeep, s_axis_tuser, s_axis_tlast}),
      .m_valid(m_axis_rq_tvalid),
      .m_ready(m_axis_rq_tready),
      .m_data ({m_axis_rq_tdata, m_axis_rq_tkeep, m_axis_rq_tuser, m_axis_rq_tlast})
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) a_one : assert (!(pick_read && pick_write)) else $error("pcie_rq: two sources in one cycle");
  end
`endif

endmodule

`default_nettype wire
