// SPDX-License-Identifier: Apache-2.0
// The bit vectors of the rules. The key is cut into parts of ROW_W bits; each part is the row of a memory that holds a bit a rule: can the rule match
// this part? A rule matches where all its bits are 1; of a port, where its five make a range (spd_pkg::range_fits). So prefixes of any length and
// ranges of any bounds are one rule each. (Lakshman, Stiliadis: bit vectors, SIGCOMM 1998; here by parts of the key in place of intervals.)
//
// Each memory has two banks of rows, one read by packets and one written. Latency 5 cycles from s_valid to match, 6 to bad; a key every cycle.
//
//   cycle  1 rows    3 words (block RAM with its output register)    4 source, destination, rest    5 match    6 bad
//
// A column is GROUP rules and their parity, written as a whole: 9 bits, a byte enable of a block RAM. bad: a word that was read fails it.
`default_nettype none

module spd_vectors import spd_pkg::*; #(
    parameter int unsigned RULES      = 256,                     // a multiple of GROUP
    parameter int unsigned GROUP      = 8,                       // rules of a column
    parameter int unsigned ROW_W      = 8,                       // bits of a part of the key; fewer for proofs alone
    parameter int unsigned ADDR_PARTS = 128 / ROW_W,             // of an address; fewer for proofs alone
    parameter int unsigned VECTORS    = 2 * ADDR_PARTS + 12,     // not to be set: as spd_expand has them
    parameter int unsigned GROUPS     = RULES / GROUP            // not to be set
) (
    input  logic                         clk,
    input  logic                         s_valid,
    input  key_t                         s_key,
    input  logic                         s_bank,
    output logic [RULES-1:0]             match,
    output logic                         bad,

    // One row of one bank of all vectors: the columns whose bit of wr_groups is 1. Never the bank that packets read, but before the first of them.
    input  logic [GROUPS-1:0]            wr_groups,
    input  logic                         wr_bank,
    input  logic [ROW_W-1:0]             wr_row,
    input  logic [VECTORS*GROUP-1:0]     wr_bits      // GROUP bits a vector, the lowest rule in the lowest
);

  localparam int unsigned COLUMN_W = GROUP + 1;
  localparam int unsigned WORD_W   = GROUPS * COLUMN_W;
  localparam int unsigned KIND_W   = (ROW_W < 4) ? ROW_W : 4;

  logic [VECTORS-1:0][ROW_W-1:0] row, row_q;
  logic                          en_q, bank_q;
  logic [WORD_W-1:0]             word[0:VECTORS-1];
  logic [VECTORS-1:0][RULES-1:0] bits;               // cycle 3
  logic [RULES-1:0]              src_q, dst_q, rest_q, match_q;
  logic [GROUPS-1:0]             odd_q[0:VECTORS-1];  // cycle 4: a column with the wrong parity
  logic [VECTORS-1:0]            bad5_q;
  logic                          bad6_q;

  assign match = match_q;
  assign bad   = bad6_q;

  // ---- the key in parts -----------------------------------------------------------------------------------------------------------------
  for (genvar i = 0; i < ADDR_PARTS; i++) begin : g_addr
    assign row[i]            = s_key.src[127-ROW_W*i-:ROW_W];
    assign row[ADDR_PARTS+i] = s_key.dst[127-ROW_W*i-:ROW_W];
  end
  assign row[2*ADDR_PARTS] = s_key.proto[7-:ROW_W];
  for (genvar i = 0; i < 3; i++) begin : g_upper
    assign row[2*ADDR_PARTS+1+i] = s_key.sport[15-:ROW_W];
    assign row[2*ADDR_PARTS+6+i] = s_key.dport[15-:ROW_W];
  end
  for (genvar i = 0; i < 2; i++) begin : g_lower
    assign row[2*ADDR_PARTS+4+i] = s_key.sport[15-ROW_W-:ROW_W];
    assign row[2*ADDR_PARTS+9+i] = s_key.dport[15-ROW_W-:ROW_W];
  end
  assign row[VECTORS-1] = ROW_W'({s_key.ports_known, s_key.proto_known, s_key.inbound, s_key.v6});

  always_ff @(posedge clk) begin
    en_q   <= s_valid;
    row_q  <= row;
    bank_q <= s_bank;
  end

  // ---- the memories -----------------------------------------------------------------------------------------------------------------------
  for (genvar v = 0; v < VECTORS; v++) begin : g_vector
    logic [COLUMN_W-1:0] column;
    assign column = {^wr_bits[v*GROUP+:GROUP], wr_bits[v*GROUP+:GROUP]};

    if (v == VECTORS - 1) begin : g_kind
      ram_sdp #(
          .WIDTH(WORD_W), .DEPTH(2 << KIND_W), .STRB_W(GROUPS), .READ_LATENCY(2), .STYLE("distributed")
      ) u_ram (
          .clk, .wr_en(1'b1), .wr_addr({wr_bank, wr_row[KIND_W-1:0]}), .wr_strb(wr_groups), .wr_data({GROUPS{column}}),
          .rd_en(en_q), .rd_addr({bank_q, row_q[v][KIND_W-1:0]}), .rd_data(word[v])
      );
    end else begin : g_part
      ram_sdp #(
          .WIDTH(WORD_W), .DEPTH(2 << ROW_W), .STRB_W(GROUPS), .READ_LATENCY(2), .STYLE("block")
      ) u_ram (
          .clk, .wr_en(1'b1), .wr_addr({wr_bank, wr_row}), .wr_strb(wr_groups), .wr_data({GROUPS{column}}),
          .rd_en(en_q), .rd_addr({bank_q, row_q[v]}), .rd_data(word[v])
      );
    end

    for (genvar g = 0; g < GROUPS; g++) begin : g_column
      assign bits[v][g*GROUP+:GROUP] = word[v][g*COLUMN_W+:GROUP];
      always_ff @(posedge clk) odd_q[v][g] <= ^word[v][g*COLUMN_W+:COLUMN_W];
    end
    always_ff @(posedge clk) bad5_q[v] <= odd_q[v] != '0;
  end

  // ---- rules that match -------------------------------------------------------------------------------------------------------------------
  for (genvar r = 0; r < RULES; r++) begin : g_rule
    logic [VECTORS-1:0] own;
    for (genvar v = 0; v < VECTORS; v++) begin : g_own
      assign own[v] = bits[v][r];
    end
    always_ff @(posedge clk) begin
      src_q[r]  <= &own[0+:ADDR_PARTS];
      dst_q[r]  <= &own[ADDR_PARTS+:ADDR_PARTS];
      rest_q[r] <= own[2*ADDR_PARTS] && own[VECTORS-1]
                   && range_fits(own[2*ADDR_PARTS+1], own[2*ADDR_PARTS+2], own[2*ADDR_PARTS+3], own[2*ADDR_PARTS+4], own[2*ADDR_PARTS+5])
                   && range_fits(own[2*ADDR_PARTS+6], own[2*ADDR_PARTS+7], own[2*ADDR_PARTS+8], own[2*ADDR_PARTS+9], own[2*ADDR_PARTS+10]);
    end
  end

  always_ff @(posedge clk) begin
    match_q <= src_q & dst_q & rest_q;
    bad6_q  <= bad5_q != '0;
  end

endmodule

`default_nettype wire
