// SPDX-License-Identifier: Apache-2.0
// Both engines with the SA manager they share, with flat ports: e_* encapsulation, d_* decapsulation, as in the card.
// install_bare writes an outbound context as the cmd_* ports say, valid, without keys: it shows what the key memory holds.
`default_nettype none

module engine_tb #(
    parameter int unsigned LANES      = 4,
    parameter int unsigned SA_ENTRIES = 4096
) (
    input  logic                 clk,
    input  logic                 rst,
    output logic                 ready,

    input  logic                 cmd_valid,
    output logic                 cmd_ready,
    input  logic [7:0]           cmd_op,
    input  logic                 cmd_inbound,
    input  logic [15:0]          cmd_index,
    input  logic [255:0]         cmd_key,
    input  logic [1:0]           cmd_key_size,
    input  logic [31:0]          cmd_salt,
    input  logic                 cmd_esn,
    input  logic [31:0]          cmd_spi,
    input  logic [31:0]          cmd_src,
    input  logic [31:0]          cmd_dst,
    input  logic [7:0]           cmd_ttl,
    input  logic [15:0]          cmd_window,
    input  logic [63:0]          cmd_seq,
    input  logic                 install_bare,
    output logic                 rsp_valid,
    output logic [7:0]           rsp_result,
    output logic [63:0]          rsp_seq,
    output logic [31:0]          out_count,
    output logic [31:0]          in_count,

    input  logic                 e_s_axis_tvalid,
    output logic                 e_s_axis_tready,
    input  logic [128*LANES-1:0] e_s_axis_tdata,
    input  logic                 e_s_axis_tlast,
    input  logic [7:0]           e_in_job,
    input  logic [15:0]          e_in_len,
    input  logic [15:0]          e_in_sa,
    input  logic [7:0]           e_in_status,
    output logic                 e_m_axis_tvalid,
    input  logic                 e_m_axis_tready,
    output logic [128*LANES-1:0] e_m_axis_tdata,
    output logic                 e_m_axis_tlast,
    output logic [7:0]           e_out_job,
    output logic [15:0]          e_out_len,
    output logic [15:0]          e_out_sa,
    output logic [7:0]           e_out_status,

    input  logic                 d_s_axis_tvalid,
    output logic                 d_s_axis_tready,
    input  logic [128*LANES-1:0] d_s_axis_tdata,
    input  logic                 d_s_axis_tlast,
    input  logic [7:0]           d_in_job,
    input  logic [15:0]          d_in_len,
    input  logic [15:0]          d_in_sa,
    input  logic [7:0]           d_in_status,
    output logic                 d_m_axis_tvalid,
    input  logic                 d_m_axis_tready,
    output logic [128*LANES-1:0] d_m_axis_tdata,
    output logic                 d_m_axis_tlast,
    output logic [7:0]           d_out_job,
    output logic [15:0]          d_out_len,
    output logic [15:0]          d_out_sa,
    output logic [7:0]           d_out_status,

    output logic [7:0]           lanes
);

  assign lanes = 8'(LANES);

  espalier_pkg::sa_cmd_t  cmd;
  espalier_pkg::sa_rsp_t  rsp;
  espalier_pkg::key_wr_t  out_key_wr, in_key_wr;
  sa_pkg::out_ctx_wr_t    out_ctx_wr, e_ctx_wr;
  sa_pkg::in_ctx_wr_t     in_ctx_wr;
  sa_pkg::seq_req_t       out_seq_req, in_seq_req;
  sa_pkg::seq_rsp_t       out_seq_rsp, in_seq_rsp;
  sa_pkg::lookup_req_t    lookup_req;
  sa_pkg::lookup_rsp_t    lookup_rsp;
  sa_pkg::drop_req_t      out_drop;
  logic                   out_epoch, in_epoch;
  logic [1:0]             out_inflight_zero, in_inflight_zero;

  assign cmd        = {cmd_op, cmd_inbound, cmd_index, cmd_key, cmd_key_size, cmd_salt, cmd_esn, cmd_spi, cmd_src, cmd_dst, cmd_ttl, cmd_window, cmd_seq};
  assign rsp_result = rsp.result;
  assign rsp_seq    = rsp.seq;

  sa_manager #(
      .SA_ENTRIES(SA_ENTRIES)
  ) u_manager (
      .clk, .rst, .cmd_valid, .cmd_ready, .cmd, .rsp_valid, .rsp, .ready, .out_count, .in_count,
      .out_key_wr, .out_ctx_wr, .out_seq_req, .out_seq_rsp, .out_drop, .out_epoch, .out_inflight_zero,
      .in_key_wr, .in_ctx_wr, .in_seq_req, .in_seq_rsp, .in_epoch, .in_inflight_zero, .lookup_req, .lookup_rsp
  );

  espalier_pkg::esp_out_t e_m_axis_tuser, d_m_axis_tuser;

  always_comb begin
    e_ctx_wr = out_ctx_wr;
    if (install_bare) begin
      e_ctx_wr.valid = 1'b1;
      e_ctx_wr.sa    = cmd_index;
      e_ctx_wr.ctx   = {1'b1, cmd_key_size, cmd_esn, cmd_ttl, cmd_spi, cmd_src, cmd_dst, 16'd0};
    end
  end

  engine_encap #(
      .LANES(LANES),
      .SA_ENTRIES(SA_ENTRIES)
  ) u_encap (
      .clk, .rst, .enable(ready),
      .s_axis_tvalid(e_s_axis_tvalid), .s_axis_tready(e_s_axis_tready), .s_axis_tdata(e_s_axis_tdata), .s_axis_tlast(e_s_axis_tlast),
      .s_axis_tuser({e_in_job, e_in_len, e_in_sa, e_in_status}),
      .m_axis_tvalid(e_m_axis_tvalid), .m_axis_tready(e_m_axis_tready), .m_axis_tdata(e_m_axis_tdata), .m_axis_tlast(e_m_axis_tlast),
      .m_axis_tuser(e_m_axis_tuser),
      .key_wr(out_key_wr), .ctx_wr(e_ctx_wr), .seq_req(out_seq_req), .seq_rsp(out_seq_rsp), .drop(out_drop), .epoch(out_epoch), .inflight_zero(out_inflight_zero)
  );
  assign {e_out_job, e_out_len, e_out_sa, e_out_status} = e_m_axis_tuser;

  engine_decap #(
      .LANES(LANES),
      .SA_ENTRIES(SA_ENTRIES)
  ) u_decap (
      .clk, .rst, .enable(ready),
      .s_axis_tvalid(d_s_axis_tvalid), .s_axis_tready(d_s_axis_tready), .s_axis_tdata(d_s_axis_tdata), .s_axis_tlast(d_s_axis_tlast),
      .s_axis_tuser({d_in_job, d_in_len, d_in_sa, d_in_status}),
      .m_axis_tvalid(d_m_axis_tvalid), .m_axis_tready(d_m_axis_tready), .m_axis_tdata(d_m_axis_tdata), .m_axis_tlast(d_m_axis_tlast),
      .m_axis_tuser(d_m_axis_tuser),
      .key_wr(in_key_wr), .ctx_wr(in_ctx_wr), .seq_req(in_seq_req), .seq_rsp(in_seq_rsp), .epoch(in_epoch), .inflight_zero(in_inflight_zero),
      .lookup_req, .lookup_rsp
  );
  assign {d_out_job, d_out_len, d_out_sa, d_out_status} = d_m_axis_tuser;

endmodule

`default_nettype wire
