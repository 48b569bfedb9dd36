// SPDX-License-Identifier: Apache-2.0
// sa_lookup with flat ports.
`default_nettype none

module lookup_tb #(
    parameter int unsigned SA_ENTRIES = 4096
) (
    input  logic        clk,
    input  logic        rst,
    input  logic        s_valid,
    input  logic [31:0] s_spi,
    input  logic [31:0] s_dst,
    output logic        m_hit,
    output logic [15:0] m_sa,
    input  logic        req_valid,
    input  logic [1:0]  req_op,
    input  logic [31:0] req_spi,
    input  logic [31:0] req_dst,
    input  logic [15:0] req_sa,
    output logic        rsp_valid,
    output logic [7:0]  rsp_result
);

  sa_pkg::lookup_req_t req;
  sa_pkg::lookup_rsp_t rsp;
  assign req = {req_valid, req_op, req_spi, req_dst, req_sa};
  assign {rsp_valid, rsp_result} = rsp;

  sa_lookup #(
      .SA_ENTRIES(SA_ENTRIES)
  ) u_lookup (
      .clk, .rst, .s_valid, .s_spi, .s_dst, .m_hit, .m_sa, .req, .rsp
  );

endmodule

`default_nettype wire
