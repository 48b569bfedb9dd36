// SPDX-License-Identifier: Apache-2.0
// Test top: the key schedule and both directions of the AES-GCM engine; `decrypt` says which one a beat goes to and whose outputs are shown.
// Each engine stands here twice, in RTL, whose outputs these are, and in C. An assertion fails when they do not say the same in the same cycle.
// Both get the keys of the key schedule, or the zeros of a wipe; flush: that of key_wr_t, at the SA of wipes, where no key is written.
`default_nettype none

module gcm_tb #(
    parameter int unsigned LANES          = 4,
    parameter int unsigned SA_ENTRIES     = 64,
    parameter int unsigned MAX_AAD_BLOCKS = 8
) (
    input  logic                 clk,
    input  logic                 rst,
    input  logic                 key_start,
    input  logic [255:0]         key,
    input  logic [1:0]           key_size,
    input  logic [15:0]          key_sa,
    output logic                 key_done,
    input  logic                 wipe,
    input  logic                 flush,
    input  logic [15:0]          wipe_sa,
    input  logic                 decrypt,
    input  logic                 s_valid,
    input  logic                 s_first,
    input  logic                 s_last,
    input  logic                 s_null,
    input  logic [128*LANES-1:0] s_data,
    input  logic [15:0]          s_sa,
    input  logic [1:0]           s_key_size,
    input  logic [95:0]          s_nonce,
    input  logic [127:0]         s_aad,
    input  logic [15:0]          s_aad_len,
    input  logic [15:0]          s_len,
    input  logic [31:0]          s_user,
    output logic                 m_valid,
    output logic                 m_first,
    output logic                 m_last,
    output logic                 m_null,
    output logic [128*LANES-1:0] m_data,
    output logic [31:0]          m_user,
    output logic                 tag_valid,
    output logic                 tag_null,
    output logic [127:0]         tag,
    output logic [31:0]          tag_user
);

  espalier_pkg::key_wr_t made, key_wr;
  sa_keygen u_keygen (.clk, .rst, .start(key_start), .key, .key_size, .sa(key_sa), .done(key_done), .key_wr(made));
  always_comb begin
    key_wr = made;
    if (wipe) key_wr = {1'b1, 1'b1, 1'b0, 5'd0, wipe_sa, 128'd0};
    else if (flush && !made.valid) key_wr = {1'b0, 1'b0, 1'b1, 5'd0, wipe_sa, 128'd0};
  end

  typedef struct packed {
    logic                    valid, first, last, null_beat;
    logic [LANES-1:0][127:0] data;
    logic [31:0]             user;
  } beat_t;
  typedef struct packed {
    logic         valid, null_beat;
    logic [127:0] tag;
    logic [31:0]  user;
  } tag_t;

  beat_t [1:0] beats, c_beats;  // of encryption and decryption, from the RTL and from C
  tag_t [1:0]  tags, c_tags;
  for (genvar d = 0; d < 2; d++) begin : g_direction
    logic take;
    assign take = s_valid && decrypt == (d == 1);
    gcm_engine #(
        .LANES(LANES), .SA_ENTRIES(SA_ENTRIES), .DECRYPT(d == 1), .USER_W(32), .MAX_AAD_BLOCKS(MAX_AAD_BLOCKS)
    ) u_rtl (
        .clk, .rst, .key_wr,
        .s_valid(take), .s_first, .s_last, .s_null, .s_data, .s_sa, .s_key_size, .s_nonce, .s_aad, .s_aad_len, .s_len, .s_user,
        .m_valid(beats[d].valid), .m_first(beats[d].first), .m_last(beats[d].last), .m_null(beats[d].null_beat), .m_data(beats[d].data),
        .m_user(beats[d].user), .tag_valid(tags[d].valid), .tag_null(tags[d].null_beat), .tag(tags[d].tag), .tag_user(tags[d].user)
    );
    gcm_engine_dpi #(
        .LANES(LANES), .SA_ENTRIES(SA_ENTRIES), .DECRYPT(d == 1), .USER_W(32), .MAX_AAD_BLOCKS(MAX_AAD_BLOCKS)
    ) u_c (
        .clk, .rst, .key_wr,
        .s_valid(take), .s_first, .s_last, .s_null, .s_data, .s_sa, .s_key_size, .s_nonce, .s_aad, .s_aad_len, .s_len, .s_user,
        .m_valid(c_beats[d].valid), .m_first(c_beats[d].first), .m_last(c_beats[d].last), .m_null(c_beats[d].null_beat), .m_data(c_beats[d].data),
        .m_user(c_beats[d].user), .tag_valid(c_tags[d].valid), .tag_null(c_tags[d].null_beat), .tag(c_tags[d].tag), .tag_user(c_tags[d].user)
    );
    always_ff @(posedge clk) begin
      a_valid : assert (c_beats[d].valid == beats[d].valid && c_tags[d].valid == tags[d].valid) else $error("a beat or tag in RTL or C alone");
      if (c_beats[d].valid) a_beat : assert (c_beats[d] == beats[d]) else $error("a beat differs between RTL and C");
      if (c_tags[d].valid) a_tag : assert (c_tags[d] == tags[d]) else $error("a tag differs between RTL and C");
    end
  end

  assign {m_valid, m_first, m_last, m_null, m_data, m_user} = beats[decrypt];
  assign {tag_valid, tag_null, tag, tag_user} = tags[decrypt];

endmodule

`default_nettype wire
