// SPDX-License-Identifier: Apache-2.0
// SA manager: carries out the SA commands of the register block for both engines, so that an SA exists as a whole or not at all.
//   after reset   zero everything (keys, contexts, sequence state, lookup), SA_ENTRIES cycles, flush the pipelines; then `ready`, which lets packets in
//   ADD           check | inbound: lookup entry | key schedule into the key memories | sequence state | context valid  <- the SA exists
//   DELETE        context not valid | inbound: lookup entry out | outbound: packets that wait for the cipher are dropped | flip the epoch, wait
//                 for the packets of the old one | read the final number | zero the rest | flush the pipelines
//   QUERY         read the sequence state
// Each command gets one rsp_valid pulse. ADD takes about 250 cycles, DELETE 200 and the drain of the cipher, which nothing outside can hold
// up: a host that takes nothing delays no command. Packets go on meanwhile.
// INVALID: unknown operation or key size, index or window out of range, SPI below 256 (RFC 4303, 2.1), TTL 0, or a number above 32 bits
// without ESN. FAULT: the number is not known, as its parity is wrong; a DELETE is done all the same.
// Keys and salt: held here from the command to the start of the key schedule, then zeroed; sa_keygen zeroes its own copy.
`default_nettype none

module sa_manager import espalier_regs_pkg::*, espalier_pkg::*, esp_pkg::*, sa_pkg::*; #(
    parameter int unsigned SA_ENTRIES = 4096  // SAs a direction; a power of two
) (
    input  logic        clk,
    input  logic        rst,

    // commands from csr: taken when cmd_valid and cmd_ready; one rsp_valid pulse answers each
    input  logic        cmd_valid,
    output logic        cmd_ready,
    input  sa_cmd_t     cmd,
    output logic        rsp_valid,
    output sa_rsp_t     rsp,
    output logic        ready,      // the wipe after reset is done; also `enable` of both engines
    output logic [31:0] out_count,  // SAs installed now
    output logic [31:0] in_count,

    // encapsulation engine
    output key_wr_t     out_key_wr,
    output out_ctx_wr_t out_ctx_wr,
    output seq_req_t    out_seq_req,
    input  seq_rsp_t    out_seq_rsp,
    output drop_req_t   out_drop,
    output logic        out_epoch,
    input  logic [1:0]  out_inflight_zero,

    // decapsulation engine
    output key_wr_t     in_key_wr,
    output in_ctx_wr_t  in_ctx_wr,
    output seq_req_t    in_seq_req,
    input  seq_rsp_t    in_seq_rsp,
    output logic        in_epoch,
    input  logic [1:0]  in_inflight_zero,
    output lookup_req_t lookup_req,
    input  lookup_rsp_t lookup_rsp
);

  localparam int unsigned ADDR_W = $clog2(SA_ENTRIES);
  localparam logic [5:0] SETTLE = 6'd15;  // cycles in which a context write or an epoch reaches every packet that comes after

  localparam logic [5:0] FLUSHES = 6'd32;  // cycles of flush; as many again, and the last of them is through

  typedef enum logic [4:0] {
    WIPE, WIPE_LOOKUP, IDLE, READ, CHECK, INSERT, KEYS_START, KEYS, SEQ, COMMIT, REMOVE, CLEAR, SETTLE_CTX, DROP, SETTLE_EPOCH, DRAIN, FINAL, ERASE,
    FLUSH, RESPOND
  } state_e;

  state_e          state_q, state_d;
  sa_cmd_t         cmd_q;
  logic [SA_W-1:0] index;       // of the SA in work
  logic [SA_W-1:0] wipe_q;
  logic [5:0]      settle_q;    // cycles in a state that waits
  logic            query_sent_q;
  logic [7:0]      result_q, result_d;
  logic            ready_q, out_epoch_q, in_epoch_q;
  logic [31:0]     out_count_q, in_count_q;

  // ---- the manager's own table: what is installed, and under which lookup key ---------------------------------------------------
  typedef struct packed {
    logic        out_valid;
    logic        in_valid;
    logic [31:0] in_spi;
    logic [31:0] in_dst;
  } row_t;
  row_t row, row_wr;
  logic row_we;
  ram_sdp #(
      .WIDTH($bits(row)),
      .DEPTH(SA_ENTRIES),
      .READ_LATENCY(1),
      .OLD_WORD(1'b0),
      .STYLE("block")
  ) u_rows (
      .clk,
      .wr_en(row_we),
      .wr_addr(index[ADDR_W-1:0]),
      .wr_strb(1'b1),
      .wr_data(row_wr),
      .rd_en(state_q == READ),
      .rd_addr(cmd_q.index[ADDR_W-1:0]),
      .rd_data(row)
  );

  // ---- key schedule -----------------------------------------------------------------------------------------------------------------
  key_wr_t gen_wr;
  logic    gen_done;
  sa_keygen u_keygen (
      .clk,
      .rst,
      .start(state_q == KEYS_START),
      .key(cmd_q.key),
      .key_size(cmd_q.key_size),
      .sa(cmd_q.index),
      .key_wr(gen_wr),
      .done(gen_done)
  );

  // ---- checks ---------------------------------------------------------------------------------------------------------------------------
  logic add, del, query, inbound, args_ok, installed, seq_ready, seq_valid, seq_bad, asking, drained;
  assign add       = cmd_q.op == SA_OP_ADD;
  assign del       = cmd_q.op == SA_OP_DELETE;
  assign query     = cmd_q.op == SA_OP_QUERY;
  assign inbound   = cmd_q.inbound;
  assign index     = (state_q == WIPE) ? wipe_q : cmd_q.index;
  assign installed = inbound ? row.in_valid : row.out_valid;
  assign seq_ready = inbound ? in_seq_rsp.ready : out_seq_rsp.ready;
  assign seq_valid = inbound ? in_seq_rsp.valid : out_seq_rsp.valid;
  assign seq_bad   = inbound ? in_seq_rsp.bad : out_seq_rsp.bad;
  assign asking    = (state_q == SEQ && query) || state_q == FINAL;
  assign drained   = inbound ? in_inflight_zero[!in_epoch_q] : out_inflight_zero[!out_epoch_q];
  always_comb begin
    args_ok = (add || del || query) && (SA_ENTRIES >= 1 << SA_W || 32'(cmd_q.index) < SA_ENTRIES);
    if (add) begin
      if (cmd_q.key_size > KEY_SIZE_AES256) args_ok = 1'b0;
      if (inbound && cmd_q.window > 16'(MAX_WINDOW)) args_ok = 1'b0;
      if (!inbound && cmd_q.ttl == 8'd0) args_ok = 1'b0;
      if (cmd_q.spi[31:8] == '0) args_ok = 1'b0;
      if (!cmd_q.esn && cmd_q.seq[63:32] != 32'd0) args_ok = 1'b0;
    end
  end

  // Written out beside the next state, which they would come behind: what counts settle_q on, and the epoch's turn.
  logic waits, turns;
  assign waits = ((state_q == SETTLE_CTX || state_q == SETTLE_EPOCH) && settle_q != SETTLE) || state_q == DROP || state_q == FLUSH;
  assign turns = inbound ? state_q == SETTLE_CTX && settle_q == SETTLE : state_q == DROP && settle_q == '1;

  // ---- the sequence of a command ------------------------------------------------------------------------------------------------------------
  always_comb begin
    state_d  = state_q;
    result_d = result_q;
    case (state_q)
      WIPE: if (out_seq_rsp.ready && in_seq_rsp.ready && wipe_q == SA_W'(SA_ENTRIES - 1)) state_d = WIPE_LOOKUP;
      WIPE_LOOKUP: if (lookup_rsp.valid) state_d = FLUSH;
      IDLE: if (cmd_valid) state_d = READ;
      READ: state_d = CHECK;
      CHECK: begin
        result_d = SA_RESULT_OK;
        state_d  = RESPOND;
        if (!args_ok) result_d = SA_RESULT_INVALID;
        else if (add && installed) result_d = SA_RESULT_EXISTS;
        else if (!add && !installed) result_d = SA_RESULT_NOT_FOUND;
        else if (query) state_d = SEQ;
        else if (inbound) state_d = add ? INSERT : REMOVE;
        else state_d = add ? KEYS_START : CLEAR;
      end
      INSERT: begin
        if (lookup_rsp.valid) begin
          result_d = lookup_rsp.result;
          state_d  = (lookup_rsp.result == SA_RESULT_OK) ? KEYS_START : RESPOND;
        end
      end
      KEYS_START: state_d = KEYS;
      KEYS: if (gen_done) state_d = SEQ;
      SEQ: begin  // ADD: write; QUERY: ask, then wait for the answer
        if (query) begin
          if (seq_valid) state_d = RESPOND;
          if (seq_valid && seq_bad) result_d = SA_RESULT_FAULT;
        end else if (seq_ready) state_d = COMMIT;
      end
      COMMIT: state_d = RESPOND;
      REMOVE: if (lookup_rsp.valid) state_d = CLEAR;
      CLEAR: state_d = SETTLE_CTX;
      SETTLE_CTX: if (settle_q == SETTLE) state_d = inbound ? SETTLE_EPOCH : DROP;
      DROP: if (settle_q == '1) state_d = SETTLE_EPOCH;
      SETTLE_EPOCH: if (settle_q == SETTLE) state_d = DRAIN;
      DRAIN: if (drained) state_d = FINAL;
      FINAL: if (seq_valid) begin
        state_d = ERASE;
        if (seq_bad) result_d = SA_RESULT_FAULT;
      end
      ERASE: if (seq_ready) state_d = FLUSH;
      FLUSH: if (settle_q == '1) state_d = ready_q ? RESPOND : IDLE;
      RESPOND: state_d = IDLE;
      default: state_d = RESPOND;
    endcase
  end

  always_ff @(posedge clk) begin
    if (rst) begin
      state_q      <= WIPE;
      ready_q      <= 1'b0;
      out_epoch_q  <= 1'b0;
      in_epoch_q   <= 1'b0;
      wipe_q       <= '0;
      settle_q     <= '0;
      query_sent_q <= 1'b0;
      out_count_q  <= '0;
      in_count_q   <= '0;
      cmd_q        <= '0;
      result_q     <= '0;
    end else begin
      state_q  <= state_d;
      result_q <= result_d;
      ready_q  <= ready_q || (state_q == FLUSH && settle_q == '1);
      settle_q <= waits ? settle_q + 6'd1 : '0;
      if (state_q == WIPE && out_seq_rsp.ready && in_seq_rsp.ready) wipe_q <= wipe_q + SA_W'(1);
      if (state_q == IDLE) cmd_q <= cmd_valid ? cmd : '0;
      if (state_q == KEYS_START) begin
        cmd_q.key  <= '0;
        cmd_q.salt <= '0;
      end
      if (state_q == RESPOND) cmd_q <= '0;
      query_sent_q <= asking && (query_sent_q || seq_ready);
      if (turns) begin
        if (inbound) in_epoch_q <= !in_epoch_q;
        else out_epoch_q <= !out_epoch_q;
      end
      if (state_q == COMMIT && inbound) in_count_q <= in_count_q + 32'd1;
      if (state_q == COMMIT && !inbound) out_count_q <= out_count_q + 32'd1;
      if (state_q == ERASE && seq_ready && inbound) in_count_q <= in_count_q - 32'd1;
      if (state_q == ERASE && seq_ready && !inbound) out_count_q <= out_count_q - 32'd1;
    end
  end

  // ---- the manager's row: ERASE and COMMIT change one direction only ----------------------------------------------------------------------------
  assign row_we = state_q == WIPE || state_q == COMMIT || state_q == ERASE;
  always_comb begin
    row_wr = row;
    if (state_q == WIPE) row_wr = '0;
    else if (inbound) begin
      row_wr.in_valid = state_q == COMMIT;
      row_wr.in_spi   = (state_q == COMMIT) ? cmd_q.spi : 32'd0;
      row_wr.in_dst   = (state_q == COMMIT) ? cmd_q.dst : 32'd0;
    end else row_wr.out_valid = state_q == COMMIT;
  end

  // ---- the constant part of the outer header's checksum (RFC 1071), one word a cycle while the keys are made ------------------------------------
  logic [15:0] csum_q, csum_word;
  logic [2:0]  csum_step_q;
  always_comb begin
    case (csum_step_q)
      3'd0: csum_word = 16'h4500;
      3'd1: csum_word = {cmd_q.ttl, IPPROTO_ESP};
      3'd2: csum_word = cmd_q.src[31:16];
      3'd3: csum_word = cmd_q.src[15:0];
      3'd4: csum_word = cmd_q.dst[31:16];
      3'd5: csum_word = cmd_q.dst[15:0];
      default: csum_word = 16'd0;
    endcase
  end
  always_ff @(posedge clk) begin
    if (state_q == KEYS_START) begin
      csum_q      <= 16'd0;
      csum_step_q <= 3'd0;
    end else if (state_q == KEYS && csum_step_q != 3'd6) begin
      csum_q      <= add16(csum_q, csum_word);
      csum_step_q <= csum_step_q + 3'd1;
    end
  end

  // ---- to the engines: keys and contexts through a register -----------------------------------------------------------------------------------------
  key_wr_t key_wr;
  logic    to_both;
  assign to_both = !ready_q;  // after reset
  always_comb begin
    key_wr    = '0;
    key_wr.sa = index;
    case (state_q)
      WIPE, ERASE: begin
        key_wr.valid = 1'b1;
        key_wr.all   = 1'b1;
      end
      FLUSH: key_wr.flush = settle_q < FLUSHES;
      KEYS_START: begin
        key_wr.valid = 1'b1;
        key_wr.slot  = SLOT_SALT;
        key_wr.data  = {96'b0, cmd_q.salt};
      end
      default: if (gen_wr.valid) key_wr = gen_wr;
    endcase
  end

  always_ff @(posedge clk) begin
    out_key_wr <= (to_both || !inbound) ? key_wr : '0;
    in_key_wr  <= (to_both || inbound) ? key_wr : '0;
    if (rst) begin
      out_key_wr <= '0;
      in_key_wr  <= '0;
    end
  end

  out_ctx_wr_t out_ctx_d;
  in_ctx_wr_t  in_ctx_d;
  always_comb begin
    out_ctx_d       = '0;
    out_ctx_d.sa    = index;
    out_ctx_d.valid = state_q == WIPE || (!inbound && (state_q == CLEAR || state_q == COMMIT));
    in_ctx_d        = '0;
    in_ctx_d.sa     = index;
    in_ctx_d.valid  = state_q == WIPE || (inbound && (state_q == CLEAR || state_q == COMMIT));
    if (state_q == COMMIT) begin
      out_ctx_d.ctx = {1'b1, cmd_q.key_size, cmd_q.esn, cmd_q.ttl, cmd_q.spi, cmd_q.src, cmd_q.dst, csum_q};
      in_ctx_d.ctx  = {1'b1, cmd_q.key_size, cmd_q.esn, cmd_q.window[7:0], cmd_q.spi, cmd_q.dst};
    end
  end
  always_ff @(posedge clk) begin
    out_ctx_wr <= rst ? '0 : out_ctx_d;
    in_ctx_wr  <= rst ? '0 : in_ctx_d;
  end

  seq_req_t seq_req;
  always_comb begin
    seq_req.valid = state_q == WIPE || state_q == ERASE || ((state_q == SEQ || state_q == FINAL) && !query_sent_q);
    seq_req.write = !asking;
    seq_req.sa    = index;
    seq_req.seq   = (state_q == SEQ && add) ? cmd_q.seq : 64'd0;
    out_seq_req   = seq_req;
    in_seq_req    = seq_req;
    if (state_q != WIPE && inbound) out_seq_req.valid = 1'b0;
    if (state_q != WIPE && !inbound) in_seq_req.valid = 1'b0;
  end

  always_comb begin
    lookup_req       = '0;
    lookup_req.valid = state_q == WIPE_LOOKUP || state_q == INSERT || state_q == REMOVE;
    lookup_req.op    = (state_q == INSERT) ? LOOKUP_INSERT : (state_q == REMOVE) ? LOOKUP_DELETE : LOOKUP_WIPE;
    lookup_req.spi   = (state_q == REMOVE) ? row.in_spi : cmd_q.spi;
    lookup_req.dst   = (state_q == REMOVE) ? row.in_dst : cmd_q.dst;
    lookup_req.sa    = cmd_q.index;
  end

  // ---- answers ------------------------------------------------------------------------------------------------------------------------------------------
  logic [63:0] seq_q;
  always_ff @(posedge clk) begin
    if (state_q == IDLE) seq_q <= '0;
    else if (asking && seq_valid && !seq_bad) seq_q <= inbound ? in_seq_rsp.seq : out_seq_rsp.seq;
  end
  assign out_drop   = {state_q == DROP, index};
  assign cmd_ready  = state_q == IDLE;
  assign rsp_valid  = state_q == RESPOND;
  assign rsp.result = result_q;
  assign rsp.seq    = seq_q;
  assign ready      = ready_q;
  assign out_epoch  = out_epoch_q;
  assign in_epoch   = in_epoch_q;
  assign out_count  = out_count_q;
  assign in_count   = in_count_q;

`ifndef SYNTHESIS
  // A context becomes valid only after every key slot that its key size uses was written; and it is not valid when keys are zeroed.
  logic [20:0] slots_q, needed;
  // Live are the SAs whose entry, inbound above outbound, is this run's number; a reset begins a new run. (A vector is slow to simulate.)
  logic [31:0] run_q, run_mem[0:2*SA_ENTRIES-1];
  always_comb begin
    needed = 21'h1F7FFF;
    if (cmd_q.key_size == KEY_SIZE_AES192) needed = 21'h1F7FE7;
    if (cmd_q.key_size == KEY_SIZE_AES128) needed = 21'h1F7F87;
  end
  always_ff @(posedge clk) begin
    if (rst) begin
      slots_q <= '0;
      run_q   <= run_q + 32'd1;
    end else begin
      if (state_q == IDLE) slots_q <= '0;
      else if (out_key_wr.valid && !out_key_wr.all && !inbound) slots_q[out_key_wr.slot] <= 1'b1;
      else if (in_key_wr.valid && !in_key_wr.all && inbound) slots_q[in_key_wr.slot] <= 1'b1;
      if (out_ctx_wr.valid) run_mem[{1'b0, out_ctx_wr.sa[ADDR_W-1:0]}] <= out_ctx_wr.ctx.valid ? run_q : '0;
      if (in_ctx_wr.valid) run_mem[{1'b1, in_ctx_wr.sa[ADDR_W-1:0]}] <= in_ctx_wr.ctx.valid ? run_q : '0;
      a_keys_first : assert (state_q != COMMIT || (slots_q & needed) == needed) else $error("sa_manager: context valid before its keys");
      a_out_dead : assert (!out_key_wr.valid || run_mem[{1'b0, out_key_wr.sa[ADDR_W-1:0]}] != run_q) else $error("sa_manager: keys of a valid outbound context change");
      a_in_dead : assert (!in_key_wr.valid || run_mem[{1'b1, in_key_wr.sa[ADDR_W-1:0]}] != run_q) else $error("sa_manager: keys of a valid inbound context change");
      a_key_wiped : assert (state_q != IDLE || cmd_q.key == '0) else $error("sa_manager: staged key not wiped");
    end
  end
`endif

endmodule

`default_nettype wire
