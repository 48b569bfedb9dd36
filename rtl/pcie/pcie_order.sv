// SPDX-License-Identifier: Apache-2.0
// Holds a register read's completion (CC) behind the writes that came before it (RQ): the block may send a completion before requests that it
// has taken earlier. The last TLP of each write carries a sequence number with bit 5 set; the block reports the number when no later
// completion can pass that TLP any more. A fence takes note of how many writes the write path has accepted, and is done when as many were
// reported. Writes after it do not hold it up, so it ends under any load. An MSI-X message that waits before the write path counts: the
// fence begins behind it. Writes that are dropped (bus mastering is off) count as reported once those before them were. The block, too, drops
// what comes to it after bus mastering went off, and need not report it: while stop is set, what it has not reported for 2**LOST_LOG2 cycles
// counts as reported, and a report that comes yet is ignored. So a register read is answered whatever becomes of the writes.
// Latency of a fence with nothing under way: 3 cycles. Source: PG213 "Maintaining Transaction Order".
`default_nettype none

module pcie_order #(
    parameter int unsigned COUNT_W   = 12,  // more writes than can be under way: half of 2**COUNT_W
    parameter int unsigned LOST_LOG2 = 16   // see above; 2**16 cycles are 262 us at 250 MHz
) (
    input  logic       clk,
    input  logic       rst,
    input  logic       stop,          // bus mastering is off, or was and the card is not at rest yet
    input  logic       accept,        // the write path took a write, whole
    input  logic       message,       // a message waits before the write path
    // from the block
    input  logic [5:0] seq_num0,
    input  logic       seq_num_vld0,
    input  logic [5:0] seq_num1,
    input  logic       seq_num_vld1,
    // last TLPs of writes that go to the block, and those that are dropped
    input  logic [1:0] sent,
    input  logic [1:0] dropped,
    output logic       empty,         // every write accepted was reported or dropped, and no message waits
    // one fence at a time: ask is one cycle, done stays until the next
    input  logic       ask,
    output logic       done
);

  logic [COUNT_W-1:0] accepted_q, passed_q, ticket_q, ahead;
  logic [COUNT_W-1:0] in_block_q, dropped_q;
  logic [1:0]         raised, reported;
  logic               credit, lost;
  logic [LOST_LOG2:0] silent_q;  // cycles without a report; the top bit: long enough
  logic               asked_q, noted_q;
  assign ahead    = passed_q - ticket_q;
  assign raised   = 2'(seq_num_vld0 && seq_num0[5]) + 2'(seq_num_vld1 && seq_num1[5]);
  assign reported = (in_block_q == '0) ? 2'd0 : (in_block_q == COUNT_W'(1) && raised[1]) ? 2'd1 : raised;
  assign lost     = silent_q[LOST_LOG2];
  // A write can be dropped before its last beat was accepted.
  assign credit   = (in_block_q == '0) && (dropped_q != '0) && (sent == '0) && (accepted_q != passed_q);

  always_ff @(posedge clk) begin
    accepted_q <= accepted_q + COUNT_W'(accept);
    in_block_q <= (lost ? '0 : in_block_q - COUNT_W'(reported)) + COUNT_W'(sent);
    silent_q   <= (stop && in_block_q != '0 && raised == '0 && !lost) ? silent_q + 1'b1 : '0;
    dropped_q  <= dropped_q + COUNT_W'(dropped) - COUNT_W'(credit);
    passed_q   <= passed_q + (lost ? in_block_q : COUNT_W'(reported)) + COUNT_W'(credit);
    empty      <= (accepted_q == passed_q) && !message && !accept;
    if (ask) begin
      asked_q <= 1'b1;
      done    <= 1'b0;
    end else if (asked_q && !message) begin
      asked_q  <= 1'b0;
      noted_q  <= 1'b1;
      ticket_q <= accepted_q;
    end else if (noted_q && !ahead[COUNT_W-1]) begin
      noted_q <= 1'b0;
      done    <= 1'b1;
    end
    if (rst) begin
      accepted_q <= '0;
      passed_q   <= '0;
      in_block_q <= '0;
      dropped_q  <= '0;
      silent_q   <= '0;
      asked_q    <= 1'b0;
      noted_q    <= 1'b0;
      done       <= 1'b0;
    end
  end

`ifndef SYNTHESIS
  logic [COUNT_W-1:0] under_way;
  assign under_way = accepted_q - passed_q;
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_passed : assert (!under_way[COUNT_W-1]) else $error("pcie_order: more writes reported than accepted");
      a_one : assert (!ask || !(asked_q || noted_q)) else $error("pcie_order: a fence within a fence");
    end
  end
`endif

endmodule

`default_nettype wire
