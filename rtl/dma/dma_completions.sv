// SPDX-License-Identifier: Apache-2.0
// Collects the completions of each queue into writes of several: they follow one another in the ring, and a write of three costs the link little
// more than a write of one. A queue's completions are due when there are three of them, when the next place lies in another block of 128 bytes
// (so no write crosses MPS or 4 KiB), or WAIT cycles after the last one came.
//
//   one write, lane 0 first:  | completion n | completion n+1 | completion n+2 |        48 bytes at most: with PG213's descriptor one beat
//
// Once the write stream has taken the write, its completions are told one a cycle: counted, job free. An interrupt raised from that count
// is so always behind the completion. Latency: WAIT cycles at most while no other completion comes.
`default_nettype none

module dma_completions import espalier_pkg::*, dma_pkg::*; #(
    parameter int unsigned WAIT = 16  // cycles
) (
    input  logic               clk,
    input  logic               rst,
    // one completion and its place; not while hold is 1
    input  logic               s_valid,
    input  logic [QUEUE_W-1:0] s_qid,
    input  logic [63:0]        s_addr,
    input  completion_t        s_completion,
    input  logic [JOB_W-1:0]   s_job,
    output logic               hold,       // some queue's must be written before another completion comes
    // one write: what is on offer may grow or change until it is taken
    output logic               offer,
    input  logic               take,       // only with offer, and in no cycle of s_valid
    output logic [63:0]        m_addr,
    output logic [15:0]        m_len,      // bytes
    output logic [511:0]       m_data,
    input  logic               m_written,  // the write stream has taken it
    // each completion written
    output queue_event_t       done,
    output logic [JOB_W-1:0]   done_job,
    output logic [7:0]         done_status
);

  localparam int unsigned PER_WRITE = 3;  // completions, at most
  localparam int unsigned AGE_W     = $clog2(WAIT + 1);

  typedef struct packed {
    logic [JOB_W-1:0] job;
    completion_t      completion;
  } item_t;

  // ---- what each queue has -----------------------------------------------------------------------------------------------
  logic [1:0]         count_q[0:QUEUES-1];
  logic [AGE_W-1:0]   age_q  [0:QUEUES-1];
  logic [63:0]        addr_q [0:QUEUES-1];  // of the first
  logic [QUEUES-1:0]  full_q, due;
  logic               busy_q;               // a write was taken and its completions are not all told
  logic [QUEUE_W-1:0] pick, last_q;         // last_q: whose write was taken last

  for (genvar i = 0; i < QUEUES; i++) begin : g_due
    assign due[i] = full_q[i] || (age_q[i] == AGE_W'(WAIT));
  end

  // In turn, full or not: queues that fill up all the time do not keep the last completion of another one back.
  always_comb begin
    pick = '0;
    for (int i = QUEUES - 1; i >= 0; i--) if (due[i]) pick = QUEUE_W'(i);
    for (int i = QUEUES - 1; i >= 0; i--) if (due[i] && QUEUE_W'(i) > last_q) pick = QUEUE_W'(i);
  end
  assign hold    = full_q != '0;
  assign offer   = (due != '0) && !busy_q;

  always_ff @(posedge clk) begin
    if (rst) last_q <= '0;
    else if (take) last_q <= pick;
    for (int unsigned i = 0; i < QUEUES; i++) begin
      if (s_valid && s_qid == QUEUE_W'(i)) begin
        count_q[i] <= count_q[i] + 2'd1;
        full_q[i]  <= (count_q[i] == 2'(PER_WRITE - 1)) || (&s_addr[6:4]);
        age_q[i]   <= '0;
        if (count_q[i] == '0) addr_q[i] <= s_addr;
      end else if (count_q[i] != '0 && age_q[i] != AGE_W'(WAIT)) begin
        age_q[i] <= age_q[i] + 1'b1;
      end
      if (rst || (take && pick == QUEUE_W'(i))) begin
        count_q[i] <= '0;
        full_q[i]  <= 1'b0;
        age_q[i]   <= '0;
      end
    end
  end

  // ---- the completions themselves: a small memory a position -----------------------------------------------------------------
  item_t [PER_WRITE-1:0] items;
  for (genvar i = 0; i < PER_WRITE; i++) begin : g_item
    item_t mem[0:QUEUES-1];
    always_ff @(posedge clk) begin
      if (s_valid && count_q[s_qid] == 2'(i)) mem[s_qid] <= '{job: s_job, completion: s_completion};
    end
    assign items[i]           = mem[pick];
    assign m_data[i*128+:128] = items[i].completion;
  end
  assign m_data[511:PER_WRITE*128] = '0;
  assign m_addr                    = addr_q[pick];
  assign m_len                     = {10'd0, count_q[pick], 4'd0};

  // ---- after the write: tell them one by one ------------------------------------------------------------------------------------
  logic [QUEUE_W-1:0]    told_qid_q;
  logic [1:0]            left_q;
  logic                  telling_q;
  item_t [PER_WRITE-1:0] told_q;  // the next one lowest

  always_ff @(posedge clk) begin
    if (rst) begin
      busy_q    <= 1'b0;
      telling_q <= 1'b0;
    end else begin
      if (take) busy_q <= 1'b1;
      else if (telling_q && left_q == 2'd1) busy_q <= 1'b0;
      if (m_written) telling_q <= 1'b1;
      else if (left_q == 2'd1) telling_q <= 1'b0;
    end
    if (take) begin
      told_qid_q <= pick;
      left_q     <= count_q[pick];
      told_q     <= items;
    end else if (telling_q) begin
      left_q <= left_q - 2'd1;
      told_q <= told_q >> $bits(item_t);
    end
  end

  assign done.valid  = telling_q;
  assign done.qid    = told_qid_q;
  assign done_job    = told_q[0].job;
  assign done_status = told_q[0].completion.status;

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      if (s_valid) a_hold : assert (!hold) else $error("dma_completions: a completion while others must be written");
      if (s_valid && count_q[s_qid] != '0) begin
        a_next : assert (s_addr == addr_q[s_qid] + {58'd0, count_q[s_qid], 4'd0}) else $error("dma_completions: not the next place");
      end
      // The counts are set back by a write that is taken: what came in that cycle would be lost.
      if (take) a_take : assert (offer && !s_valid) else $error("dma_completions: a write taken that is not on offer, or beside a completion");
      if (m_written) a_written : assert (busy_q && !telling_q) else $error("dma_completions: a write that was not given");
    end
  end
`endif

endmodule

`default_nettype wire
