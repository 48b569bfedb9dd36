// SPDX-License-Identifier: Apache-2.0
// Anti-replay of one decapsulation engine (RFC 4303, 3.4.3 and appendix A2): the check in front of decryption and the update behind it,
// each with its own copy of the state memory, so that neither waits for the other. The check sees the state as the packets that have
// passed replay_update left it; those still on the way are checked there again. A check that meets the write of its state sees the old one.
// Stored state bears parity: a packet whose state fails it is refused (REPLAY_IS_BROKEN), and the state stays as it is.
//
//   check:   cycle 0 c_valid, c_sa    cycle 2 c_low, c_esn, c_window    cycle 6 c_seq, c_verdict       one packet a cycle
//   update:  cycle 0 u_valid ...      cycle 4 u_verdict                                                one packet every 2 cycles
`default_nettype none

module replay import espalier_pkg::*, sa_pkg::*; #(
    parameter int unsigned SA_ENTRIES = 4096  // SAs; a power of two
) (
    input  logic            clk,
    input  logic            rst,

    input  logic            c_valid,
    input  logic [SA_W-1:0] c_sa,
    input  logic [31:0]     c_low,
    input  logic            c_esn,
    input  logic [7:0]      c_window,
    output logic [63:0]     c_seq,
    output logic [1:0]      c_verdict,

    input  logic            u_valid,
    input  logic            u_verified,
    input  logic [SA_W-1:0] u_sa,
    input  logic [63:0]     u_seq,
    input  logic [7:0]      u_window,
    output logic [1:0]      u_verdict,

    input  seq_req_t        seq_req,
    output seq_rsp_t        seq_rsp
);

  localparam int unsigned ROW_W = $clog2(SA_ENTRIES);

  logic             wr_valid;
  logic [ROW_W-1:0] wr_sa;
  logic [191:0]          rd_state;
  logic [PARITY_W-1:0]   rd_parity;
  logic [PARITY_W+191:0] wr_word, rd_word;
  assign {rd_parity, rd_state} = rd_word;

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
      .rd_en(c_valid),
      .rd_addr(c_sa[ROW_W-1:0]),
      .rd_data(rd_word)
  );

  replay_check u_check (
      .clk,
      .s_bad(parity(rd_state) != rd_parity),
      .s_top(rd_state[191:128]),
      .s_seen(rd_state[127:0]),
      .s_low(c_low),
      .s_esn(c_esn),
      .s_window(c_window),
      .m_seq(c_seq),
      .m_verdict(c_verdict)
  );

  replay_update #(
      .SA_ENTRIES(SA_ENTRIES)
  ) u_update (
      .clk,
      .rst,
      .s_valid(u_valid),
      .s_verified(u_verified),
      .s_sa(u_sa),
      .s_seq(u_seq),
      .s_window(u_window),
      .m_verdict(u_verdict),
      .wr_valid,
      .wr_sa,
      .wr_word,
      .seq_req,
      .seq_rsp
  );

  logic unused;
  assign unused = &{1'b0, c_sa};

endmodule

`default_nettype wire
