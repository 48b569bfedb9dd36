// SPDX-License-Identifier: Apache-2.0
// The parts of rtl/gcm by themselves, one model for all: gcm_layout with 4 lanes and up to 3 blocks of AAD (a_), and with 1 lane and one (b_),
// ghash with 4 lanes, ghash_powers with 4 lanes and 16 SAs.
`default_nettype none

module gcm_cells_tb (
    input  logic         clk,
    input  logic         rst,
    // gcm_layout
    input  logic         a_valid,
    input  logic         a_flush,
    input  logic         a_first,
    input  logic [95:0]  a_nonce,
    input  logic [15:0]  a_aad_len,
    input  logic [15:0]  a_len,
    output logic         a_m_valid,
    output logic [95:0]  a_m_nonce,
    output logic [63:0]  a_m_counter,
    output logic [3:0]   a_m_aad,
    output logic [3:0]   a_m_full,
    output logic [3:0]   a_m_part,
    output logic [3:0]   a_m_part_len,
    output logic [3:0]   a_m_length,
    input  logic         b_valid,
    input  logic         b_flush,
    input  logic         b_first,
    input  logic [95:0]  b_nonce,
    input  logic [15:0]  b_aad_len,
    input  logic [15:0]  b_len,
    output logic         b_m_valid,
    output logic [95:0]  b_m_nonce,
    output logic [15:0]  b_m_counter,
    output logic         b_m_aad,
    output logic         b_m_full,
    output logic         b_m_part,
    output logic [3:0]   b_m_part_len,
    output logic         b_m_length,
    // ghash
    input  logic         h_valid,
    input  logic         h_flush,
    input  logic         h_last,
    input  logic [3:0]   h_count,
    input  logic [511:0] h_blocks,
    input  logic [511:0] h_powers,
    output logic         h_y_valid,
    output logic [127:0] h_y,
    // ghash_powers
    input  logic         p_wr,
    input  logic         p_all,
    input  logic [4:0]   p_slot,
    input  logic [15:0]  p_sa,
    input  logic [127:0] p_data,
    input  logic         p_ahead,
    input  logic [3:0]   p_sa_ahead,
    output logic [511:0] p_power
);

  gcm_layout #(.LANES(4), .MAX_AAD_BLOCKS(3)) u_layout_4 (
      .clk, .rst, .s_valid(a_valid), .s_flush(a_flush), .s_first(a_first), .s_nonce(a_nonce), .s_aad_len(a_aad_len), .s_len(a_len),
      .m_valid(a_m_valid), .m_nonce(a_m_nonce), .m_counter(a_m_counter), .m_aad(a_m_aad), .m_full(a_m_full), .m_part(a_m_part),
      .m_part_len(a_m_part_len), .m_length(a_m_length)
  );
  gcm_layout #(.LANES(1), .MAX_AAD_BLOCKS(1)) u_layout_1 (
      .clk, .rst, .s_valid(b_valid), .s_flush(b_flush), .s_first(b_first), .s_nonce(b_nonce), .s_aad_len(b_aad_len), .s_len(b_len),
      .m_valid(b_m_valid), .m_nonce(b_m_nonce), .m_counter(b_m_counter), .m_aad(b_m_aad), .m_full(b_m_full), .m_part(b_m_part),
      .m_part_len(b_m_part_len), .m_length(b_m_length)
  );
  ghash #(.LANES(4)) u_ghash (
      .clk, .rst, .valid(h_valid), .flush(h_flush), .last(h_last), .count(h_count), .blocks(h_blocks), .powers(h_powers), .y_valid(h_y_valid),
      .y(h_y)
  );
  ghash_powers #(.LANES(4), .SA_ENTRIES(16)) u_powers (
      .clk, .rst, .key_wr({p_wr, p_all, 1'b0, p_slot, p_sa, p_data}), .ahead(p_ahead), .sa_ahead(p_sa_ahead), .power(p_power)
  );

endmodule

`default_nettype wire
