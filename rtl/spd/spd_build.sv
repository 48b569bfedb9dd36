// SPDX-License-Identifier: Apache-2.0
// Holds the rules as the host wrote them, and makes of them what packets read: rows of columns of the bit vectors, and acts.
//
// make: the rule `count` % GROUP of a column gives its bits in row `count` / GROUP of all vectors; the row is written when the last rule of the column
// has come. One a cycle, at most; 5 cycles later the row is on wr_*. copy: the act of `number`, 3 cycles later on act_wr. Rules bear parity:
// fault comes for what fails it, and of an act nothing is written.
`default_nettype none

module spd_build import espalier_pkg::*, spd_pkg::*; #(
    parameter int unsigned RULES      = 256,                     // a power of two
    parameter int unsigned GROUP      = 8,                       // rules of a column, a power of two
    parameter int unsigned ROW_W      = 8,                       // bits of a part of the key; fewer for proofs alone
    parameter int unsigned ADDR_PARTS = 128 / ROW_W,             // of an address; fewer for proofs alone
    parameter int unsigned VECTORS    = 2 * ADDR_PARTS + 12,     // not to be set: as spd_expand has them
    parameter int unsigned GROUPS     = RULES / GROUP,           // not to be set
    parameter int unsigned COLUMN_W   = $clog2(GROUPS),          // not to be set
    parameter int unsigned COUNT_W    = ROW_W + $clog2(GROUP),   // not to be set
    parameter int unsigned NUMBER_W   = $clog2(RULES) + 1        // not to be set: of a rule or a default
) (
    input  logic                     clk,
    input  logic                     rst,

    input  logic                     stage_sel,    // take these, each for itself
    input  logic                     stage_act,
    input  logic [NUMBER_W-1:0]      stage_number,
    input  rule_t                    stage_rule,

    input  logic                     wipe,         // write zeros: all columns of a row, and an act
    input  logic [ROW_W:0]           wipe_row,     // {bank, row}
    input  logic [NUMBER_W:0]        wipe_act,     // {bank, number}

    input  logic                     target,       // the bank that make and copy write; keeps until 5 cycles behind the last of them
    input  logic                     make,
    input  logic [COLUMN_W-1:0]      column,
    input  logic [COUNT_W-1:0]       count,
    input  logic                     copy,
    input  logic [NUMBER_W-1:0]      number,
    input  logic                     act_now,      // write the act of stage_rule to this bank
    input  logic                     act_bank,

    output logic                     column_done,  // the last row of done_column is made
    output logic [COLUMN_W-1:0]      done_column,
    output logic                     fault,
    output logic [NUMBER_W-1:0]      fault_number, // with fault

    output logic [GROUPS-1:0]        wr_groups,    // to spd_vectors
    output logic                     wr_bank,
    output logic [ROW_W-1:0]         wr_row,
    output logic [VECTORS*GROUP-1:0] wr_bits,
    output logic                     act_wr,       // to the acts that packets read
    output logic [NUMBER_W:0]        act_wr_addr,  // {bank, number}
    output logic [ACT_W:0]           act_wr_word   // {parity, act}
);

  localparam int unsigned GROUP_LOG = $clog2(GROUP);

  // ---- staged rules ------------------------------------------------------------------------------------------------------------------------
  logic [SEL_PAR_W+SEL_W-1:0] sel_word;
  logic [ACT_W:0]             act_word;
  selector_t                  sel;
  assign sel = sel_word[SEL_W-1:0];

  ram_sdp #(
      .WIDTH(SEL_PAR_W + SEL_W), .DEPTH(RULES), .READ_LATENCY(2), .STYLE("block")
  ) u_selectors (
      .clk, .wr_en(stage_sel), .wr_addr(stage_number[NUMBER_W-2:0]), .wr_strb(1'b1), .wr_data({sel_parity(stage_rule.sel), stage_rule.sel}),
      .rd_en(make), .rd_addr({column, count[GROUP_LOG-1:0]}), .rd_data(sel_word)
  );
  ram_sdp #(
      .WIDTH(ACT_W + 1), .DEPTH(2 * RULES), .READ_LATENCY(2), .STYLE("block")
  ) u_acts (
      .clk, .wr_en(stage_act), .wr_addr(stage_number), .wr_strb(1'b1), .wr_data({^stage_rule.act, stage_rule.act}),
      .rd_en(copy), .rd_addr(number), .rd_data(act_word)
  );

  // ---- columns: read in cycle 0, the rule's word in 2, its bits in 3, a row of the column in 4, written in 5 --------------------------------------
  logic [4:1]               make_q;
  logic [2:1]               copy_q;
  logic [COUNT_W-1:0]       count1_q, count2_q, count3_q, count4_q;
  logic [COLUMN_W-1:0]      column1_q, column2_q, column3_q, column4_q;
  logic [NUMBER_W-1:0]      number1_q, number2_q;
  logic [VECTORS-1:0]       bits, bits3_q;
  logic [VECTORS*GROUP-1:0] row4_q;
  logic                     sel_bad, act_bad, row_done;

  spd_expand #(
      .ROW_W(ROW_W), .ADDR_PARTS(ADDR_PARTS)
  ) u_expand (
      .sel, .row(count2_q[GROUP_LOG+:ROW_W]), .bits
  );

  assign sel_bad  = make_q[2] && sel_word[SEL_W+:SEL_PAR_W] != sel_parity(sel);
  assign act_bad  = copy_q[2] && ^act_word;
  assign row_done = make_q[4] && (&count4_q[GROUP_LOG-1:0]);

  always_ff @(posedge clk) begin
    if (rst) begin
      make_q <= '0;
      copy_q <= '0;
    end else begin
      make_q <= {make_q[3:1], make};
      copy_q <= {copy_q[1], copy};
    end
    {count4_q, count3_q, count2_q, count1_q}     <= {count3_q, count2_q, count1_q, count};
    {column4_q, column3_q, column2_q, column1_q} <= {column3_q, column2_q, column1_q, column};
    {number2_q, number1_q}                       <= {number1_q, number};
    bits3_q <= bits;
    if (make_q[3]) begin
      for (int unsigned v = 0; v < VECTORS; v++) row4_q[v*GROUP+:GROUP] <= {bits3_q[v], row4_q[v*GROUP+1+:GROUP-1]};
    end
  end

  assign column_done  = make_q[4] && (&count4_q);
  assign done_column  = column4_q;

  logic                fault_q;
  logic [NUMBER_W-1:0] fault_number_q;
  assign fault        = fault_q;
  assign fault_number = fault_number_q;
  always_ff @(posedge clk) begin
    fault_q        <= !rst && (sel_bad || act_bad);
    fault_number_q <= sel_bad ? {1'b0, column2_q, count2_q[GROUP_LOG-1:0]} : number2_q;
  end

  // ---- what packets read ------------------------------------------------------------------------------------------------------------------
  logic [GROUPS-1:0]        wr_groups_q;
  logic                     wr_bank_q;
  logic [ROW_W-1:0]         wr_row_q;
  logic [VECTORS*GROUP-1:0] wr_bits_q;
  logic                     act_wr_q;
  logic [NUMBER_W:0]        act_addr_q;
  logic [ACT_W:0]           act_word_q;
  assign wr_groups   = wr_groups_q;
  assign wr_bank     = wr_bank_q;
  assign wr_row      = wr_row_q;
  assign wr_bits     = wr_bits_q;
  assign act_wr      = act_wr_q;
  assign act_wr_addr = act_addr_q;
  assign act_wr_word = act_word_q;

  always_ff @(posedge clk) begin
    if (rst) wr_groups_q <= '0;
    else if (wipe) wr_groups_q <= '1;
    else wr_groups_q <= row_done ? GROUPS'(1) << column4_q : '0;
    wr_bank_q <= wipe ? wipe_row[ROW_W] : target;
    wr_row_q  <= wipe ? wipe_row[ROW_W-1:0] : count4_q[GROUP_LOG+:ROW_W];
    wr_bits_q <= wipe ? '0 : row4_q;

    act_wr_q <= !rst && (wipe || act_now || (copy_q[2] && !act_bad));
    if (wipe) begin
      act_addr_q <= wipe_act;
      act_word_q <= '0;
    end else if (copy_q[2]) begin
      act_addr_q <= {target, number2_q};
      act_word_q <= act_word;
    end else begin
      act_addr_q <= {act_bank, stage_number};
      act_word_q <= {^stage_rule.act, stage_rule.act};
    end
  end

endmodule

`default_nettype wire
