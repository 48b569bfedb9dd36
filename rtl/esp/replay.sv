// SPDX-License-Identifier: Apache-2.0
// Anti-replay of one decapsulation engine (RFC 4303, 3.4.3 and appendix A2): the check in front of decryption and the update behind it,
// each with its own copy of the state memory, so that neither waits for the other. The check sees the state as the packets that have
// passed replay_update left it; those still on the way are checked there again. A check that meets the write of its state sees the old one.
// Stored state bears parity: a packet whose state fails it is refused (REPLAY_IS_BROKEN), and the state stays as it is.
//
//   check:   cycle 0 check_valid, check_sa    cycle 2 check_low, check_esn, check_window    cycle 6 check_seq, check_verdict       one packet a cycle
//   update:  cycle 0 update_valid ...      cycle 4 update_verdict                                                one packet every 2 cycles
`default_nettype none

module replay import espalier_pkg::*, sa_pkg::*; #(
    parameter int unsigned SA_ENTRIES = 4096  // SAs; a power of two
) (
    input  logic            clk,
    input  logic            rst,

    input  logic            check_valid,
    input  logic [SA_W-1:0] check_sa,
    input  logic [31:0]     check_low,
    input  logic            check_esn,
    input  logic [7:0]      check_window,
    output logic [63:0]     check_seq,
    output logic [1:0]      check_verdict,

    input  logic            update_valid,
    input  logic            update_verified,
    input  logic [SA_W-1:0] update_sa,
    input  logic [63:0]     update_seq,
    input  logic [7:0]      update_window,
    output logic [1:0]      update_verdict,

    input  seq_req_t        seq_req,
    output seq_rsp_t        seq_rsp
);

  localparam int unsigned ROW_W = $clog2(SA_ENTRIES);

  logic             wr_valid;
  logic [ROW_W-1:0] wr_sa;
  replay_word_t     wr_word, rd_word;

  ram_sdp #(
      .WIDTH($bits(wr_word)),
      .DEPTH(SA_ENTRIES),
      .READ_LATENCY(2),
      .OLD_WORD(1'b1),
      .STYLE("block")
  ) u_copy (
      .clk,
      .wr_en(wr_valid),
      .wr_addr(wr_sa),
      .wr_strb(1'b1),
      .wr_data(wr_word),
      .rd_en(check_valid),
      .rd_addr(check_sa[ROW_W-1:0]),
      .rd_data(rd_word)
  );

  replay_check u_check (
      .clk,
      .s_bad(parity(rd_word.state) != rd_word.parity),
      .s_top(rd_word.state.top),
      .s_seen(rd_word.state.seen),
      .s_low(check_low),
      .s_esn(check_esn),
      .s_window(check_window),
      .m_seq(check_seq),
      .m_verdict(check_verdict)
  );

  replay_update #(
      .SA_ENTRIES(SA_ENTRIES)
  ) u_update (
      .clk,
      .rst,
      .s_valid(update_valid),
      .s_verified(update_verified),
      .s_sa(update_sa),
      .s_seq(update_seq),
      .s_window(update_window),
      .m_verdict(update_verdict),
      .wr_valid,
      .wr_sa,
      .wr_word,
      .seq_req,
      .seq_rsp
  );

endmodule

`default_nettype wire
