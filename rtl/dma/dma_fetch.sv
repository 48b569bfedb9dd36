// SPDX-License-Identifier: Apache-2.0
// Fetches descriptors: looks at the queues in turn, decides how many descriptors the next read takes (BATCH at most; dma_queue: what is there,
// what has a completion place, up to the ring's end; not before dma_regs has job room for them), and turns the answers, in the order of the reads, into a stream of
// descriptors. A fetch that failed stops its queue; the queue's later fetches under way are dropped, so that none of its descriptors is skipped.
//
//   slot (256 B of the descriptor buffer): decided -> read -> done (any order) -> emitted or dropped (in the order of the decisions)
//
// Throughput: one read per 4 cycles, one descriptor a cycle. Nothing behind this block holds a descriptor up: there is a job for each.
`default_nettype none

module dma_fetch import espalier_regs_pkg::*, espalier_pkg::*, dma_pkg::*; (
    input  logic                           clk,
    input  logic                           rst,
    input  logic                           enable,       // 0: no new fetches
    // queues
    input  logic [QUEUES-1:0][BATCH_W-1:0] fetch_count,
    input  logic [QUEUES-1:0][63:0]        fetch_addr,
    input  logic [QUEUES-1:0][USED_W-1:0]  job_room,
    input  logic [QUEUES-1:0]              error,
    output issue_t                         issue,
    output queue_event_t                   consumed,
    output drop_t                          drop,
    // reads
    output logic                           rd_req_valid,
    input  logic                           rd_req_ready,
    output rd_req_t                        rd_req,
    input  logic                           done_valid,   // a fetch's last byte is in the buffer, or it failed
    input  logic [SLOT_W-1:0]              done_slot,
    input  logic [7:0]                     done_status,
    // descriptor buffer, read latency 1
    output logic                           buf_rd_en,
    output logic [SLOT_W+1:0]              buf_rd_row,
    input  logic [511:0]                   buf_rd_data,
    // descriptors out
    output logic                           desc_valid,
    output logic [QUEUE_W-1:0]             desc_queue,
    output descriptor_t                    desc
);

  localparam int unsigned INFO_W = QUEUE_W + BATCH_W;

  // ---- decide and read ----------------------------------------------------------------------------------------------
  // SETTLE gives the queue's registered counts time to show what was taken before the next decision reads them.
  typedef enum logic [1:0] {
    PICK,
    GRANT,
    REQUEST,
    SETTLE
  } state_e;

  state_e             state_q;
  logic [QUEUE_W-1:0] turn_q;
  logic [SLOT_W:0]    wr_q, rd_q;  // slots decided and slots finished; one bit more than the slot's number
  logic [BATCH_W-1:0] want, count_q;
  logic [USED_W-1:0]  room;
  logic               slot_free, enough_q, grant;
  rd_req_t req_q;

  assign want      = fetch_count[turn_q];
  assign room      = job_room[turn_q];
  assign slot_free = (wr_q ^ rd_q) != {1'b1, {SLOT_W{1'b0}}};
  // With fewer jobs free than the batch needs it waits: half a batch costs the link as many requests as a whole one.
  assign grant     = (state_q == GRANT) && enough_q && (want != '0);  // a queue that stops wants none from then on

  assign issue.valid = grant;
  assign issue.qid   = turn_q;
  assign issue.count = count_q;

  always_ff @(posedge clk) begin
    count_q  <= want;
    enough_q <= room >= USED_W'(want);
    if (rst) begin
      state_q <= PICK;
      turn_q  <= '0;
      wr_q    <= '0;
    end else begin
      case (state_q)
        PICK: begin
          if (enable && slot_free && want != '0) state_q <= GRANT;
          else turn_q <= turn_q + 1'b1;
        end
        GRANT: begin
          state_q <= grant ? REQUEST : PICK;
          if (grant) wr_q <= wr_q + 1'b1;
          else turn_q <= turn_q + 1'b1;
        end
        REQUEST: if (rd_req_ready) state_q <= SETTLE;
        default: begin
          state_q <= PICK;
          turn_q  <= turn_q + 1'b1;
        end
      endcase
    end
  end

  always_ff @(posedge clk) begin
    if (grant) begin
      req_q.addr <= fetch_addr[turn_q];
      req_q.len  <= {{(11 - BATCH_W) {1'b0}}, count_q, 5'd0};
      req_q.ctx  <= {1'b1, {(15 - SLOT_W) {1'b0}}, wr_q[SLOT_W-1:0]};
    end
  end
  assign rd_req_valid = state_q == REQUEST;
  assign rd_req       = req_q;

  // ---- what each slot holds -------------------------------------------------------------------------------------------
  logic [INFO_W-1:0]  info_mem[0:SLOTS-1];
  logic [8:0]         status_mem[0:SLOTS-1];           // failed, status
  logic [SLOTS-1:0]   done_q;
  logic [SLOT_W-1:0]  head;
  logic [INFO_W-1:0]  head_info;
  logic [QUEUE_W-1:0] head_queue;
  logic [BATCH_W-1:0] head_count;
  logic [7:0]         head_status;
  logic               head_done, head_failed, head_bad, emit, pop;
  logic [BATCH_W-1:0] index_q;  // descriptors of the head slot already emitted

  always_ff @(posedge clk) begin
    if (grant) info_mem[wr_q[SLOT_W-1:0]] <= {turn_q, count_q};
  end
  always_ff @(posedge clk) begin
    if (done_valid) status_mem[done_slot] <= {done_status != STATUS_OK, done_status};
  end

  assign head        = rd_q[SLOT_W-1:0];
  assign head_info   = info_mem[head];
  assign head_queue  = head_info[BATCH_W+:QUEUE_W];
  assign head_count  = head_info[BATCH_W-1:0];
  assign {head_failed, head_status} = status_mem[head];
  assign head_done   = done_q[head];
  // All of a fetch or nothing: one that is emitted already goes on when its queue stops.
  assign head_bad    = (head_failed || error[head_queue]) && index_q == '0;
  assign emit        = head_done && !head_bad;
  assign pop         = head_done && (head_bad || (index_q + 1'b1 == head_count));

  always_ff @(posedge clk) begin
    if (rst) begin
      done_q  <= '0;
      rd_q    <= '0;
      index_q <= '0;
    end else begin
      if (pop) begin
        done_q[head] <= 1'b0;
        rd_q         <= rd_q + 1'b1;
        index_q      <= '0;
      end else if (emit) begin
        index_q <= index_q + 1'b1;
      end
      if (done_valid) done_q[done_slot] <= 1'b1;
    end
  end

  assign drop.valid     = head_done && head_bad;
  assign drop.qid       = head_queue;
  assign drop.count     = head_count;
  assign drop.failed    = !error[head_queue];
  assign drop.status    = head_status;
  assign consumed.valid = emit;
  assign consumed.qid   = head_queue;

  // ---- descriptors out: two a buffer row ----------------------------------------------------------------------------------
  logic               valid_q, half_q;
  logic [QUEUE_W-1:0] queue_q;

  assign buf_rd_en  = emit;
  assign buf_rd_row = {head, index_q[BATCH_W-2:1]};

  always_ff @(posedge clk) begin
    if (rst) valid_q <= 1'b0;
    else valid_q <= emit;
    if (emit) begin
      half_q  <= index_q[0];
      queue_q <= head_queue;
    end
  end
  assign desc_valid = valid_q;
  assign desc_queue = queue_q;
  assign desc       = half_q ? buf_rd_data[511:256] : buf_rd_data[255:0];

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      if (done_valid) assert (!done_q[done_slot]);
      if (drop.valid) assert (index_q == '0);
      assert ((wr_q - rd_q) <= (SLOT_W + 1)'(SLOTS));
    end
  end
`endif

endmodule

`default_nettype wire
