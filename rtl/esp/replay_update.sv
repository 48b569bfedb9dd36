// SPDX-License-Identifier: Apache-2.0
// Anti-replay check and update behind the ICV (RFC 4303, 3.4.3): an atomic read, modify, write of one SA's state, in packet order.
//
// State of an SA: the highest number received (top), and a ring of 128 bits: bit n mod 128 says that number n was received, for n in
// (top - 128, top]. Moving top to n clears the bits of the numbers between; a ring needs no shift of 128 bits by up to 128 places.
// A new SA with top T has all bits set: every number up to T counts as received.
//
//   cycle    0            2             3             4            5
//          s_valid, read  A: distances  B: new state  write        m_verdict (is valid in cycle 4)
// A result is used by the next packet of its SA from 2 cycles on, by forwarding: give updates 2 or more cycles apart. Requests of the SA
// manager use the cycles between; a read takes the same way as a packet, so it sees what is on its way, too. A read of the word that is
// being written gives anything: it is one of those that are forwarded.
// What comes from the memory is checked by its parity; a packet whose state fails it changes nothing.
`default_nettype none

module replay_update import espalier_pkg::*, esp_decap_pkg::*, sa_pkg::*; #(
    parameter int unsigned SA_ENTRIES = 4096  // SAs; a power of two
) (
    input  logic                          clk,
    input  logic                          rst,

    input  logic                          s_valid,     // an update; never in two cycles running
    input  logic                          s_verified,  // the packet's ICV is right; without it nothing is written
    input  logic [SA_W-1:0]               s_sa,
    input  logic [63:0]                   s_seq,
    input  logic [7:0]                    s_window,
    output logic [1:0]                    m_verdict,   // 4 cycles behind s_valid: esp_decap_pkg::REPLAY_*

    // the state written in this cycle, for a second copy of it
    output logic                          wr_valid,
    output logic [$clog2(SA_ENTRIES)-1:0] wr_sa,
    output replay_word_t                  wr_word,

    input  seq_req_t                      seq_req,
    output seq_rsp_t                      seq_rsp
);

  localparam int unsigned ROW_W = $clog2(SA_ENTRIES);

  // Bits 0 to n of a ring, by bytes: those below the byte of n are all set, those above it are not.
  function automatic logic [127:0] upto(input logic [6:0] n);
    logic [15:0][7:0] mask;
    for (int unsigned i = 0; i < 16; i = i + 1) mask[i] = (4'(i) < n[6:3]) ? 8'hff : (4'(i) == n[6:3]) ? ~(8'hfe << n[2:0]) : 8'h00;
    upto = mask;
  endfunction

  // ---- memory: packets and the manager share its two ports ------------------------------------------------------------------
  logic               read_take, write_take, packet_write;
  logic [ROW_W-1:0]   packet_wr_sa;
  replay_state_t      packet_wr_state, wr_state, state2;
  replay_word_t       rd_word;
  logic [1:0]         seq_read_q;
  logic [1:0]         from_q;        // where the state in cycle 2 comes from: 0 memory, else of a packet in cycle 3 + from_q
  logic               bad2;

  assign seq_rsp.ready = seq_req.write ? !packet_write : !s_valid;
  assign read_take     = seq_req.valid && !seq_req.write && !s_valid;
  assign write_take    = seq_req.valid && seq_req.write && !packet_write;
  assign wr_valid      = packet_write || write_take;
  assign wr_sa         = packet_write ? packet_wr_sa : seq_req.sa[ROW_W-1:0];
  assign wr_state      = packet_write ? packet_wr_state : {seq_req.seq, {128{1'b1}}};
  assign wr_word       = {parity(wr_state), wr_state};

  ram_sdp #(
      .WIDTH($bits(replay_word_t)),
      .DEPTH(SA_ENTRIES),
      .READ_LATENCY(2),
      .OLD_WORD(1'b0),
      .STYLE(SA_ENTRIES >= 4096 ? "ultra" : "block")
  ) u_state (
      .clk,
      .wr_en(wr_valid),
      .wr_addr(wr_sa),
      .wr_strb(1'b1),
      .wr_data(wr_word),
      .rd_en(s_valid || read_take),
      .rd_addr(s_valid ? s_sa[ROW_W-1:0] : seq_req.sa[ROW_W-1:0]),
      .rd_data(rd_word)
  );

  always_ff @(posedge clk) begin
    if (rst) seq_read_q <= '0;
    else seq_read_q <= {seq_read_q[0], read_take};
  end

  assign seq_rsp.valid = seq_read_q[1];
  assign seq_rsp.bad   = bad2;
  assign seq_rsp.seq   = state2.top;

  // ---- 1, 2: on the way to the state ----------------------------------------------------------------------------------------
  logic [4:0]         valid_q;                  // [i]: a packet is in cycle i + 1
  logic [ROW_W-1:0]   sa1_q, sa2_q, sa3_q, sa4_q, sa5_q;
  logic [63:0]        seq1_q, seq2_q, seq3_q;
  logic [7:0]         window1_q, window2_q, window3_q;
  replay_state_t      state4_q, state5_q, state6_q;
  logic               write4_q;

  // Cycle 1 compares with the packets that will be one cycle further when this one needs their results. A packet in cycle 3 counts
  // whether it will change its state or not: state4_q is right in both cases.
  always_ff @(posedge clk) begin
    if (valid_q[2] && sa3_q == sa1_q) from_q <= 2'd1;
    else if (valid_q[3] && sa4_q == sa1_q) from_q <= 2'd2;
    else if (valid_q[4] && sa5_q == sa1_q) from_q <= 2'd3;
    else from_q <= 2'd0;
  end

  assign bad2   = from_q == '0 && parity(rd_word.state) != rd_word.parity;
  assign state2 = from_q[1] ? (from_q[0] ? state6_q : state5_q) : (from_q[0] ? state4_q : rd_word.state);

  // ---- A: distances and masks -----------------------------------------------------------------------------------------------
  logic [63:0]  top2;
  logic [127:0] seen2;
  logic [127:0] low_seq2_q, low_seq3_q;  // ring places 0 to seq
  logic [64:0]  back3_q;                 // top - seq
  logic [127:0] seen3_q, between3_q;
  logic [63:0]  top3_q;
  logic         known3_q, zero3_q, bad3_q, wraps2;

  assign top2    = state2.top;
  assign seen2   = state2.seen;
  assign wraps2  = seq2_q[6:0] < top2[6:0];

  always_ff @(posedge clk) begin
    if (valid_q[0]) low_seq2_q <= upto(seq1_q[6:0]);
    if (valid_q[1]) begin
      back3_q    <= {1'b0, top2} - {1'b0, seq2_q};
      seen3_q    <= seen2;
      top3_q     <= top2;
      known3_q   <= seen2[seq2_q[6:0]];
      zero3_q    <= seq2_q == '0;
      bad3_q     <= bad2;
      low_seq3_q <= low_seq2_q;
      // the ring places of top + 1 to seq, when seq is 1 to 127 ahead
      between3_q <= wraps2 ? (low_seq2_q | ~upto(top2[6:0])) : (low_seq2_q & ~upto(top2[6:0]));
    end
  end

  // ---- B: verdict and new state -----------------------------------------------------------------------------------------------
  logic         newer, far, old, fresh;
  logic [1:0]   verdict3;
  logic [127:0] one3, seen_new;
  logic [1:0]   verdict4_q;
  logic         verified1_q, verified2_q, verified3_q;

  assign newer = back3_q[64];
  assign far   = !(&back3_q[64:7]) || back3_q[6:0] == '0;  // of a newer number: 128 or more ahead
  assign old   = (window3_q != '0) && (zero3_q || (!newer && (back3_q[63:8] != '0 || back3_q[7:0] >= window3_q)));
  assign one3  = low_seq3_q & ~{1'b0, low_seq3_q[127:1]};

  always_comb begin
    verdict3 = REPLAY_FRESH;
    if (bad3_q) verdict3 = REPLAY_IS_BROKEN;
    else if (old) verdict3 = REPLAY_IS_OLD;
    else if (window3_q != '0 && !newer && known3_q) verdict3 = REPLAY_IS_KNOWN;
  end

  assign fresh      = verdict3 == REPLAY_FRESH;

  // Two signals say what becomes of the ring: 00 as it was, 01 a number within it, 10 the places between cleared, 11 all others cleared.
  (* keep *) logic [1:0] change3;
  assign change3 = (!fresh || !verified3_q) ? 2'b00 : {newer, !newer || far};
  always_comb begin
    case (change3)
      2'b00: seen_new = seen3_q;
      2'b01: seen_new = seen3_q | one3;
      2'b10: seen_new = (seen3_q & ~between3_q) | one3;
      2'b11: seen_new = one3;
    endcase
  end

  always_ff @(posedge clk) begin
    if (rst) begin
      valid_q  <= '0;
      write4_q <= 1'b0;
    end else begin
      valid_q  <= {valid_q[3:0], s_valid};
      write4_q <= valid_q[2] && fresh && verified3_q;
    end
    if (s_valid || read_take) sa1_q <= s_valid ? s_sa[ROW_W-1:0] : seq_req.sa[ROW_W-1:0];
    if (s_valid) begin
      seq1_q    <= s_seq;
      window1_q <= s_window;
    end
    verified1_q <= s_verified;
    verified2_q <= verified1_q;
    verified3_q <= verified2_q;
    if (valid_q[0]) begin
      sa2_q     <= sa1_q;
      seq2_q    <= seq1_q;
      window2_q <= window1_q;
    end
    if (valid_q[1]) begin
      sa3_q     <= sa2_q;
      seq3_q    <= seq2_q;
      window3_q <= window2_q;
    end
    if (valid_q[2]) begin
      sa4_q      <= sa3_q;
      verdict4_q <= verdict3;
      state4_q   <= {(change3[1]) ? seq3_q : top3_q, seen_new};
    end
    if (valid_q[3]) begin
      sa5_q    <= sa4_q;
      state5_q <= state4_q;
    end
    if (valid_q[4]) state6_q <= state5_q;
  end

  assign m_verdict       = verdict4_q;
  assign packet_write    = write4_q;
  assign packet_wr_sa    = sa4_q;
  assign packet_wr_state = state4_q;

`ifndef SYNTHESIS
  logic verified4_q;
  always_ff @(posedge clk) begin
    verified4_q <= verified3_q;
    if (!rst) begin
      a_icv_first : assert (!packet_write || verified4_q) else $error("replay_update: state written without a verified ICV");
      a_spaced : assert (!(s_valid && valid_q[0])) else $error("replay_update: updates in two cycles running");
    end
  end
`endif

endmodule

`default_nettype wire
