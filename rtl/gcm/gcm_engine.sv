// SPDX-License-Identifier: Apache-2.0
// AES-GCM engine of one direction (final ports; the datapath follows in the next commit).
`default_nettype none

module gcm_engine #(
    parameter int unsigned LANES = 4,          // 128-bit blocks a beat: 1, 2 or 4
    parameter int unsigned SA_ENTRIES = 4096,  // keys held
    parameter bit DECRYPT = 1'b0,              // 0: GHASH over the result, 1: over the input
    parameter int unsigned USER_W = 8,         // bits of the sideband
    parameter int unsigned MAX_AAD_BLOCKS = 1  // 1: AAD of at most 16 bytes, all of it in s_aad
) (
    input  logic                          clk,
    input  logic                          rst,
    input  espalier_pkg::key_wr_t         key_wr,
    input  logic                          s_valid,
    input  logic                          s_first,
    input  logic                          s_last,
    input  logic                          s_null,
    input  logic [128*LANES-1:0]          s_data,
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
    output logic [128*LANES-1:0]          m_data,
    output logic [USER_W-1:0]             m_user,
    output logic                          t_valid,
    output logic                          t_null,
    output logic [127:0]                  t_tag,
    output logic [USER_W-1:0]             t_user
);
endmodule

`default_nettype wire
