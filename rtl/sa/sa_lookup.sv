// SPDX-License-Identifier: Apache-2.0
// Finds the inbound SA of a packet: exact match of (SPI, IPv4 destination), RFC 4301 4.1, to an SA index.
//
// A table of WAYS hash tables of SA_ENTRIES rows. Each way has its own hash function (sa_lookup_hash), so an SA has WAYS places, and an INSERT
// takes the first free one; if there is none, one of the STASH places, which are registers that every lookup looks at. Filled to SA_ENTRIES
// SAs of any pattern, a place in the ways is missing for about one SA in 10^6, so two of the stash are needed once in 10^5 full tables.
//
// Lookups: one a cycle, LATENCY cycles, never stalled: they own the read port of the memories. Commands use the other port: INSERT and DELETE
// take about 8 cycles, WIPE SA_ENTRIES cycles. A command changes one row of one way in one cycle, so a lookup sees an SA as a whole or not at all.
`default_nettype none

module sa_lookup import espalier_regs_pkg::*, espalier_pkg::*, sa_pkg::*; #(
    parameter int unsigned SA_ENTRIES = 4096  // rows of a way, and SAs; a power of two
) (
    input  logic            clk,
    input  logic            rst,

    input  logic            s_valid,
    input  logic [31:0]     s_spi,
    input  logic [31:0]     s_dst,
    output logic            m_hit,    // LATENCY cycles behind s_valid, for one cycle
    output logic [SA_W-1:0] m_sa,     // with m_hit

    input  lookup_req_t     req,
    output lookup_rsp_t     rsp
);

  localparam int unsigned LATENCY = 5;  // hash, two of the memory, compare, select
  localparam int unsigned WAYS    = 4;
  localparam int unsigned STASH   = 4;
  localparam int unsigned ROW_W   = $clog2(SA_ENTRIES);

  typedef struct packed {
    logic             used;
    logic [63:0]      key;
    logic [ROW_W-1:0] sa;
  } word_t;

  // ---- lookups --------------------------------------------------------------------------------------------------------------
  logic [63:0]                key, key1_q, key2_q, key3_q;
  logic [LATENCY-1:0]         valid_q;
  logic [WAYS-1:0][ROW_W-1:0] hash, hash_q;  // cycle 1: a row a way
  word_t [WAYS-1:0]           word;          // cycle 3: a word a way
  logic [WAYS-1:0]            match_q;       // cycle 4
  logic [WAYS-1:0][ROW_W-1:0] index_q;
  logic                       hit_q;         // cycle 5
  logic [ROW_W-1:0]           sa_q;
  logic [ROW_W-1:0]           selected;

  assign key = {s_spi, s_dst};

  // ---- commands ---------------------------------------------------------------------------------------------------------------
  typedef enum logic [2:0] {
    IDLE, HASH, READ, WAIT, COMPARE, WRITE, WIPE, DONE
  } state_e;

  state_e                     state_q;
  logic [63:0]                cmd_key_q;
  logic [WAYS-1:0][ROW_W-1:0] cmd_hash, cmd_hash_q;
  word_t [WAYS-1:0]           cmd_word;
  logic [WAYS-1:0]            cmd_match, cmd_used;
  logic                       cmd_found;
  logic [WAYS-1:0]            target_q;             // the ways that WRITE or WIPE writes
  word_t                      cmd_wdata_q;
  logic [ROW_W-1:0]           wipe_row_q;
  logic [7:0]                 result_q;
  logic                       cmd_en, cmd_write;
  logic [WAYS-1:0]            first_free;

  assign cmd_write  = (state_q == WRITE) || (state_q == WIPE);
  assign cmd_en     = (state_q == READ) || cmd_write;
  assign first_free = ~cmd_used & (cmd_used + WAYS'(1));  // lowest 0 of cmd_used

  sa_lookup_hash #(
      .WAYS(WAYS),
      .ROW_W(ROW_W)
  ) u_hash (
      .key,
      .row(hash)
  );
  sa_lookup_hash #(
      .WAYS(WAYS),
      .ROW_W(ROW_W)
  ) u_cmd_hash (
      .key(cmd_key_q),
      .row(cmd_hash)
  );

  for (genvar w = 0; w < WAYS; w++) begin : g_way
    ram_rrw #(
        .WIDTH($bits(word_t)),
        .DEPTH(SA_ENTRIES)
    ) u_ram (
        .clk,
        .rd_en(valid_q[0]),
        .rd_addr(hash_q[w]),
        .rd_data(word[w]),
        .rw_en(cmd_en && (!cmd_write || target_q[w])),
        .rw_write(cmd_write),
        .rw_addr((state_q == WIPE) ? wipe_row_q : cmd_hash_q[w]),
        .rw_wr_data(cmd_wdata_q),
        .rw_rd_data(cmd_word[w])
    );

    assign cmd_used[w]  = cmd_word[w].used;
    assign cmd_match[w] = cmd_used[w] && cmd_word[w].key == cmd_key_q;

    always_ff @(posedge clk) begin
      match_q[w] <= valid_q[2] && word[w].used && word[w].key == key3_q;
      if (valid_q[2]) index_q[w] <= word[w].sa;
    end
  end

  // ---- the stash, beside the ways -------------------------------------------------------------------------------------------------
  logic [STASH-1:0]            stash_used_q, stash_match_q, stash_cmd_match, stash_free;
  logic [STASH-1:0][63:0]      stash_key_q;
  logic [STASH-1:0][ROW_W-1:0] stash_sa_q, stash_index_q;  // index: as the lookup in cycle 4 saw it
  logic [STASH-1:0]            stash_target_q;             // the place that WRITE writes

  assign stash_free = ~stash_used_q & (stash_used_q + STASH'(1));  // lowest free place
  for (genvar i = 0; i < STASH; i++) begin : g_stash
    assign stash_cmd_match[i] = stash_used_q[i] && stash_key_q[i] == cmd_key_q;
    always_ff @(posedge clk) begin
      stash_match_q[i] <= valid_q[2] && stash_used_q[i] && stash_key_q[i] == key3_q;
      if (valid_q[2]) stash_index_q[i] <= stash_sa_q[i];
      if (rst || state_q == WIPE) stash_used_q[i] <= 1'b0;
      else if (state_q == WRITE && stash_target_q[i]) begin
        stash_used_q[i] <= cmd_wdata_q.used;
        stash_key_q[i]  <= cmd_wdata_q.key;
        stash_sa_q[i]   <= cmd_wdata_q.sa;
      end
    end
  end

  always_comb begin
    selected = '0;
    for (int unsigned w = 0; w < WAYS; w++) begin
      if (match_q[w]) selected |= index_q[w];
    end
    for (int unsigned i = 0; i < STASH; i++) begin
      if (stash_match_q[i]) selected |= stash_index_q[i];
    end
  end

  always_ff @(posedge clk) begin
    if (rst) valid_q <= '0;
    else valid_q <= {valid_q[LATENCY-2:0], s_valid};
    if (s_valid) key1_q <= key;
    if (s_valid) hash_q <= hash;
    if (state_q == HASH) cmd_hash_q <= cmd_hash;
    if (valid_q[0]) key2_q <= key1_q;
    if (valid_q[1]) key3_q <= key2_q;
    hit_q <= match_q != '0 || stash_match_q != '0;
    if (valid_q[3]) sa_q <= selected;
  end

  assign m_hit = hit_q;
  assign m_sa  = SA_W'(sa_q);

  assign cmd_found = cmd_match != '0 || stash_cmd_match != '0;

  // ---- the command sequence: hash, read all ways, compare, write one ------------------------------------------------------------
  always_ff @(posedge clk) begin
    if (rst) begin
      state_q <= IDLE;
    end else begin
      case (state_q)
        IDLE: begin
          cmd_key_q  <= {req.spi, req.dst};
          wipe_row_q <= '0;
          if (req.valid) begin
            if (req.op == LOOKUP_WIPE) begin
              target_q    <= '1;
              cmd_wdata_q <= '0;
              state_q     <= WIPE;
            end else begin
              state_q <= HASH;
            end
          end
        end
        HASH: state_q <= READ;
        READ: state_q <= WAIT;
        WAIT: state_q <= COMPARE;
        COMPARE: begin
          if (req.op == LOOKUP_INSERT) begin
            cmd_wdata_q    <= '{used: 1'b1, key: cmd_key_q, sa: req.sa[ROW_W-1:0]};
            target_q       <= cmd_found ? '0 : first_free;
            stash_target_q <= (cmd_found || !(&cmd_used)) ? '0 : stash_free;
            if (cmd_found) result_q <= SA_RESULT_EXISTS;
            else if (&cmd_used && &stash_used_q) result_q <= SA_RESULT_NO_SPACE;
            else result_q <= SA_RESULT_OK;
          end else begin
            cmd_wdata_q    <= '0;
            target_q       <= cmd_match;
            stash_target_q <= stash_cmd_match;
            result_q       <= cmd_found ? SA_RESULT_OK : SA_RESULT_NOT_FOUND;
          end
          state_q <= WRITE;
        end
        WRITE: state_q <= DONE;
        WIPE: begin
          wipe_row_q <= wipe_row_q + 1'b1;
          result_q   <= SA_RESULT_OK;
          if (&wipe_row_q) state_q <= DONE;
        end
        DONE: state_q <= IDLE;
      endcase
    end
  end

  assign rsp.valid  = state_q == DONE;
  assign rsp.result = result_q;

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_one_match : assert ($onehot0({stash_match_q, match_q})) else $error("sa_lookup: an SA is in two ways");
      a_one_target : assert (state_q != WRITE || $onehot0({stash_target_q, target_q})) else $error("sa_lookup: two ways written");
      a_stable : assert (state_q == IDLE || state_q == DONE || req.valid) else $error("sa_lookup: request dropped before its answer");
    end
  end
`endif

endmodule

`default_nettype wire
