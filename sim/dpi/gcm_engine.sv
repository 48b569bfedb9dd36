// SPDX-License-Identifier: Apache-2.0
// Takes the place of rtl/gcm/gcm_engine.sv in a model whose cipher is in C: gcm_engine_dpi under its name.
`default_nettype none

module gcm_engine #(
    parameter int unsigned LANES = 4,
    parameter int unsigned SA_ENTRIES = 4096,
    parameter bit DECRYPT = 1'b0,
    parameter int unsigned USER_W = 8,
    parameter int unsigned MAX_AAD_BLOCKS = 1
) (
    input  logic                          clk,
    input  logic                          rst,
    input  espalier_pkg::key_wr_t         key_wr,
    input  logic                          s_valid,
    input  logic                          s_first,
    input  logic                          s_last,
    input  logic                          s_null,
    input  logic [LANES-1:0][127:0]       s_data,
    input  logic [espalier_pkg::SA_W-1:0] s_sa,
    input  logic [1:0]                    s_key_size,
    input  logic [95:0]                   s_nonce,
    input  logic [127:0]                  s_aad,
    input  logic [15:0]                   s_aad_len,
    input  logic [15:0]                   s_len,
    input  logic [USER_W-1:0]             s_user,
    output logic                          m_valid,
    output logic                          m_first,
    output logic                          m_last,
    output logic                          m_null,
    output logic [LANES-1:0][127:0]       m_data,
    output logic [USER_W-1:0]             m_user,
    output logic                          tag_valid,
    output logic                          tag_null,
    output logic [127:0]                  tag,
    output logic [USER_W-1:0]             tag_user
);

  gcm_engine_dpi #(
      .LANES(LANES), .SA_ENTRIES(SA_ENTRIES), .DECRYPT(DECRYPT), .USER_W(USER_W), .MAX_AAD_BLOCKS(MAX_AAD_BLOCKS)
  ) u_dpi (.*);

endmodule

`default_nettype wire
