// SPDX-License-Identifier: Apache-2.0
// Bench of one engine with its SA manager, with flat ports. The manager's other direction is answered here: everything free, every
// lookup OK. install_bare writes an outbound context as the cmd_* ports say, valid, without keys: it shows what the key memory holds.
`default_nettype none

module engine_tb #(
    parameter int unsigned LANES      = 4,
    parameter int unsigned DECAP      = 0,  // 0: encapsulation, 1: decapsulation
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

    input  logic                 s_axis_tvalid,
    output logic                 s_axis_tready,
    input  logic [128*LANES-1:0] s_axis_tdata,
    input  logic                 s_axis_tlast,
    input  logic [7:0]           in_job,
    input  logic [15:0]          in_len,
    input  logic [15:0]          in_sa,
    input  logic [7:0]           in_status,

    output logic                 m_axis_tvalid,
    input  logic                 m_axis_tready,
    output logic [128*LANES-1:0] m_axis_tdata,
    output logic                 m_axis_tlast,
    output logic [7:0]           out_job,
    output logic [15:0]          out_len,
    output logic [15:0]          out_sa,
    output logic [7:0]           out_status,
    output logic [7:0]           lanes
);

  assign lanes = 8'(LANES);

  espalier_pkg::sa_cmd_t  cmd;
  espalier_pkg::sa_rsp_t  rsp;
  espalier_pkg::key_wr_t  out_key_wr, in_key_wr;
  sa_pkg::out_ctx_wr_t    out_ctx_wr;
  sa_pkg::in_ctx_wr_t     in_ctx_wr;
  sa_pkg::seq_req_t       out_seq_req, in_seq_req;
  sa_pkg::seq_rsp_t       out_seq_rsp, in_seq_rsp;
  sa_pkg::lookup_req_t    lookup_req;
  sa_pkg::lookup_rsp_t    lookup_rsp;
  logic                   out_epoch, in_epoch;
  logic [1:0]             out_inflight_zero, in_inflight_zero;

  assign cmd        = {cmd_op, cmd_inbound, cmd_index, cmd_key, cmd_key_size, cmd_salt, cmd_esn, cmd_spi, cmd_src, cmd_dst, cmd_ttl, cmd_window, cmd_seq};
  assign rsp_result = rsp.result;
  assign rsp_seq    = rsp.seq;

  sa_manager #(
      .SA_ENTRIES(SA_ENTRIES)
  ) u_manager (
      .clk, .rst, .cmd_valid, .cmd_ready, .cmd, .rsp_valid, .rsp, .ready, .out_count, .in_count,
      .out_key_wr, .out_ctx_wr, .out_seq_req, .out_seq_rsp, .out_epoch, .out_inflight_zero,
      .in_key_wr, .in_ctx_wr, .in_seq_req, .in_seq_rsp, .in_epoch, .in_inflight_zero, .lookup_req, .lookup_rsp
  );

  espalier_pkg::esp_in_t  s_axis_tuser;
  espalier_pkg::esp_out_t m_axis_tuser;
  assign s_axis_tuser = {in_job, in_len, in_sa, in_status};
  assign {out_job, out_len, out_sa, out_status} = m_axis_tuser;

  if (DECAP == 0) begin : g_encap
    sa_pkg::out_ctx_wr_t ctx_wr;
    always_comb begin
      ctx_wr = out_ctx_wr;
      if (install_bare) begin
        ctx_wr.valid = 1'b1;
        ctx_wr.sa    = cmd_index;
        ctx_wr.ctx   = {1'b1, cmd_key_size, cmd_esn, cmd_ttl, cmd_salt, cmd_spi, cmd_src, cmd_dst, 16'd0};
      end
    end

    engine_encap #(
        .LANES(LANES),
        .SA_ENTRIES(SA_ENTRIES)
    ) u_engine (
        .clk, .rst, .enable(ready),
        .s_axis_tvalid, .s_axis_tready, .s_axis_tdata, .s_axis_tlast, .s_axis_tuser,
        .m_axis_tvalid, .m_axis_tready, .m_axis_tdata, .m_axis_tlast, .m_axis_tuser,
        .key_wr(out_key_wr), .ctx_wr, .seq_req(out_seq_req), .seq_rsp(out_seq_rsp), .epoch(out_epoch), .inflight_zero(out_inflight_zero)
    );

    always_ff @(posedge clk) begin
      lookup_rsp <= {lookup_req.valid && !lookup_rsp.valid, 8'(espalier_regs_pkg::SA_RESULT_OK)};
      in_seq_rsp <= {1'b1, in_seq_req.valid && !in_seq_req.write, 64'h1122334455667788};
    end
    assign in_inflight_zero = 2'b11;
    logic unused;
    assign unused = &{1'b0, in_key_wr, in_ctx_wr, in_seq_req, in_epoch, lookup_req};
  end else begin : g_decap
    engine_decap #(
        .LANES(LANES),
        .SA_ENTRIES(SA_ENTRIES)
    ) u_engine (
        .clk, .rst, .enable(ready),
        .s_axis_tvalid, .s_axis_tready, .s_axis_tdata, .s_axis_tlast, .s_axis_tuser,
        .m_axis_tvalid, .m_axis_tready, .m_axis_tdata, .m_axis_tlast, .m_axis_tuser,
        .key_wr(in_key_wr), .ctx_wr(in_ctx_wr), .seq_req(in_seq_req), .seq_rsp(in_seq_rsp), .epoch(in_epoch), .inflight_zero(in_inflight_zero),
        .lookup_req, .lookup_rsp
    );

    always_ff @(posedge clk) out_seq_rsp <= {1'b1, out_seq_req.valid && !out_seq_req.write, 64'd0};
    assign out_inflight_zero = 2'b11;
    logic unused;
    assign unused = &{1'b0, out_key_wr, out_ctx_wr, out_seq_req, out_epoch, install_bare};
  end

endmodule

`default_nettype wire
