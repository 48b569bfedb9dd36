// SPDX-License-Identifier: Apache-2.0
// The register block: decodes the register bus (espalier.rdl), holds the card's global registers, the packet counters and the SA window,
// and forwards what belongs to the queues and to MSI-X. One access at a time, each answered once: after 2 cycles, or 1 cycle after the
// forwarded bus answered. An unmapped address, a write to a read-only register, and a write to the SA window while a command runs
// are errors: they change nothing, read as 0 and are counted in REG_ERRORS. Write-only registers read as 0 without an error.
`default_nettype none

module csr import espalier_regs_pkg::*, espalier_pkg::*; #(
    parameter int unsigned LANES      = 4,     // AES lanes of an engine, for CAPS
    parameter int unsigned SA_ENTRIES = 4096,  // SAs a direction, for SA_CAPACITY
    parameter int unsigned QUEUES     = 1      // queues, for CAPS
) (
    input  logic        clk,
    input  logic        rst,
    // from the host
    input  reg_req_t    reg_req,
    output reg_rsp_t    reg_rsp,
    input  logic        access_error,   // a cycle for each request that never became a register access
    // to the blocks with registers of their own
    output reg_req_t    dma_req,
    input  reg_rsp_t    dma_rsp,
    output reg_req_t    msix_req,
    input  reg_rsp_t    msix_rsp,
    // SA commands: cmd is stable while valid; sa_rsp_valid is one cycle, after the command was taken
    output logic        sa_cmd_valid,
    input  logic        sa_cmd_ready,
    output sa_cmd_t     sa_cmd,
    input  logic        sa_rsp_valid,
    input  sa_rsp_t     sa_rsp,
    input  logic [31:0] sa_out_count,
    input  logic [31:0] sa_in_count,
    // state
    input  logic        ready,          // the SA memories are wiped
    input  logic        bus_master,
    input  logic        unexpected_completion,
    input  logic        count_valid,    // a packet ended with count_status
    input  logic [7:0]  count_status,
    input  logic [31:0] cfg_timeout,    // of the completion timeout in configuration space, cycles
    output logic [31:0] dma_timeout     // cycles
);

  // Byte lanes of old that the write's strobes replace.
  function automatic logic [31:0] merge(input logic [31:0] old, input logic [31:0] data, input logic [3:0] strb);
    for (int i = 0; i < 4; i++) merge[8*i+:8] = strb[i] ? data[8*i+:8] : old[8*i+:8];
  endfunction

  // ---- where an access goes ---------------------------------------------------------------------------------------------
  // 0x2000 to 0x2fff: queues; 0x8000 to 0xffff: MSI-X table and pending bits; the rest is here.
  logic     to_dma, to_msix;
  logic     local_q;   // an access of this block is in decode
  reg_req_t req_q;
  assign to_dma  = (reg_req.addr[15:12] == REG_QUEUE_SQ_BASE_LO[15:12]);
  assign to_msix = reg_req.addr[15];

  always_ff @(posedge clk) begin
    req_q          <= reg_req;
    dma_req        <= reg_req;
    msix_req       <= reg_req;
    dma_req.valid  <= reg_req.valid && to_dma && !rst;
    msix_req.valid <= reg_req.valid && to_msix && !rst;
    local_q        <= reg_req.valid && !to_dma && !to_msix && !rst;
    if (rst) begin  // the last write may have been a part of a key
      req_q    <= '0;
      dma_req  <= '0;
      msix_req <= '0;
    end
  end

  logic wr;
  assign wr = local_q && req_q.write;

  // ---- packet counters: one 64-bit count a status. The RAM is zeroed in the first 32 cycles after reset. ------------------
  localparam int unsigned COUNTERS = 32;
  logic [63:0] counter[0:COUNTERS-1];
  logic [5:0]  wipe_q;           // bit 5: done
  logic        count_q;
  logic [4:0]  count_index_q;
  logic [63:0] count_next;
  logic [4:0]  read_index;
  logic [63:0] read_count;
  logic        is_counter;
  assign count_next = counter[count_index_q] + 64'd1;
  assign read_index = req_q.addr[7:3];
  assign read_count = counter[read_index];
  assign is_counter = (req_q.addr[15:8] == REG_STATUS_COUNT_LO[15:8]);

  always_ff @(posedge clk) begin
    count_q       <= count_valid && (count_status < 8'(COUNTERS)) && !rst;
    count_index_q <= count_status[4:0];
    if (rst) wipe_q <= '0;
    else if (!wipe_q[5]) wipe_q <= wipe_q + 6'd1;
  end
  always_ff @(posedge clk) begin
    if (!wipe_q[5] || count_q) counter[wipe_q[5] ? count_index_q : wipe_q[4:0]] <= wipe_q[5] ? count_next : '0;
  end

  // ---- registers -----------------------------------------------------------------------------------------------------------
  logic [31:0]  scratch_q, timeout_q, errors_q, unexpected_q;
  logic [63:0]  cycles_q;
  logic [31:0]  cycles_hi_q, count_hi_q;  // latched by reads of the low halves
  logic [255:0] key_q;
  logic [31:0]  salt_q, spi_q, src_q, dst_q, options_q, index_q;
  logic [63:0]  seq_q, result_seq_q;
  logic [7:0]   op_q, result_q;
  logic         busy_q, cmd_valid_q;

  // Bits of SA_OPTIONS and SA_INDEX that exist.
  localparam logic [31:0] OPTIONS_MASK = 32'hffff_ff0f;
  localparam logic [31:0] INDEX_MASK   = 32'h0000_ffff;

  logic is_key;
  assign is_key = (req_q.addr[15:5] == REG_SA_KEY[15:5]);

  logic [31:0] rd_data;
  logic        mapped, writable, staging;  // staging: a register of the SA window that a command uses
  always_comb begin
    rd_data  = '0;
    mapped   = 1'b1;
    writable = 1'b0;
    staging  = 1'b0;
    unique case (req_q.addr)
      REG_ID:          rd_data = REG_ID_RESET;
      REG_VERSION:     rd_data = REG_VERSION_RESET;
      REG_CAPS:        rd_data = {16'h0001, 8'(QUEUES), 8'(LANES)};
      REG_SA_CAPACITY: rd_data = 32'(SA_ENTRIES);
      REG_LIMITS:      rd_data = {16'(MAX_WINDOW), 16'(MAX_PACKET)};
      REG_STATUS:      rd_data = {30'd0, bus_master, ready};
      REG_SCRATCH: begin
        rd_data  = scratch_q;
        writable = 1'b1;
      end
      REG_DMA_TIMEOUT: begin
        rd_data  = dma_timeout;  // what is in effect
        writable = 1'b1;
      end
      REG_CYCLES_LO:   rd_data = cycles_q[31:0];
      REG_CYCLES_HI:   rd_data = cycles_hi_q;
      REG_CLOCK:       rd_data = REG_CLOCK_RESET;
      REG_REG_ERRORS:  rd_data = errors_q;
      REG_UNEXPECTED_COMPLETIONS: rd_data = unexpected_q;
      REG_SA_SALT, REG_SA_COMMAND: begin
        writable = 1'b1;
        staging  = 1'b1;
      end
      REG_SA_SPI: begin
        rd_data  = spi_q;
        writable = 1'b1;
        staging  = 1'b1;
      end
      REG_SA_SRC: begin
        rd_data  = src_q;
        writable = 1'b1;
        staging  = 1'b1;
      end
      REG_SA_DST: begin
        rd_data  = dst_q;
        writable = 1'b1;
        staging  = 1'b1;
      end
      REG_SA_OPTIONS: begin
        rd_data  = options_q;
        writable = 1'b1;
        staging  = 1'b1;
      end
      REG_SA_SEQ_LO: begin
        rd_data  = seq_q[31:0];
        writable = 1'b1;
        staging  = 1'b1;
      end
      REG_SA_SEQ_HI: begin
        rd_data  = seq_q[63:32];
        writable = 1'b1;
        staging  = 1'b1;
      end
      REG_SA_INDEX: begin
        rd_data  = index_q;
        writable = 1'b1;
        staging  = 1'b1;
      end
      REG_SA_STATE:         rd_data = {busy_q, 23'd0, result_q};
      REG_SA_RESULT_SEQ_LO: rd_data = result_seq_q[31:0];
      REG_SA_RESULT_SEQ_HI: rd_data = result_seq_q[63:32];
      REG_SA_OUT_COUNT:     rd_data = sa_out_count;
      REG_SA_IN_COUNT:      rd_data = sa_in_count;
      default: begin
        mapped   = is_counter || is_key;
        writable = is_key;
        staging  = is_key;
        if (is_counter) rd_data = req_q.addr[2] ? count_hi_q : read_count[31:0];
      end
    endcase
  end

  logic bad, store, stage;
  assign bad   = !mapped || (req_q.write && (!writable || (staging && busy_q)));
  assign store = wr && !bad;
  assign stage = wr && staging && !busy_q;  // store && staging: these are all mapped and writable

  // ---- the answer: this block's, or a forwarded one ----------------------------------------------------------------------------
  logic answer_error;
  always_ff @(posedge clk) begin
    reg_rsp.valid <= (local_q || dma_rsp.valid || msix_rsp.valid) && !rst;
    if (local_q) begin
      reg_rsp.error <= bad;
      reg_rsp.data  <= (bad || req_q.write) ? '0 : rd_data;
    end else if (dma_rsp.valid) begin
      reg_rsp.error <= dma_rsp.error;
      reg_rsp.data  <= dma_rsp.error ? '0 : dma_rsp.data;
    end else begin
      reg_rsp.error <= msix_rsp.error;
      reg_rsp.data  <= msix_rsp.error ? '0 : msix_rsp.data;
    end
  end
  assign answer_error = reg_rsp.valid && reg_rsp.error;

  // ---- global registers ------------------------------------------------------------------------------------------------------
  always_ff @(posedge clk) begin
    cycles_q <= cycles_q + 64'd1;
    if (local_q && req_q.addr == REG_CYCLES_LO && !req_q.write) cycles_hi_q <= cycles_q[63:32];
    if (local_q && is_counter && !req_q.addr[2] && !req_q.write) count_hi_q <= read_count[63:32];
    if (store && req_q.addr == REG_SCRATCH) scratch_q <= merge(scratch_q, req_q.data, req_q.strb);
    if (store && req_q.addr == REG_DMA_TIMEOUT) timeout_q <= merge(timeout_q, req_q.data, req_q.strb);
    // The two never come in one cycle: a request that was refused is not on the bus.
    if ((access_error || answer_error) && errors_q != '1) errors_q <= errors_q + 32'd1;
    if (unexpected_completion && unexpected_q != '1) unexpected_q <= unexpected_q + 32'd1;
    if (rst) begin
      cycles_q     <= '0;
      cycles_hi_q  <= '0;
      count_hi_q   <= '0;
      scratch_q    <= '0;
      timeout_q    <= '0;
      errors_q     <= '0;
      unexpected_q <= '0;
    end
  end

  // ---- the SA window ---------------------------------------------------------------------------------------------------------
  // Key and salt live from their write to the end of the next command, whatever its result.
  always_ff @(posedge clk) begin
    if (stage && is_key) key_q[req_q.addr[4:2]*32+:32] <= merge(key_q[req_q.addr[4:2]*32+:32], req_q.data, req_q.strb);
    if (stage) begin
      unique case (req_q.addr)
        REG_SA_SALT:    salt_q <= merge(salt_q, req_q.data, req_q.strb);
        REG_SA_SPI:     spi_q <= merge(spi_q, req_q.data, req_q.strb);
        REG_SA_SRC:     src_q <= merge(src_q, req_q.data, req_q.strb);
        REG_SA_DST:     dst_q <= merge(dst_q, req_q.data, req_q.strb);
        REG_SA_OPTIONS: options_q <= merge(options_q, req_q.data, req_q.strb) & OPTIONS_MASK;
        REG_SA_SEQ_LO:  seq_q[31:0] <= merge(seq_q[31:0], req_q.data, req_q.strb);
        REG_SA_SEQ_HI:  seq_q[63:32] <= merge(seq_q[63:32], req_q.data, req_q.strb);
        REG_SA_INDEX:   index_q <= merge(index_q, req_q.data, req_q.strb) & INDEX_MASK;
        default: ;
      endcase
    end
    if (stage && req_q.addr == REG_SA_COMMAND && req_q.strb[0]) begin
      op_q        <= req_q.data[7:0];
      busy_q      <= 1'b1;
      cmd_valid_q <= 1'b1;
    end
    if (cmd_valid_q && sa_cmd_ready) cmd_valid_q <= 1'b0;
    if (busy_q && sa_rsp_valid) begin
      busy_q       <= 1'b0;
      result_q     <= sa_rsp.result;
      result_seq_q <= sa_rsp.seq;
    end
    if (rst || (busy_q && sa_rsp_valid)) begin
      key_q  <= '0;
      salt_q <= '0;
    end
    if (rst) begin
      spi_q        <= '0;
      src_q        <= '0;
      dst_q        <= '0;
      options_q    <= '0;
      seq_q        <= '0;
      index_q      <= '0;
      op_q         <= '0;
      busy_q       <= 1'b0;
      cmd_valid_q  <= 1'b0;
      result_q     <= '0;
      result_seq_q <= '0;
    end
  end

  assign sa_cmd_valid = cmd_valid_q;
  always_comb begin
    sa_cmd.op       = op_q;
    sa_cmd.inbound  = options_q[REG_SA_OPTIONS_DIRECTION_LSB];
    sa_cmd.index    = index_q[15:0];
    sa_cmd.key      = key_q;
    sa_cmd.key_size = options_q[REG_SA_OPTIONS_KEY_SIZE_LSB+:2];
    sa_cmd.salt     = salt_q;
    sa_cmd.esn      = options_q[REG_SA_OPTIONS_ESN_LSB];
    sa_cmd.spi      = spi_q;
    sa_cmd.src      = src_q;
    sa_cmd.dst      = dst_q;
    sa_cmd.ttl      = options_q[REG_SA_OPTIONS_TTL_LSB+:8];
    sa_cmd.window   = options_q[REG_SA_OPTIONS_WINDOW_LSB+:16];
    sa_cmd.seq      = seq_q;
  end

  always_ff @(posedge clk) dma_timeout <= (timeout_q != '0) ? timeout_q : cfg_timeout;

`ifndef SYNTHESIS
  logic waiting_q;  // an access is on its way
  always_ff @(posedge clk) begin
    if (rst) waiting_q <= 1'b0;
    else if (reg_req.valid) waiting_q <= 1'b1;
    else if (reg_rsp.valid) waiting_q <= 1'b0;
    if (!rst) begin
      a_one : assert (!reg_req.valid || !waiting_q || reg_rsp.valid) else $error("csr: access before the last one was answered");
      a_due : assert (!reg_rsp.valid || waiting_q) else $error("csr: answer without an access");
    end
  end
`endif

endmodule

`default_nettype wire
