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
    output logic                 t_valid,
    output logic                 t_null,
    output logic [127:0]         t_tag,
    output logic [31:0]          t_user
);

  espalier_pkg::key_wr_t made, key_wr;
  sa_keygen u_keygen (.clk, .rst, .start(key_start), .key, .key_size, .sa(key_sa), .done(key_done), .key_wr(made));
  always_comb begin
    key_wr = made;
    if (wipe) key_wr = {1'b1, 1'b1, 1'b0, 5'd0, wipe_sa, 128'd0};
    else if (flush && !made.valid) key_wr = {1'b0, 1'b0, 1'b1, 5'd0, wipe_sa, 128'd0};
  end

  localparam int unsigned OUT_W = 128 * LANES + 128 + 64 + 6;
  logic [2*OUT_W-1:0] out;  // encryption below, decryption above
  for (genvar d = 0; d < 2; d++) begin : g_direction
    logic                 take, cm_valid, cm_first, cm_last, cm_null, ct_valid, ct_null;
    logic [128*LANES-1:0] cm_data;
    logic [31:0]          cm_user, ct_user;
    logic [127:0]         ct_tag;
    assign take = s_valid && decrypt == (d == 1);
    gcm_engine #(
        .LANES(LANES), .SA_ENTRIES(SA_ENTRIES), .DECRYPT(d == 1), .USER_W(32), .MAX_AAD_BLOCKS(MAX_AAD_BLOCKS)
    ) u_rtl (
        .clk, .rst, .key_wr,
        .s_valid(take), .s_first, .s_last, .s_null, .s_data, .s_sa, .s_key_size, .s_nonce, .s_aad, .s_aad_len, .s_len, .s_user,
        .m_valid(out[OUT_W*d]), .m_first(out[OUT_W*d+1]), .m_last(out[OUT_W*d+2]), .m_null(out[OUT_W*d+3]),
        .tag_valid(out[OUT_W*d+4]), .tag_null(out[OUT_W*d+5]), .m_user(out[OUT_W*d+6+:32]), .tag_user(out[OUT_W*d+38+:32]),
        .tag(out[OUT_W*d+70+:128]), .m_data(out[OUT_W*d+198+:128*LANES])
    );
    gcm_engine_dpi #(
        .LANES(LANES), .SA_ENTRIES(SA_ENTRIES), .DECRYPT(d == 1), .USER_W(32), .MAX_AAD_BLOCKS(MAX_AAD_BLOCKS)
    ) u_c (
        .clk, .rst, .key_wr,
        .s_valid(take), .s_first, .s_last, .s_null, .s_data, .s_sa, .s_key_size, .s_nonce, .s_aad, .s_aad_len, .s_len, .s_user,
        .m_valid(cm_valid), .m_first(cm_first), .m_last(cm_last), .m_null(cm_null), .m_data(cm_data), .m_user(cm_user),
        .tag_valid(ct_valid), .tag_null(ct_null), .tag(ct_tag), .tag_user(ct_user)
    );
    always_ff @(posedge clk) begin
      a_valid : assert ({cm_valid, ct_valid} == {out[OUT_W*d], out[OUT_W*d+4]}) else $error("a beat or tag in RTL or C alone");
      if (cm_valid) begin
        a_beat : assert ({cm_data, cm_user, cm_null, cm_last, cm_first} ==
                         {out[OUT_W*d+198+:128*LANES], out[OUT_W*d+6+:32], out[OUT_W*d+3], out[OUT_W*d+2], out[OUT_W*d+1]})
        else $error("a beat differs between RTL and C");
      end
      if (ct_valid) begin
        a_tag : assert ({ct_tag, ct_user, ct_null} == {out[OUT_W*d+70+:128], out[OUT_W*d+38+:32], out[OUT_W*d+5]})
        else $error("a tag differs between RTL and C");
      end
    end
  end

  assign {m_data, t_tag, t_user, m_user, t_null, t_valid, m_null, m_last, m_first, m_valid} =
      decrypt ? out[2*OUT_W-1:OUT_W] : out[OUT_W-1:0];

endmodule

`default_nettype wire
