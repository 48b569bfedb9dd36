// SPDX-License-Identifier: Apache-2.0
// The types that the blocks of rtl/dma say to each other, and the bytes of a submission descriptor and a completion (docs/architecture.md).
`default_nettype none

package dma_pkg;

  import espalier_pkg::*;

  localparam int unsigned QUEUES  = 32'(espalier_regs_pkg::REG_QUEUE_COUNT_MAX);  // a power of two, at least 2
  localparam int unsigned QUEUE_W = $clog2(QUEUES);
  localparam int unsigned JOBS    = 2 ** JOB_W;
  localparam int unsigned USED_W  = JOB_W + 1;  // bits of a count 0 to JOBS

  // Jobs that an active queue always finds room for, whatever the other queues hold: a queue whose engine stands still never stops another.
  localparam int unsigned JOB_RESERVE = JOBS / (2 * QUEUES);

  localparam int unsigned BATCH   = 8;  // descriptors a fetch reads at most; 32 bytes each
  localparam int unsigned BATCH_W = 4;  // bits of a count 0 to BATCH
  localparam int unsigned SLOTS   = 16;  // descriptor fetches under way at most
  localparam int unsigned SLOT_W  = $clog2(SLOTS);
  localparam int unsigned SLOT_ROWS = BATCH * 32 / 64;  // 64-byte rows of the descriptor buffer a fetch takes

  // rd_req_t.ctx: bit 15 a descriptor fetch (slot in the low bits), else a packet (bit 14 decapsulation, job in the low bits).
  localparam int unsigned CTX_DESC  = 15;
  localparam int unsigned CTX_DECAP = 14;

  // A submission descriptor: little endian, byte 0 in bits 7:0.
  typedef struct packed {
    logic [63:0] cookie;
    logic [15:0] sa;
    logic [7:0]  flags;
    logic [7:0]  opcode;
    logic [15:0] dst_capacity;
    logic [15:0] src_len;
    logic [63:0] dst;
    logic [63:0] src;
  } descriptor_t;

  // A completion: little endian, byte 0 in bits 7:0.
  typedef struct packed {
    logic [15:0] sq_head;
    logic [5:0]  reserved;
    logic        decap;
    logic        phase;
    logic [7:0]  status;
    logic [15:0] sa;
    logic [15:0] out_len;
    logic [63:0] cookie;
  } completion_t;

  // What the write side must know of a job; kept in the job table.
  typedef struct packed {
    logic [QUEUE_W-1:0] qid;
    logic [15:0]        capacity;
    logic [57:0]        dst_line;  // destination address / 64
    logic [63:0]        cookie;
  } job_t;

  // What the read side must know of a job, in submission order of its direction.
  typedef struct packed {
    logic [JOB_W-1:0] job;
    logic [63:0]      src;
    logic [LEN_W-1:0] len;
    logic [SA_W-1:0]  sa;
    logic [7:0]       status;  // not OK: nothing is read
  } read_job_t;

  // Counted changes of a queue's state; each is one cycle and names the queue.
  typedef struct packed {
    logic               valid;
    logic [QUEUE_W-1:0] qid;
    logic [BATCH_W-1:0] count;  // descriptors
  } issue_t;

  typedef struct packed {
    logic               valid;
    logic [QUEUE_W-1:0] qid;
    logic [BATCH_W-1:0] count;  // descriptors that were fetched and are not consumed
    logic               failed;  // this fetch itself failed (status); else an earlier one of the queue did
    logic [7:0]         status;
  } drop_t;

  typedef struct packed {
    logic               valid;
    logic [QUEUE_W-1:0] qid;
  } queue_event_t;

endpackage

`default_nettype wire
