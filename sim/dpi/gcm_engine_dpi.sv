// SPDX-License-Identifier: Apache-2.0
// gcm_engine (rtl/gcm) with the arithmetic in C: the same ports, the same beats in the same cycles, for simulations of what lies around it.
// A beat is computed whole when it comes in and then waits for the cycle in which the RTL's would come out. The keys are those that key_wr
// brought; they may change only while no packet uses them, which the ESP engines assert. tests/unit/gcm_dpi runs both side by side.
`default_nettype none

module gcm_engine_dpi #(
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

  localparam int unsigned M_AT = 18;  // cycles from s_* to m_*
  localparam int unsigned T_AT = 24;  // cycles from the last s_* to tag_*

  import "DPI-C" function chandle gcm_dpi_new(input int lanes, input int sa_entries, input int max_aad_blocks, input bit decrypt);
  import "DPI-C" function void gcm_dpi_key(input chandle engine, input int sa, input int slot, input bit all, input bit [127:0] data);
  // ends: with this beat the packet ends, as its lengths have it.
  import "DPI-C" function void gcm_dpi_beat(input chandle engine, input bit first, input bit [511:0] data, input int sa, input int key_size,
                                            input bit [95:0] nonce, input bit [127:0] aad, input int aad_len, input int len,
                                            output bit [511:0] result, output bit [127:0] tag, output bit ends);
  import "DPI-C" function void gcm_dpi_free(input chandle engine);

  chandle engine;
  initial engine = gcm_dpi_new(32'(LANES), 32'(SA_ENTRIES), 32'(MAX_AAD_BLOCKS), DECRYPT);
  final gcm_dpi_free(engine);

  // ---- cycle 0: the beat; then the keys, so that a beat sees those that were written two cycles before it, as in the RTL -------------
  espalier_pkg::key_wr_t   key_wr_q;
  logic                    valid_q, first_q, last_q, null_q, ends;
  logic [LANES-1:0][127:0] data_q;
  logic [USER_W-1:0]       user_q;
  logic [127:0]            made, made_q;  // tag
  logic [511:0]            result;

  always_ff @(posedge clk) begin
    valid_q <= s_valid && !rst;
    if (s_valid) begin
      first_q <= s_first;
      last_q  <= s_last;
      null_q  <= s_null;
      user_q  <= s_user;
      if (s_null) begin
        data_q <= s_data;
        made_q  <= '0;
      end else begin
        gcm_dpi_beat(engine, s_first, 512'(s_data), 32'(s_sa), 32'(s_key_size), s_nonce, s_aad, 32'(s_aad_len), 32'(s_len), result, made, ends);
        a_beats : assert (s_last == ends || rst) else $error("gcm_engine_dpi: not the beats that the packet's lengths ask for");
        data_q <= result[128*LANES-1:0];
        made_q <= made;
      end
    end
    if (key_wr_q.valid) gcm_dpi_key(engine, 32'(key_wr_q.sa), 32'(key_wr_q.slot), key_wr_q.all, key_wr_q.data);
    key_wr_q <= key_wr;
    if (rst) key_wr_q.valid <= 1'b0;
  end

  // ---- the way to the cycle that is due ------------------------------------------------------------------------------------------
  delay_line #(.WIDTH(128 * LANES + USER_W + 3), .DELAY(M_AT - 1)) i_delay (
      .clk, .rst, .s_valid(valid_q), .s_data({data_q, user_q, first_q, last_q, null_q}),
      .m_valid, .m_data({m_data, m_user, m_first, m_last, m_null})
  );
  delay_line #(.WIDTH(128 + USER_W + 1), .DELAY(T_AT - 1)) i_tag_delay (
      .clk, .rst, .s_valid(valid_q && last_q), .s_data({made_q, user_q, null_q}), .m_valid(tag_valid), .m_data({tag, tag_user, tag_null})
  );

endmodule

`default_nettype wire
