// SPDX-License-Identifier: Apache-2.0
// Bench of the SA manager: its ports, flat. The test plays the register block and both engines.
`default_nettype none

module sa_tb #(
    parameter int unsigned SA_ENTRIES = 64
) (
    input  logic                 clk,
    input  logic                 rst,
    output logic                 ready,
    input  logic                 cmd_valid,
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
    output logic                 cmd_ready,
    output logic                 rsp_valid,
    output logic [7:0]           rsp_result,
    output logic [63:0]          rsp_seq,
    output logic [31:0]          out_count,
    output logic [31:0]          in_count,
    output logic                 out_key_valid,
    output logic                 out_key_all,
    output logic                 out_key_flush,
    output logic [4:0]           out_key_slot,
    output logic [15:0]          out_key_sa,
    output logic [127:0]         out_key_data,
    output logic                 out_ctx_write,
    output logic [15:0]          out_ctx_sa,
    output logic                 out_valid,
    output logic [1:0]           out_key_size,
    output logic                 out_esn,
    output logic [7:0]           out_ttl,
    output logic [31:0]          out_spi,
    output logic [31:0]          out_src,
    output logic [31:0]          out_dst,
    output logic [15:0]          out_csum,
    output logic                 out_seq_valid,
    output logic                 out_seq_write,
    output logic [15:0]          out_seq_sa,
    output logic [63:0]          out_seq,
    input  logic                 out_seq_ready,
    input  logic                 out_seq_rsp_valid,
    input  logic                 out_seq_rsp_bad,
    input  logic [63:0]          out_seq_rsp_data,
    output logic                 out_drop_valid,
    output logic [15:0]          out_drop_sa,
    output logic                 out_epoch,
    input  logic [1:0]           out_inflight_zero,
    output logic                 in_key_valid,
    output logic                 in_key_all,
    output logic                 in_key_flush,
    output logic [4:0]           in_key_slot,
    output logic [15:0]          in_key_sa,
    output logic [127:0]         in_key_data,
    output logic                 in_ctx_write,
    output logic [15:0]          in_ctx_sa,
    output logic                 in_valid,
    output logic [1:0]           in_key_size,
    output logic                 in_esn,
    output logic [7:0]           in_window,
    output logic [31:0]          in_spi,
    output logic [31:0]          in_dst,
    output logic                 in_seq_valid,
    output logic                 in_seq_write,
    output logic [15:0]          in_seq_sa,
    output logic [63:0]          in_seq,
    input  logic                 in_seq_ready,
    input  logic                 in_seq_rsp_valid,
    input  logic                 in_seq_rsp_bad,
    input  logic [63:0]          in_seq_rsp_data,
    output logic                 in_epoch,
    input  logic [1:0]           in_inflight_zero,
    output logic                 lookup_valid,
    output logic [1:0]           lookup_op,
    output logic [31:0]          lookup_spi,
    output logic [31:0]          lookup_dst,
    output logic [15:0]          lookup_sa,
    input  logic                 lookup_rsp_valid,
    input  logic [7:0]           lookup_result
);

  espalier_pkg::sa_cmd_t cmd;
  espalier_pkg::sa_rsp_t rsp;
  espalier_pkg::key_wr_t out_key_wr, in_key_wr;
  sa_pkg::out_ctx_wr_t   out_ctx_wr;
  sa_pkg::in_ctx_wr_t    in_ctx_wr;
  sa_pkg::seq_req_t      out_seq_req, in_seq_req;
  sa_pkg::seq_rsp_t      out_seq_rsp, in_seq_rsp;
  sa_pkg::drop_req_t     out_drop;
  sa_pkg::lookup_req_t   lookup_req;
  sa_pkg::lookup_rsp_t   lookup_rsp;

  assign cmd = {cmd_op, cmd_inbound, cmd_index, cmd_key, cmd_key_size, cmd_salt, cmd_esn, cmd_spi, cmd_src, cmd_dst, cmd_ttl, cmd_window, cmd_seq};
  assign {rsp_result, rsp_seq} = rsp;
  assign {out_key_valid, out_key_all, out_key_flush, out_key_slot, out_key_sa, out_key_data} = out_key_wr;
  assign {in_key_valid, in_key_all, in_key_flush, in_key_slot, in_key_sa, in_key_data} = in_key_wr;
  assign {out_ctx_write, out_ctx_sa, out_valid, out_key_size, out_esn, out_ttl, out_spi, out_src, out_dst, out_csum} = out_ctx_wr;
  assign {in_ctx_write, in_ctx_sa, in_valid, in_key_size, in_esn, in_window, in_spi, in_dst} = in_ctx_wr;
  assign {out_seq_valid, out_seq_write, out_seq_sa, out_seq} = out_seq_req;
  assign {in_seq_valid, in_seq_write, in_seq_sa, in_seq} = in_seq_req;
  assign out_seq_rsp = {out_seq_ready, out_seq_rsp_valid, out_seq_rsp_bad, out_seq_rsp_data};
  assign in_seq_rsp  = {in_seq_ready, in_seq_rsp_valid, in_seq_rsp_bad, in_seq_rsp_data};
  assign {lookup_valid, lookup_op, lookup_spi, lookup_dst, lookup_sa} = lookup_req;
  assign lookup_rsp = {lookup_rsp_valid, lookup_result};
  assign {out_drop_valid, out_drop_sa} = out_drop;

  sa_manager #(
      .SA_ENTRIES(SA_ENTRIES)
  ) u_manager (
      .clk, .rst, .cmd_valid, .cmd_ready, .cmd, .rsp_valid, .rsp, .ready, .out_count, .in_count,
      .out_key_wr, .out_ctx_wr, .out_seq_req, .out_seq_rsp, .out_drop, .out_epoch, .out_inflight_zero,
      .in_key_wr, .in_ctx_wr, .in_seq_req, .in_seq_rsp, .in_epoch, .in_inflight_zero, .lookup_req, .lookup_rsp
  );

endmodule

`default_nettype wire
