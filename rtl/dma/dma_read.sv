// SPDX-License-Identifier: Apache-2.0
// The packets of one direction on their way from host memory to the ESP engine: jobs wait for room in the buffer, their reads are asked for in
// order, the answers fill the buffer in any order, and the packets leave in order, first byte in lane 0, one beat a cycle. A job with a status
// other than OK takes no room; it, and a job whose read failed, leaves as one null beat in its turn.
//
//   s_job -> waiting -> next (rows taken) -> rd_req
//                                        \-> order -> look -> head, done? -> rows read, given back -> m_axis
//
// Each direction has a buffer and queues of its own, deep enough for every job of the card: a stalled engine stops only its own direction.
// Latency: 4 cycles from the last byte in the buffer to the first beat; a packet of n beats takes n cycles. A read every 2 cycles.
`default_nettype none

module dma_read import espalier_regs_pkg::*, espalier_pkg::*, dma_pkg::*; #(
    parameter bit          DECAP = 1'b0,  // direction, for rd_req_t.ctx
    parameter int unsigned ROWS  = 1024   // 64-byte rows of the buffer: a power of two that holds the largest packet at least
) (
    input  logic                    clk,
    input  logic                    rst,
    // jobs in submission order; always taken
    input  logic                    s_job_valid,
    input  read_job_t               s_job,
    // reads, and where the packet of each goes
    output logic                    rd_req_valid,
    input  logic                    rd_req_ready,
    output rd_req_t                 rd_req,
    output logic [$clog2(ROWS)-1:0] rd_req_row,
    // answers, from dma_place
    input  logic                    wr_en,
    input  logic [$clog2(ROWS)-1:0] wr_row,
    input  logic [63:0]             wr_low,
    input  logic [63:0]             wr_high,
    input  logic [511:0]            wr_data,
    input  logic                    done_valid,
    input  logic [JOB_W-1:0]        done_job,
    input  logic [7:0]              done_status,
    // packets to the engine
    output logic                    m_axis_tvalid,
    input  logic                    m_axis_tready,
    output logic [511:0]            m_axis_tdata,
    output logic                    m_axis_tlast,
    output esp_in_t                 m_axis_tuser
);

  localparam int unsigned ROW_W = $clog2(ROWS);

  // Rows of a packet: MAX_ESP needs 151, so 8 bits hold it.
  function automatic logic [7:0] rows_of(input logic [15:0] len);
    rows_of = 8'((len + 16'd63) >> 6);
  endfunction

  // ---- jobs that wait for room ------------------------------------------------------------------------------------------
  logic      wait_valid, wait_ready, wait_room;
  read_job_t waiting;

  fifo_sync #(
      .WIDTH    ($bits(read_job_t)),
      .DEPTH    (JOBS),
      .BLOCK_RAM(1'b1)
  ) i_waiting (
      .clk    (clk),
      .rst    (rst),
      .s_valid(s_job_valid),
      .s_ready(wait_room),
      .s_data (s_job),
      .m_valid(wait_valid),
      .m_ready(wait_ready),
      .m_data (waiting),
      .count  ()
  );

  // ---- the next job, with its rows counted; it moves on when there is room for it ---------------------------------------------
  logic             next_valid_q, next_bad_q, move, order_room, release_valid;
  logic [7:0]       next_rows_q, release_rows;
  read_job_t        next_q;
  logic [ROW_W:0]   free_q;      // rows that no packet holds
  logic [ROW_W-1:0] alloc_row_q;

  assign wait_ready = !next_valid_q || move;
  always_ff @(posedge clk) begin
    if (rst) next_valid_q <= 1'b0;
    else if (wait_ready) next_valid_q <= wait_valid;
    if (wait_ready) begin
      next_q      <= waiting;
      next_bad_q  <= waiting.status != STATUS_OK;
      next_rows_q <= (waiting.status != STATUS_OK) ? 8'd0 : rows_of(waiting.len);
    end
  end

  // ---- ask for the read -----------------------------------------------------------------------------------------------------
  logic             ask_valid_q;
  rd_req_t          ask_q;
  logic [ROW_W-1:0] ask_row_q;

  assign move = next_valid_q && order_room && !ask_valid_q && (free_q >= (ROW_W + 1)'(next_rows_q));

  always_ff @(posedge clk) begin
    if (rst) begin
      free_q      <= (ROW_W + 1)'(ROWS);
      alloc_row_q <= '0;
      ask_valid_q <= 1'b0;
    end else begin
      free_q <= free_q - (move ? (ROW_W + 1)'(next_rows_q) : '0) + (release_valid ? (ROW_W + 1)'(release_rows) : '0);
      if (move) alloc_row_q <= alloc_row_q + ROW_W'(next_rows_q);
      ask_valid_q <= (move && !next_bad_q) || (ask_valid_q && !rd_req_ready);
    end
    if (move) begin
      ask_q.addr <= next_q.src;
      ask_q.len  <= next_q.len;
      ask_q.ctx  <= {1'b0, DECAP, {(14 - JOB_W) {1'b0}}, next_q.job};
      ask_row_q  <= alloc_row_q;
    end
  end
  assign rd_req_valid = ask_valid_q;
  assign rd_req       = ask_q;
  assign rd_req_row   = ask_row_q;

  // ---- jobs in order, until their packet is there ------------------------------------------------------------------------------
  esp_in_t    order_in, order, look_q, head_q;
  logic       order_valid, look_valid_q, look_take, head_valid_q, head_take, head_done_q;
  logic       head_bad_q;   // its status is not OK
  logic [7:0] head_status;

  assign order_in.job    = next_q.job;
  assign order_in.len    = next_q.len;
  assign order_in.sa     = next_q.sa;
  assign order_in.status = next_q.status;

  fifo_sync #(
      .WIDTH    ($bits(order)),
      .DEPTH    (JOBS),
      .BLOCK_RAM(1'b1)
  ) i_order (
      .clk    (clk),
      .rst    (rst),
      .s_valid(move),
      .s_ready(order_room),
      .s_data (order_in),
      .m_valid(order_valid),
      .m_ready(!look_valid_q || look_take),
      .m_data (order),
      .count  ()
  );

  logic [JOBS-1:0] done_q;
  logic [7:0]      status_mem[0:JOBS-1];

  always_ff @(posedge clk) begin
    if (done_valid) status_mem[done_job] <= done_status;
  end
  always_ff @(posedge clk) begin
    if (rst) done_q <= '0;
    else begin
      if (head_take && !head_bad_q) done_q[head_q.job] <= 1'b0;
      if (done_valid) done_q[done_job] <= 1'b1;
    end
  end

  // The oldest job's flag, out of all, is looked up a stage before it is needed; at the head it only waits for its own answer.
  assign look_take = look_valid_q && (!head_valid_q || head_take);
  always_ff @(posedge clk) begin
    if (rst) begin
      look_valid_q <= 1'b0;
      head_valid_q <= 1'b0;
    end else begin
      look_valid_q <= order_valid || (look_valid_q && !look_take);
      head_valid_q <= look_take || (head_valid_q && !head_take);
    end
    if (!look_valid_q || look_take) look_q <= order;
    if (look_take) begin
      head_q      <= look_q;
      head_bad_q  <= look_q.status != STATUS_OK;
      head_done_q <= look_q.status != STATUS_OK || done_q[look_q.job] || (done_valid && done_job == look_q.job);
    end else if (done_valid && done_job == head_q.job) begin
      head_done_q <= 1'b1;
    end
  end
  assign head_status = head_bad_q ? head_q.status : status_mem[head_q.job];

  // ---- the packet that is being read out --------------------------------------------------------------------------------------
  logic             out_q;         // a packet is at hand
  logic             null_q;        // it is one null beat
  logic [7:0]       left_q;        // beats still to read
  logic [7:0]       rows_q;        // rows it holds
  logic [ROW_W-1:0] row_q;         // next row to read
  esp_in_t          user_q;
  logic             step, last, slot_ready;

  assign last          = left_q == 8'd1;
  assign step          = out_q && slot_ready;
  assign head_take     = head_valid_q && head_done_q && (!out_q || (step && last));
  assign release_valid = step && last;
  assign release_rows  = rows_q;

  always_ff @(posedge clk) begin
    if (rst) begin
      out_q <= 1'b0;
      row_q <= '0;
    end else begin
      out_q <= head_take || (out_q && !(step && last));
      // A packet whose read failed is one beat but gives all its rows back.
      if (step) row_q <= row_q + (null_q ? ROW_W'(rows_q) : ROW_W'(1));
    end
    if (head_take) begin
      null_q        <= head_status != STATUS_OK;
      left_q        <= (head_status != STATUS_OK) ? 8'd1 : rows_of(head_q.len);
      rows_q        <= head_bad_q ? 8'd0 : rows_of(head_q.len);
      user_q.job    <= head_q.job;
      user_q.len    <= (head_status != STATUS_OK) ? '0 : head_q.len;
      user_q.sa     <= head_q.sa;
      user_q.status <= head_status;
    end else if (step) begin
      left_q <= left_q - 8'd1;
    end
  end

  // ---- buffer, and the beat at its output --------------------------------------------------------------------------------------
  logic         beat_valid_q, beat_last_q, beat_ready;
  esp_in_t      beat_user_q;
  logic [511:0] beat_data;

  assign slot_ready = !beat_valid_q || beat_ready;

  dma_bank_ram #(
      .ROWS(ROWS)
  ) i_buffer (
      .clk    (clk),
      .wr_en  (wr_en),
      .wr_row (wr_row),
      .wr_low (wr_low),
      .wr_high(wr_high),
      .wr_data(wr_data),
      .rd_en  (step),
      .rd_row (row_q),
      .rd_data(beat_data)
  );

  always_ff @(posedge clk) begin
    if (rst) beat_valid_q <= 1'b0;
    else beat_valid_q <= step || (beat_valid_q && !beat_ready);
    if (step) begin
      beat_last_q <= last;
      beat_user_q <= user_q;
    end
  end

  skid #(
      .WIDTH(512 + 1 + $bits(m_axis_tuser))
  ) i_slice (
      .clk    (clk),
      .rst    (rst),
      .s_valid(beat_valid_q),
      .s_ready(beat_ready),
      .s_data ({beat_data, beat_last_q, beat_user_q}),
      .m_valid(m_axis_tvalid),
      .m_ready(m_axis_tready),
      .m_data ({m_axis_tdata, m_axis_tlast, m_axis_tuser})
  );

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      if (s_job_valid) assert (wait_room);
      if (done_valid) assert (!done_q[done_job]);
      assert (free_q <= (ROW_W + 1)'(ROWS));
      // All rows are free exactly when the rings of rows taken and given back meet.
      if (free_q == (ROW_W + 1)'(ROWS)) assert (alloc_row_q == row_q);
    end
  end
`endif

endmodule

`default_nettype wire
