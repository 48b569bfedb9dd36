// SPDX-License-Identifier: Apache-2.0
// The host's side of the classifier: takes commands, and says what spd_build makes and which bank packets read.
//
// There are two banks of everything that packets read, alike at rest. A COMMIT makes the columns whose rules were written since, and all acts, in the
// bank that no packet reads; turns `bank`, in one cycle; and does the same in the other bank, when no packet reads it any more. So a packet
// meets the table before or the one behind the COMMIT, be it one rule or all that was written. An ACT writes one word, in the bank in use first.
//
// Cycles, with C columns written to (a column is GROUP rules) and B = C * GROUP * 2^ROW_W + RULES / GROUP + RULES:
//   COMMIT: packets see it after at most B + 16, rsp comes after at most 2 B + 48. 256 rules: 2,352 and 4,720 for one rule, 65,840 and 131,696
//   for all. Lookups never wait. After reset everything is zeroed, in 4 RULES cycles (or 2 * 2^ROW_W, if more), before `ready`.
//
// Where the parity of a staged rule fails, COMMIT ends with FAULT and names the rule: before `bank` turned nothing has changed for packets. What was
// not made stays marked, in each bank by itself, until a later COMMIT makes it.
`default_nettype none

module spd_writer import espalier_pkg::*, spd_pkg::*; #(
    parameter int unsigned RULES      = 256,                     // a power of two
    parameter int unsigned GROUP      = 8,                       // rules of a column, a power of two
    parameter int unsigned ROW_W      = 8,                       // bits of a part of the key; fewer for proofs alone
    parameter int unsigned ADDR_PARTS = 128 / ROW_W,             // of an address; fewer for proofs alone
    parameter int unsigned VECTORS    = 2 * ADDR_PARTS + 12,     // not to be set: as spd_expand has them
    parameter int unsigned GROUPS     = RULES / GROUP,           // not to be set
    parameter int unsigned NUMBER_W   = $clog2(RULES) + 1        // not to be set: of a rule or a default
) (
    input  logic                     clk,
    input  logic                     rst,
    input  cmd_t                     cmd,
    output rsp_t                     rsp,

    output logic                     ready,        // 0 from reset until the memories are zero
    output logic                     bank,         // that packets read
    output logic                     bank_bad,     // the two copies of `bank` differ: neither is to be believed. A COMMIT mends it
    output logic                     swapped,      // one cycle: packets of later cycles see what was staged

    output logic [GROUPS-1:0]        wr_groups,    // to spd_vectors
    output logic                     wr_bank,
    output logic [ROW_W-1:0]         wr_row,
    output logic [VECTORS*GROUP-1:0] wr_bits,
    output logic                     act_wr,       // to the acts that packets read
    output logic [NUMBER_W:0]        act_wr_addr,  // {bank, number}
    output logic [ACT_W:0]           act_wr_word   // {parity, act}
);

  localparam int unsigned GROUP_LOG = $clog2(GROUP);
  localparam int unsigned COUNT_W   = ROW_W + GROUP_LOG;
  localparam int unsigned COLUMN_W  = $clog2(GROUPS);
  localparam int unsigned WIPE_W    = (NUMBER_W > ROW_W) ? NUMBER_W + 1 : ROW_W + 1;
  localparam int unsigned DRAIN_N   = 8;   // cycles, more than spd_build's pipeline
  localparam int unsigned SETTLE_N  = 12;  // more than a lookup is from its bank to its act

  typedef enum logic [3:0] {
    WIPE, IDLE, STAGE, CLEAR, OTHER, LOOK, BUILD, ACTS, DRAIN, TURN, SETTLE, DONE
  } state_e;

  state_e                 state_q;
  logic [WIPE_W-1:0]      wipe_q;
  logic [COLUMN_W-1:0]    column_q;
  logic [COUNT_W-1:0]     count_q;
  logic [NUMBER_W-1:0]    number_q;    // of ACTS and CLEAR
  logic [3:0]             wait_q;
  logic                   bank_q, bank_n_q;
  logic                   target_q;    // the bank being made
  logic                   second_q;    // it is the one that was in use
  logic [1:0][GROUPS-1:0] marked_q;    // columns to be made, of each bank
  logic                   allowed_q;
  logic                   fault_q;
  logic [1:0]             result_q;
  logic [NUMBER_W-1:0]    fault_number_q;

  logic                sel_ok, allowed, is_default, put;
  logic                stage_sel, stage_act, act_now;
  logic [NUMBER_W-1:0] stage_number;
  rule_t               stage_rule;
  logic                column_done, fault;
  logic [COLUMN_W-1:0] done_column;
  logic [NUMBER_W-1:0] fault_number;

  assign sel_ok       = cmd.rule.sel.scope.proto_kind <= PROTO_OPAQUE && range_ok(cmd.rule.sel.sport) && range_ok(cmd.rule.sel.dport)
                        && len_ok(cmd.rule.sel.src.len, cmd.rule.sel.scope.families) && len_ok(cmd.rule.sel.dst.len, cmd.rule.sel.scope.families);
  assign is_default   = cmd.index >= 16'(RULES);
  assign allowed      = cmd.index < 16'(RULES + 2) && (cmd.op == OP_ACT || is_default || sel_ok);
  assign put          = state_q == STAGE && allowed_q;
  assign stage_sel    = state_q == WIPE || state_q == CLEAR || (put && cmd.op == OP_WRITE && !is_default);
  assign stage_act    = state_q == WIPE || state_q == CLEAR || put;
  assign stage_number = (state_q == WIPE) ? wipe_q[NUMBER_W-1:0] : (state_q == CLEAR) ? number_q : cmd.index[NUMBER_W-1:0];
  assign stage_rule   = (state_q == WIPE || state_q == CLEAR) ? '0 : cmd.rule;
  assign act_now      = (put && cmd.op == OP_ACT) || state_q == OTHER;

  spd_build #(
      .RULES(RULES), .GROUP(GROUP), .ROW_W(ROW_W), .ADDR_PARTS(ADDR_PARTS)
  ) u_build (
      .clk, .rst, .stage_sel, .stage_act, .stage_number, .stage_rule,
      .wipe(state_q == WIPE), .wipe_row(wipe_q[ROW_W:0]), .wipe_act(wipe_q[NUMBER_W:0]),
      .target(target_q), .make(state_q == BUILD), .column(column_q), .count(count_q), .copy(state_q == ACTS), .number(number_q),
      .act_now, .act_bank(bank_q ^ (state_q == OTHER)),
      .column_done, .done_column, .fault, .fault_number, .wr_groups, .wr_bank, .wr_row, .wr_bits, .act_wr, .act_wr_addr, .act_wr_word
  );

  // ---- the sequence of a command --------------------------------------------------------------------------------------------------------------
  always_ff @(posedge clk) begin
    if (rst) begin
      state_q  <= WIPE;
      wipe_q   <= '0;
      bank_q   <= 1'b0;
      bank_n_q <= 1'b1;
      fault_q  <= 1'b0;
      marked_q <= '0;
    end else begin
      if (fault) begin
        fault_q        <= 1'b1;
        fault_number_q <= fault_number;
      end
      if (column_done && !fault && !fault_q) marked_q[target_q][done_column] <= 1'b0;

      case (state_q)
        WIPE: begin
          wipe_q <= wipe_q + 1'b1;
          if (&wipe_q) state_q <= IDLE;
        end
        IDLE: begin
          column_q  <= '0;
          count_q   <= '0;
          number_q  <= '0;
          wait_q    <= '0;
          target_q  <= !bank_q;
          second_q  <= 1'b0;
          fault_q   <= 1'b0;
          allowed_q <= allowed;
          result_q  <= RESULT_OK;
          if (cmd.valid) begin
            case (cmd.op)
              OP_WRITE, OP_ACT: state_q <= STAGE;
              OP_CLEAR:         state_q <= CLEAR;
              OP_COMMIT:        state_q <= LOOK;
              OP_REBUILD: begin
                state_q  <= LOOK;
                marked_q <= '1;
              end
              default: begin
                state_q  <= DONE;
                result_q <= RESULT_INVALID;
              end
            endcase
          end
        end
        STAGE: begin
          if (!allowed_q) result_q <= RESULT_INVALID;
          if (stage_sel) begin
            marked_q[0][cmd.index[GROUP_LOG+:COLUMN_W]] <= 1'b1;
            marked_q[1][cmd.index[GROUP_LOG+:COLUMN_W]] <= 1'b1;
          end
          state_q <= act_now ? OTHER : DONE;
        end
        OTHER: state_q <= DONE;
        CLEAR: begin
          marked_q <= '1;
          number_q <= number_q + 1'b1;
          if (number_q == NUMBER_W'(RULES - 1)) state_q <= DONE;
        end

        // the columns that are marked
        LOOK: begin
          if (fault_q) state_q <= DRAIN;
          else if (marked_q[target_q][column_q]) state_q <= BUILD;
          else begin
            column_q <= column_q + 1'b1;
            if (&column_q) state_q <= ACTS;
          end
        end
        BUILD: begin
          count_q <= count_q + 1'b1;
          if (fault_q) state_q <= DRAIN;
          else if (&count_q) begin
            column_q <= column_q + 1'b1;
            state_q  <= (&column_q) ? ACTS : LOOK;
          end
        end
        ACTS: begin
          number_q <= number_q + 1'b1;
          if (fault_q || number_q == NUMBER_W'(RULES + 1)) state_q <= DRAIN;
        end
        DRAIN: begin
          wait_q <= wait_q + 1'b1;
          if (wait_q == 4'(DRAIN_N - 1)) state_q <= (fault_q || second_q) ? DONE : TURN;
          if (fault_q) result_q <= RESULT_FAULT;
        end
        TURN: begin
          bank_q   <= target_q;
          bank_n_q <= !target_q;
          wait_q   <= '0;
          state_q  <= SETTLE;
        end
        SETTLE: begin
          wait_q   <= wait_q + 1'b1;
          column_q <= '0;
          count_q  <= '0;
          number_q <= '0;
          if (wait_q == 4'(SETTLE_N - 1)) begin
            wait_q   <= '0;
            target_q <= !bank_q;
            second_q <= 1'b1;
            state_q  <= LOOK;
          end
        end
        DONE:    state_q <= IDLE;
        default: state_q <= WIPE;
      endcase
    end
  end

  assign ready      = state_q != WIPE;
  assign bank       = bank_q;
  assign bank_bad   = bank_q == bank_n_q;
  assign swapped    = state_q == TURN;
  assign rsp.valid  = state_q == DONE;
  assign rsp.result = result_q;
  assign rsp.index  = 16'(fault_number_q);

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_stable : assert (state_q == WIPE || state_q == IDLE || state_q == DONE || cmd.valid) else $error("spd_writer: command dropped before its answer");
      a_made : assert (state_q != TURN || marked_q[target_q] == '0) else $error("spd_writer: packets get a bank that is not made");
    end
  end
`endif

endmodule

`default_nettype wire
