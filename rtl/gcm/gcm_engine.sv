// SPDX-License-Identifier: Apache-2.0
// AES-GCM (NIST SP 800-38D; as RFC 4106 uses it) of one direction: LANES blocks a cycle, packet behind packet, another SA and key size
// with each, never a gap and never a stall. Keys and powers of H come from memories that key_wr fills (slot 0 to 14 round keys, 16 to 19
// powers of H).
//
//   beats of a packet (lane 0 of the first beat on the left)
//     s_data   | header 16 B | [further AAD] | payload, s_len bytes | 16 bytes for the ICV |   ceil((16 aad + len + 16) / (16 LANES)) beats
//     m_data   | header      | [further AAD] | the other text       | undefined            |
//
// The header is passed through and not hashed; s_aad is hashed in its place (RFC 4106, 5: SPI and sequence number). With s_aad_len = 0
// s_aad must be 0.
//
//   cycle    0        2             17          18                          23          24
//          s_data   counters     keystream    m_data, GHASH of it   ...    y       tag (of the packet whose last beat came at 0)
//
// Latency: 18 cycles from s_* to m_*; the tag 24 cycles behind the last s_* beat, 6 behind the last m_* beat.
`default_nettype none

module gcm_engine import espalier_regs_pkg::*, espalier_pkg::*; #(
    parameter int unsigned LANES = 4,          // 128-bit blocks a beat: 1, 2 or 4
    parameter int unsigned SA_ENTRIES = 4096,  // keys held
    parameter bit DECRYPT = 1'b0,              // 0: GHASH over the result, 1: over the input
    parameter int unsigned USER_W = 8,         // bits of the sideband
    parameter int unsigned MAX_AAD_BLOCKS = 1  // 1: AAD of at most 16 bytes, all of it in s_aad
) (
    input  logic                    clk,
    input  logic                    rst,
    input  key_wr_t                 key_wr,
    // beats in; the sideband is stable over a packet. s_null: a one-beat packet that passes by and is not ciphered
    input  logic                    s_valid,
    input  logic                    s_first,
    input  logic                    s_last,
    input  logic                    s_null,
    input  logic [LANES-1:0][127:0] s_data,
    input  logic [SA_W-1:0]         s_sa,
    input  logic [1:0]              s_key_size,
    input  logic [95:0]             s_nonce,    // byte string: salt, IV
    input  logic [127:0]            s_aad,      // byte string, first block, zero padded
    input  logic [15:0]             s_aad_len,  // bytes
    input  logic [15:0]             s_len,      // payload bytes
    input  logic [USER_W-1:0]       s_user,     // passes with each beat; tag_user is that of the last
    // beats out
    output logic                    m_valid,
    output logic                    m_first,
    output logic                    m_last,
    output logic                    m_null,
    output logic [LANES-1:0][127:0] m_data,
    output logic [USER_W-1:0]       m_user,
    // one a packet, in order
    output logic                    tag_valid,
    output logic                    tag_null,
    output logic [127:0]            tag,      // byte string
    output logic [USER_W-1:0]       tag_user
);

  localparam int unsigned ADDR_W    = $clog2(SA_ENTRIES);
  localparam int unsigned LAYOUT_AT = 2;                            // cycle in which gcm_layout answers
  localparam int unsigned STREAM_AT = LAYOUT_AT + aes_pkg::STAGES;  // 17: keystream
  localparam int unsigned M_AT      = STREAM_AT + 1;                // 18: m_data
  localparam int unsigned GHASH_LAT = 5;

  // A beat that reads the wiped row of an SA and is nobody's (espalier_pkg::key_wr_t): it has the cycles in which no ciphered beat comes.
  key_wr_t           key_wr_q;
  logic              s_cipher, flush, key_ahead;
  logic [ADDR_W-1:0] key_sa;
  always_ff @(posedge clk) begin
    key_wr_q <= key_wr;
    if (rst) key_wr_q <= '0;
  end
  assign s_cipher  = s_valid && !s_null;
  assign flush     = key_wr_q.flush && !s_cipher;
  assign key_ahead = s_cipher || flush;
  assign key_sa    = s_cipher ? s_sa[ADDR_W-1:0] : key_wr_q.sa[ADDR_W-1:0];

  // ---- layout and keystream ------------------------------------------------------------------------------------------------
  logic                    lay_valid;
  logic [95:0]             nonce;
  logic [LANES-1:0][15:0]  counter;
  logic [LANES-1:0][127:0] keystream;
  logic [LANES-1:0]        lay_aad, lay_full, lay_part, lay_length;
  logic [3:0]              lay_part_len;

  gcm_layout #(.LANES(LANES), .MAX_AAD_BLOCKS(MAX_AAD_BLOCKS)) i_layout (
      .clk, .rst,
      .s_valid(s_cipher), .s_flush(flush), .s_first, .s_nonce, .s_aad_len, .s_len,
      .m_valid(lay_valid), .m_nonce(nonce), .m_counter(counter), .m_aad(lay_aad), .m_full(lay_full), .m_part(lay_part), .m_part_len(lay_part_len),
      .m_length(lay_length)
  );

  aes_pipe #(.LANES(LANES), .SA_ENTRIES(SA_ENTRIES)) i_aes (
      .clk, .rst, .key_wr,
      .ahead(key_ahead), .sa_ahead(key_sa), .key_size_ahead(s_cipher ? s_key_size : KEY_SIZE_AES256),
      .nonce, .counter, .out(keystream)
  );

  // ---- what goes beside the cipher -------------------------------------------------------------------------------------------
  logic                    d_valid, d_first, d_last, d_null;
  logic [LANES-1:0][127:0] d_data;
  logic [USER_W-1:0]       d_user;
  delay_line #(.WIDTH(128 * LANES + USER_W + 3), .DELAY(STREAM_AT)) i_delay (
      .clk, .rst, .s_valid, .s_data({s_data, s_user, s_first, s_last, s_null}),
      .m_valid(d_valid), .m_data({d_data, d_user, d_first, d_last, d_null})
  );

  logic             d_cipher;  // this beat is ciphered: same as d_valid && !d_null
  logic [LANES-1:0] d_aad, d_full, d_part, d_length;
  logic [3:0]       d_part_len;
  delay_line #(.WIDTH(4 * LANES + 4), .DELAY(STREAM_AT - LAYOUT_AT)) i_layout_delay (
      .clk, .rst, .s_valid(lay_valid), .s_data({lay_aad, lay_full, lay_part, lay_length, lay_part_len}),
      .m_valid(d_cipher), .m_data({d_aad, d_full, d_part, d_length, d_part_len})
  );

  logic         p_first;      // at STREAM_AT: the packet's own words arrive
  logic [127:0] p_aad;
  logic [15:0]  p_aad_len, p_len, p_aad_len_q, p_len_q;
  delay_line #(.WIDTH(160), .DELAY(STREAM_AT)) i_packet_delay (
      .clk, .rst, .s_valid(s_cipher && s_first), .s_data({s_aad, s_aad_len, s_len}),
      .m_valid(p_first), .m_data({p_aad, p_aad_len, p_len})
  );

  logic              h_ahead, h_flush_q, c_flush_q;
  logic              h_cipher;                       // h_ahead is for a beat of a packet
  logic [ADDR_W-1:0] h_sa;
  delay_line #(.WIDTH(ADDR_W + 1), .DELAY(M_AT - 2)) i_sa_delay (
      .clk, .rst, .s_valid(key_ahead), .s_data({s_cipher, key_sa}), .m_valid(h_ahead), .m_data({h_cipher, h_sa})
  );
  always_ff @(posedge clk) begin
    h_flush_q <= h_ahead && !h_cipher && !rst;
    c_flush_q <= h_flush_q && !rst;
  end

  // ---- cycle 17: the other text; and for GHASH the ciphertext, cut, with the AAD in place of the first block ----------------------
  logic                    c_valid_q, c_last_q;
  logic [LANES-1:0]        c_length_q;
  logic [LANES-1:0][127:0] other, hashed, x_q;
  logic [15:0]             part_bytes;

  for (genvar l = 0; l < LANES; l++) begin : g_other
    assign other[l] = d_data[l] ^ ((d_null || d_aad[l]) ? '0 : keystream[l]);
  end
  assign hashed     = DECRYPT ? d_data : other;
  assign part_bytes = ~(16'hffff << d_part_len);

  always_ff @(posedge clk) begin
    m_valid   <= d_valid && !rst;
    c_valid_q <= d_cipher && !rst;
    if (d_valid) begin
      m_first <= d_first;
      m_last  <= d_last;
      m_null  <= d_null;
      m_user  <= d_user;
      m_data  <= other;
    end
    if (d_cipher) begin
      c_last_q   <= d_last;
      c_length_q <= d_length;
      if (p_first) begin
        p_aad_len_q <= p_aad_len;
        p_len_q     <= p_len;
      end
    end
  end

  // The cut is the reset of a byte's registers, which costs no LUT a bit.
  for (genvar l = 0; l < LANES; l++) begin : g_hashed
    logic [127:0] block;
    assign block = (l == 0 && p_first) ? p_aad : hashed[l];
    for (genvar i = 0; i < 16; i++) begin : g_byte
      logic keep;
      assign keep = d_aad[l] || d_full[l] || (d_part[l] && part_bytes[i]);
      always_ff @(posedge clk) begin
        if (d_cipher) x_q[l][8*i+:8] <= keep ? block[8*i+:8] : 8'd0;
      end
    end
  end

  // ---- cycle 18: GHASH's blocks ------------------------------------------------------------------------------------------------
  logic [127:0]            length_block;  // bit lengths of AAD and payload, 64 bits big endian each
  logic [18:0]             aad_bits, len_bits;
  logic [LANES-1:0][127:0] blocks;
  logic [LANES-1:0]        count;

  assign aad_bits     = {p_aad_len_q, 3'b0};
  assign len_bits     = {p_len_q, 3'b0};
  assign length_block = {len_bits[7:0], len_bits[15:8], 5'b0, len_bits[18:16], 40'b0,
                         aad_bits[7:0], aad_bits[15:8], 5'b0, aad_bits[18:16], 40'b0};
  for (genvar l = 0; l < LANES; l++) begin : g_block
    assign blocks[l] = x_q[l] | ({128{c_length_q[l]}} & length_block);
    assign count[l] = c_last_q ? c_length_q[l] : (l == LANES - 1);
  end

  logic [LANES-1:0][127:0] powers;
  ghash_powers #(.LANES(LANES), .SA_ENTRIES(SA_ENTRIES)) i_powers (
      .clk, .rst, .key_wr, .ahead(h_ahead), .sa_ahead(h_sa), .power(powers)
  );

  logic         y_valid;
  logic [127:0] y;
  ghash #(.LANES(LANES)) i_ghash (
      .clk, .rst, .valid(c_valid_q), .flush(c_flush_q), .last(c_last_q), .count, .blocks, .powers, .y_valid, .y
  );

  // ---- the tag: GHASH plus E_K(J0), which the AES made in lane 0 of the first beat -----------------------------------------------
  logic         j_valid;
  logic [127:0] j_block, j_q;
  delay_line #(.WIDTH(128), .DELAY(GHASH_LAT)) i_j_delay (
      .clk, .rst, .s_valid(d_cipher && d_first), .s_data(keystream[0]), .m_valid(j_valid), .m_data(j_block)
  );

  logic              e_valid, e_null;  // each packet's end, with y
  logic [USER_W-1:0] e_user;
  delay_line #(.WIDTH(USER_W + 1), .DELAY(GHASH_LAT)) i_end_delay (
      .clk, .rst, .s_valid(m_valid && m_last), .s_data({m_user, m_null}), .m_valid(e_valid), .m_data({e_user, e_null})
  );

  always_ff @(posedge clk) begin
    if (j_valid) j_q <= j_block;
    tag_valid <= e_valid && !rst;
    if (e_valid) begin
      tag_null <= e_null;
      tag_user <= e_user;
      tag  <= e_null ? '0 : y ^ j_q;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      assert (d_cipher == (d_valid && !d_null));
      assert (y_valid == (e_valid && !e_null));
      assert (p_first == (d_cipher && d_first));
      if (s_valid && s_null) assert (s_first && s_last);
      if (c_valid_q) assert (c_last_q == |c_length_q);  // the stream has exactly the beats that its lengths ask for
    end
  end
`endif

endmodule

`default_nettype wire
