// SPDX-License-Identifier: Apache-2.0
// Makes the key material of one SA (FIPS 197, 5.2; NIST SP 800-38D, 6.3): the round keys, H = E_K(0), and H^2 to H^4; each is written to
// the key memories over key_wr as soon as it is known.
//
//   slot    0 .. 2    3 .. 6    7 .. 14    16    17    18    19
//           keys 0    unused by AES-128    H     H^2   H^3   H^4        (AES-192: 3, 4 unused)
//
// One word of the key schedule a cycle; each round key takes the zero block one AES round further, in the round hardware of the pipeline.
// Powers of H by a serial multiplier, MUL_BITS bits a cycle. About 60 + 3 * 128 / MUL_BITS cycles from start to done. The key and all that
// came from it are zeroed here before done.
`default_nettype none

module sa_keygen import espalier_regs_pkg::*, espalier_pkg::*, gf128_pkg::*; #(
    parameter int unsigned MUL_BITS = 4  // bits of a power of H multiplied a cycle: 1, 2, 4, 8
) (
    input  logic            clk,
    input  logic            rst,
    input  logic            start,     // one cycle, while no other runs; the inputs below are taken with it
    input  logic [255:0]    key,       // byte string, byte 0 in [7:0]
    input  logic [1:0]      key_size,  // espalier_regs_pkg::key_size_e
    input  logic [SA_W-1:0] sa,
    output logic            done,      // one cycle, after the last write
    output key_wr_t         key_wr
);

  localparam logic [4:0] LAST_STAGE = 5'd14;
  localparam logic [4:0] SLOT_H     = 5'd16;
  localparam logic [4:0] BEFORE_SKIP = 5'd2;  // stages behind it that this key size passes by get no key
  localparam int unsigned STEPS     = 128 / MUL_BITS;

  typedef enum logic [2:0] {IDLE, EXPAND, ROUND, SETTLE, POWER, WRITE, WIPE} state_e;
  logic [2:0] state_q;

  logic [1:0]      size_q;
  logic [SA_W-1:0] sa_q;
  logic [255:0]    window_q;  // the last Nk words of the schedule, oldest in [31:0]
  logic [127:0]    round_key_q;  // words gathered, newest on top
  logic [3:0]      phase_q;   // index of the next word modulo Nk
  logic [1:0]      gathered_q;
  logic [7:0]      rcon_q;
  logic [4:0]      slot_q;

  // ---- the key schedule: word i is word i-Nk plus a function of word i-1; the first Nk words are the key --------------------------
  logic [2:0]  newest_q;  // Nk - 1
  logic [31:0] previous, turned, subbed, mixed;
  assign previous = window_q[32*newest_q+:32];
  assign turned   = (phase_q == '0) ? {previous[7:0], previous[31:8]} : previous;  // RotWord: byte 1 comes first
  for (genvar i = 0; i < 4; i++) begin : g_sub
    aes_sbox i_sbox (
        .x(turned[8*i+:8]),
        .s(subbed[8*i+:8])
    );
  end
  always_comb begin
    mixed = previous;
    if (phase_q == '0) mixed = subbed ^ {24'b0, rcon_q};
    else if (size_q == KEY_SIZE_AES256 && phase_q == 4'd4) mixed = subbed;
  end

  // The window turns by one word: the oldest leaves as the next word of the schedule, and word i+Nk takes its place on top.
  logic [31:0]  oldest, fresh;
  logic [255:0] turned_window;
  assign oldest = window_q[31:0];
  assign fresh  = oldest ^ mixed;
  always_comb begin
    turned_window = {32'b0, window_q[255:32]};
    turned_window[32*newest_q+:32] = fresh;
  end

  logic [4:0] behind_skip;
  assign behind_skip = (size_q == KEY_SIZE_AES128) ? 5'd7 : (size_q == KEY_SIZE_AES192) ? 5'd5 : 5'd3;

  // ---- E_K(0): each round key, once whole, takes the block one stage further -----------------------------------------------------
  logic [127:0] block_q, round_out, last_out;
  aes_round #(.LAST(1'b0)) i_round (
      .clk, .valid(state_q == ROUND || done), .skip(1'b0), .around('0), .state(block_q), .key(round_key_q), .out(round_out)
  );
  aes_round #(.LAST(1'b1)) i_last (
      .clk, .valid(state_q == ROUND || done), .skip(1'b0), .around('0), .state(block_q), .key(round_key_q), .out(last_out)
  );

  // ---- powers of H: serial, most significant coefficients of the multiplier first: p = p * x^MUL_BITS + bits * H --------------------
  logic [127:0] h_q, multiplier_q, product_q, stepped;
  logic [7:0]   step_q;
  always_comb begin
    stepped = product_q;
    for (int i = 0; i < MUL_BITS; i++) begin
      stepped = {stepped[126:0], 1'b0} ^ (stepped[127] ? 128'h87 : '0) ^ (multiplier_q[127-i] ? h_q : '0);
    end
  end

  // As functions of registers at all times, so that nothing keeps a value of them once the registers are zero.
  logic [127:0] last_poly, product_bytes;
  assign last_poly     = poly(last_out);
  assign product_bytes = poly(product_q);

  // ---- sequence ------------------------------------------------------------------------------------------------------------------
  always_ff @(posedge clk) begin
    key_wr.valid <= 1'b0;
    done         <= 1'b0;
    if (rst) begin
      state_q <= WIPE;
    end else begin
      case (state_q)
        IDLE: begin
          if (start) begin
            size_q     <= key_size;
            newest_q   <= (key_size == KEY_SIZE_AES128) ? 3'd3 : (key_size == KEY_SIZE_AES192) ? 3'd5 : 3'd7;
            sa_q       <= sa;
            window_q   <= key;
            phase_q    <= '0;
            gathered_q <= '0;
            rcon_q     <= 8'h01;
            slot_q     <= '0;
            block_q    <= '0;
            state_q    <= EXPAND;
          end
        end
        EXPAND: begin
          window_q    <= turned_window;
          round_key_q <= {oldest, round_key_q[127:32]};
          gathered_q  <= gathered_q + 2'd1;
          phase_q     <= (phase_q == {1'b0, newest_q}) ? '0 : phase_q + 4'd1;
          if (phase_q == '0) rcon_q <= {rcon_q[6:0], 1'b0} ^ (rcon_q[7] ? 8'h1b : 8'h00);
          if (gathered_q == 2'd3) state_q <= ROUND;
        end
        ROUND: begin
          key_wr.valid <= 1'b1;
          key_wr.slot  <= slot_q;
          key_wr.data  <= round_key_q;
          state_q      <= SETTLE;
        end
        SETTLE: begin
          if (slot_q != LAST_STAGE) begin
            block_q <= (slot_q == '0) ? round_key_q : round_out;
            slot_q  <= (slot_q == BEFORE_SKIP) ? behind_skip : slot_q + 5'd1;
            state_q <= EXPAND;
          end else begin
            h_q          <= last_poly;
            product_q    <= last_poly;
            slot_q       <= SLOT_H;
            state_q      <= WRITE;
          end
        end
        WRITE: begin
          key_wr.valid <= 1'b1;
          key_wr.slot  <= slot_q;
          key_wr.data  <= product_bytes;
          multiplier_q <= product_q;
          product_q    <= '0;
          step_q       <= '0;
          slot_q       <= slot_q + 5'd1;
          state_q      <= (slot_q == SLOT_H + 5'd3) ? WIPE : POWER;
        end
        POWER: begin
          product_q    <= stepped;
          multiplier_q <= {multiplier_q[127-MUL_BITS:0], {MUL_BITS{1'b0}}};
          step_q       <= step_q + 8'd1;
          if (step_q == 8'(STEPS - 1)) state_q <= WRITE;
        end
        default: begin  // WIPE; the registers of the two rounds take what zeros give, with done
          window_q     <= '0;
          round_key_q  <= '0;
          block_q      <= '0;
          h_q          <= '0;
          multiplier_q <= '0;
          product_q    <= '0;
          key_wr.data  <= '0;
          done         <= 1'b1;
          state_q      <= IDLE;
        end
      endcase
    end
    key_wr.all   <= 1'b0;
    key_wr.flush <= 1'b0;
    key_wr.sa    <= sa_q;
    if (rst) key_wr.valid <= 1'b0;
  end

endmodule

`default_nettype wire
