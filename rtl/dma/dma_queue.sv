// SPDX-License-Identifier: Apache-2.0
// One queue: its registers (rtl/csr/espalier.rdl, queue_t), the indices of its two rings, and what may be fetched next.
// A doorbell that makes no sense (submission tail backwards, more than the ring ahead of the head, or of a queue that is not enabled; completion
// head backwards or beyond the tail) changes nothing and answers with reg_error. So do writes of bases and sizes while active.
//
//   free-running 16-bit indices:  sq_head <= fetched <= sq_tail <= sq_head + size
//                                 cq_head <= cq_tail <= cq_next,  cq_head + size >= cq_tail + used   (every fetched descriptor has its place)
//
// While stop is set (no bus master) no queue is enabled: one that was ends in error, and what it has fetched drains.
// Latency: registers 1 cycle, a start 2; fetch_count follows a change of the indices after 2 cycles, and drops to 0 at once when the queue stops.
`default_nettype none

module dma_queue import espalier_regs_pkg::*, dma_pkg::*; (
    input  logic               clk,
    input  logic               rst,
    input  logic               stop,
    // one register access: reg_valid is one cycle; data and error answer in the same cycle
    input  logic               reg_valid,
    input  logic               reg_write,
    input  logic [5:0]         reg_offset,
    input  logic [31:0]        reg_wdata,
    output logic [31:0]        reg_rdata,
    output logic               reg_error,
    // events of this queue
    input  logic               issue,        // issue_count descriptors: their read is decided
    input  logic [BATCH_W-1:0] issue_count,
    input  logic               consumed,     // one descriptor became a job
    input  logic               drop,         // drop_count fetched descriptors will not become jobs
    input  logic [BATCH_W-1:0] drop_count,
    input  logic               fail,         // with drop: this is the fetch that failed
    input  logic [7:0]         fail_status,
    input  logic               cqe_alloc,    // the place at cqe_addr was taken
    input  logic               cqe_done,     // one completion was written
    // state
    output logic               active,
    output logic               error,
    output logic [USED_W-1:0]  used,         // descriptors fetched and not completed
    output logic [BATCH_W-1:0] fetch_count,  // descriptors that may be fetched now, in one read
    output logic [63:0]        fetch_addr,
    output logic [15:0]        sq_head,
    output logic [63:0]        cqe_addr,
    output logic               cqe_phase,
    output logic               irq_valid,    // the interrupt is due
    input  logic               irq_ready,
    output logic [7:0]         irq_vector
);

  // Register offsets within a queue.
  localparam logic [5:0] SQ_BASE_LO = 6'(REG_QUEUE_SQ_BASE_LO);
  localparam logic [5:0] SQ_BASE_HI = 6'(REG_QUEUE_SQ_BASE_HI);
  localparam logic [5:0] CQ_BASE_LO = 6'(REG_QUEUE_CQ_BASE_LO);
  localparam logic [5:0] CQ_BASE_HI = 6'(REG_QUEUE_CQ_BASE_HI);
  localparam logic [5:0] SIZES      = 6'(REG_QUEUE_SIZES);
  localparam logic [5:0] CONTROL    = 6'(REG_QUEUE_CONTROL);
  localparam logic [5:0] SQ_TAIL    = 6'(REG_QUEUE_SQ_TAIL);
  localparam logic [5:0] SQ_HEAD    = 6'(REG_QUEUE_SQ_HEAD);
  localparam logic [5:0] CQ_HEAD    = 6'(REG_QUEUE_CQ_HEAD);
  localparam logic [5:0] CQ_TAIL    = 6'(REG_QUEUE_CQ_TAIL);
  localparam logic [5:0] VECTOR     = 6'(REG_QUEUE_VECTOR);
  localparam logic [5:0] MODERATION = 6'(REG_QUEUE_MODERATION);

  logic [63:0] sq_base_q, cq_base_q;
  logic [3:0]  sq_log2_q, cq_log2_q;
  logic        enable_q, error_q, arm_q, irq_q;
  logic [7:0]  error_status_q, vector_q;
  logic [7:0]  irq_count_q;  // completions that an interrupt waits for
  logic [15:0] irq_time_q;   // and how long, in units of 64 cycles
  logic [15:0] sq_tail_q, sq_head_q, fetched_q;
  logic [15:0] cq_head_q, cq_tail_q, cq_next_q;
  logic [63:0] fetch_addr_q, cqe_addr_q;
  logic [USED_W-1:0] used_q;

  logic [15:0] sq_size, cq_size;
  assign sq_size = 16'd1 << sq_log2_q;
  assign cq_size = 16'd1 << cq_log2_q;

  assign active = enable_q || (used_q != '0);

  // ---- register writes ------------------------------------------------------------------------------------------
  logic write, wr_config, wr_start, start_ok, wr_stop, wr_tail, wr_head;
  logic tail_sane, head_sane, bad;
  logic       start_q;         // a start was written
  logic [7:0] start_status, start_status_q;  // as the bases and sizes stand
  logic [15:0] tail_ahead;

  assign write      = reg_valid && reg_write;
  assign tail_ahead = reg_wdata[15:0] - sq_head_q;
  assign tail_sane  = enable_q && (tail_ahead <= sq_size) && (tail_ahead >= (sq_tail_q - sq_head_q));
  assign head_sane  = (reg_wdata[15:0] - cq_head_q) <= (cq_tail_q - cq_head_q);
  assign wr_config  = write && !bad;
  assign wr_start   = write && !bad && (reg_offset == CONTROL) && reg_wdata[0] && !enable_q;
  assign wr_stop    = write && (reg_offset == CONTROL) && !reg_wdata[0];
  assign wr_tail    = write && !bad && (reg_offset == SQ_TAIL);
  assign wr_head    = write && !bad && (reg_offset == CQ_HEAD);

  always_comb begin
    bad = 1'b0;
    case (reg_offset)
      SQ_BASE_LO, SQ_BASE_HI, CQ_BASE_LO, CQ_BASE_HI, SIZES: bad = reg_write && active;
      CONTROL: bad = reg_write && reg_wdata[0] && active && !enable_q;  // still draining
      SQ_TAIL: bad = reg_write && !tail_sane;
      CQ_HEAD: bad = reg_write && !head_sane;
      SQ_HEAD, CQ_TAIL: bad = reg_write;
      VECTOR: bad = reg_write && (reg_wdata >= 32'(REG_MSIX_COUNT_MAX));
      MODERATION: bad = 1'b0;
      default: bad = 1'b1;
    endcase
  end
  assign reg_error = bad;

  // A ring of 2^n bytes, 1 MiB at most, must lie below 2^64. It does not if its base is above 2^64 - 2^n: ones from bit n on, and not all zeros below.
  function automatic logic wraps(input logic [63:0] base, input logic [19:0] below);  // below: ones up to bit n - 1
    wraps = (&base[63:20]) && (&(base[19:0] | below)) && (|(base[19:0] & below));
  endfunction

  logic sq_wraps, cq_wraps;
  assign sq_wraps = wraps(sq_base_q, {~(15'h7FFF << sq_log2_q), 5'h1F});
  assign cq_wraps = wraps(cq_base_q, {1'b0, ~(15'h7FFF << cq_log2_q), 4'hF});

  always_comb begin
    start_status = STATUS_OK;
    if (sq_base_q == '0 || cq_base_q == '0 || sq_wraps || cq_wraps) start_status = STATUS_BAD_ADDRESS;
    else if (sq_base_q[11:0] != '0 || cq_base_q[11:0] != '0) start_status = STATUS_BAD_ALIGNMENT;
    else if (sq_log2_q < 4'd4 || cq_log2_q < 4'd4) start_status = STATUS_BAD_LENGTH;
  end
  // A start takes effect a cycle after its write: the status of what was written before it is in a register by then.
  always_ff @(posedge clk) begin
    start_q        <= wr_start && !rst;
    start_status_q <= stop ? 8'(STATUS_DMA_STOPPED) : start_status;
  end
  assign start_ok = start_q && (start_status_q == STATUS_OK);

  always_ff @(posedge clk) begin
    if (rst) begin
      sq_base_q <= '0;
      cq_base_q <= '0;
      sq_log2_q <= '0;
      cq_log2_q <= '0;
      vector_q  <= '0;
      irq_count_q <= '0;
      irq_time_q  <= '0;
    end else if (wr_config) begin
      case (reg_offset)
        SQ_BASE_LO: sq_base_q[31:0] <= reg_wdata;
        SQ_BASE_HI: sq_base_q[63:32] <= reg_wdata;
        CQ_BASE_LO: cq_base_q[31:0] <= reg_wdata;
        CQ_BASE_HI: cq_base_q[63:32] <= reg_wdata;
        SIZES: begin
          sq_log2_q <= reg_wdata[REG_QUEUE_SIZES_SQ_LOG2_LSB+:4];
          cq_log2_q <= reg_wdata[REG_QUEUE_SIZES_CQ_LOG2_LSB+:4];
        end
        VECTOR: vector_q <= reg_wdata[7:0];
        MODERATION: begin
          irq_count_q <= reg_wdata[REG_QUEUE_MODERATION_COUNT_LSB+:8];
          irq_time_q  <= reg_wdata[REG_QUEUE_MODERATION_TIME_LSB+:16];
        end
        default: ;
      endcase
    end
  end

  always_comb begin
    case (reg_offset)
      SQ_BASE_LO: reg_rdata = sq_base_q[31:0];
      SQ_BASE_HI: reg_rdata = sq_base_q[63:32];
      CQ_BASE_LO: reg_rdata = cq_base_q[31:0];
      CQ_BASE_HI: reg_rdata = cq_base_q[63:32];
      SIZES:      reg_rdata = {20'd0, cq_log2_q, 4'd0, sq_log2_q};
      CONTROL:    reg_rdata = {8'd0, error_status_q, 6'd0, error_q, active, 7'd0, enable_q};
      SQ_TAIL:    reg_rdata = {16'd0, sq_tail_q};
      SQ_HEAD:    reg_rdata = {16'd0, sq_head_q};
      CQ_HEAD:    reg_rdata = {arm_q, 15'd0, cq_head_q};
      CQ_TAIL:    reg_rdata = {16'd0, cq_tail_q};
      VECTOR:     reg_rdata = {24'd0, vector_q};
      MODERATION: reg_rdata = {irq_time_q, 8'd0, irq_count_q};
      default:    reg_rdata = '0;
    endcase
  end

  // ---- on, off, and errors ----------------------------------------------------------------------------------------
  // A failed fetch also clears enable, so that the queue drains and `active` falls.
  always_ff @(posedge clk) begin
    if (rst) begin
      enable_q       <= 1'b0;
      error_q        <= 1'b0;
      error_status_q <= '0;
    end else if (start_q) begin
      enable_q       <= start_ok;
      error_q        <= !start_ok;
      error_status_q <= start_status_q;
    end else if (stop && enable_q) begin
      enable_q       <= 1'b0;
      error_q        <= 1'b1;
      error_status_q <= STATUS_DMA_STOPPED;
    end else if (drop && fail) begin
      enable_q       <= 1'b0;
      error_q        <= 1'b1;
      error_status_q <= fail_status;
    end else if (wr_stop) begin
      enable_q <= 1'b0;
    end
  end
  assign error = error_q;

  // ---- ring indices -------------------------------------------------------------------------------------------------
  logic [15:0] fetched_next, cq_next_next;
  logic fetch_at_end, cqe_at_end;
  logic [USED_W-1:0] gone_q;  // dropped: they hold their places a cycle longer
  assign fetched_next = fetched_q + 16'(issue_count);
  assign fetch_at_end = (fetched_next & (sq_size - 16'd1)) == '0;
  assign cq_next_next = cq_next_q + 16'd1;
  assign cqe_at_end   = (cq_next_next & (cq_size - 16'd1)) == '0;

  always_ff @(posedge clk) begin
    if (rst || start_ok) begin
      sq_tail_q    <= '0;
      sq_head_q    <= '0;
      fetched_q    <= '0;
      cq_head_q    <= '0;
      cq_tail_q    <= '0;
      cq_next_q    <= '0;
      used_q       <= '0;
      gone_q       <= '0;
      fetch_addr_q <= sq_base_q;
      cqe_addr_q   <= cq_base_q;
    end else begin
      if (wr_tail) sq_tail_q <= reg_wdata[15:0];
      if (wr_head) cq_head_q <= reg_wdata[15:0];
      if (consumed) sq_head_q <= sq_head_q + 16'd1;
      if (cqe_done) cq_tail_q <= cq_tail_q + 16'd1;
      if (issue) begin
        fetched_q    <= fetched_next;
        fetch_addr_q <= fetch_at_end ? sq_base_q : fetch_addr_q + {{(59 - BATCH_W) {1'b0}}, issue_count, 5'd0};
      end
      if (cqe_alloc) begin
        cq_next_q  <= cq_next_next;
        cqe_addr_q <= cqe_at_end ? cq_base_q : cqe_addr_q + 64'd16;
      end
      gone_q <= drop ? USED_W'(drop_count) : '0;
      used_q <= used_q + (issue ? USED_W'(issue_count) : '0) - gone_q - USED_W'(cqe_done);
    end
  end

  assign used       = used_q;
  assign sq_head    = sq_head_q;
  assign fetch_addr = fetch_addr_q;
  assign cqe_addr   = cqe_addr_q;
  assign cqe_phase  = ~|(cq_next_q & cq_size);  // the bit above the index within the ring: 0 on the first pass

  // ---- how much may be fetched in one read: what is there, what has a place in the completion ring, up to the ring's end ----------
  logic [15:0] avail_q, room_q, to_end_q;
  logic [BATCH_W-1:0] count_q;

  function automatic logic [BATCH_W-1:0] clip(input logic [15:0] n);
    clip = (n > 16'(BATCH)) ? BATCH_W'(BATCH) : n[BATCH_W-1:0];
  endfunction

  function automatic logic [BATCH_W-1:0] least(input logic [BATCH_W-1:0] a, input logic [BATCH_W-1:0] b);
    least = (a < b) ? a : b;
  endfunction

  always_ff @(posedge clk) begin
    if (rst || !enable_q) begin
      avail_q  <= '0;
      room_q   <= '0;
      to_end_q <= '0;
      count_q  <= '0;
    end else begin
      avail_q  <= sq_tail_q - fetched_q;
      room_q   <= cq_size - (cq_tail_q - cq_head_q) - 16'(used_q);
      to_end_q <= sq_size - (fetched_q & (sq_size - 16'd1));
      count_q  <= least(clip(avail_q), least(clip(room_q), clip(to_end_q)));
    end
  end
  assign fetch_count = enable_q ? count_q : '0;

  // ---- the interrupt: once per arming, when there are enough completions beyond the head, the first has waited long enough, or a fetch failed ---
  localparam int unsigned TICK_W = 6;
  logic [15:0]       pending;
  logic              some_q, enough_q;  // pending, a cycle late
  logic [TICK_W-1:0] tick_q;
  logic [15:0]       waited_q;          // units of 64 cycles since the first, while armed
  logic              fire;
  assign pending = cq_tail_q - cq_head_q;
  assign fire    = arm_q && some_q && (enough_q || waited_q >= irq_time_q);

  always_ff @(posedge clk) begin
    if (rst) begin
      arm_q    <= 1'b0;
      irq_q    <= 1'b0;
      some_q   <= 1'b0;
      enough_q <= 1'b0;
      tick_q   <= '0;
      waited_q <= '0;
    end else begin
      some_q   <= (pending != '0) && !wr_head;
      enough_q <= pending >= 16'(irq_count_q);
      if (!arm_q || !some_q || fire || wr_head) {waited_q, tick_q} <= '0;
      else {waited_q, tick_q} <= {waited_q, tick_q} + 1'b1;
      if (irq_ready) irq_q <= 1'b0;
      if (start_ok || stop) {arm_q, irq_q} <= '0;
      else if (wr_head) arm_q <= reg_wdata[31];
      else if (fire || (arm_q && drop && fail)) begin
        arm_q <= 1'b0;
        irq_q <= 1'b1;
      end
    end
  end
  assign irq_valid  = irq_q;
  assign irq_vector = vector_q;

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      assert (used_q <= USED_W'(JOBS));
      assert (!(start_ok && (used_q != '0 || issue || drop || cqe_done)));
      if (active) begin
        assert ((sq_tail_q - sq_head_q) <= sq_size);
        assert ((fetched_q - sq_head_q) <= (sq_tail_q - sq_head_q) || error_q);
        assert ((cq_tail_q - cq_head_q) + 16'(used_q) <= cq_size);
        assert ((cq_next_q - cq_tail_q) <= 16'(used_q));
      end
      if (drop) assert (USED_W'(drop_count) <= used_q);
      if (cqe_done) assert (used_q != '0);
    end
  end
`endif

endmodule

`default_nettype wire
