// SPDX-License-Identifier: Apache-2.0
// Moves the 4-byte words of each packet to other places: leaves out words in front, or makes room for others.
//   word j of what leaves is word j + d of what came, 0 where there is none;   d = WORDS * s_axis_skip - s_axis_up
// Every beat that comes is turned by `up` words: a 4:1 choice for each two bits of `up`. The words that turn over the end of the beat wait, and stand
// in front in the next one. So a beat leaves with each that comes, but for the first `skip` of a packet; and one more behind the last where s_axis_more says
// that words of the packet still wait.
//
//   up = 5    in    |  0  1 ... 10  11 ... 15 | 16 ...            out   |  -  -  -  -  -  0 ... 10 | 11 ... 15 16 ...
//
// That one more beat, and the first of the next packet if it is skipped, pass in one cycle: packets whose first beat is skipped take as many cycles as their
// wider side has beats. Latency 1 cycle; s_axis_tready depends on m_axis_tready.
`default_nettype none

module axis_rotate #(
    parameter int unsigned WORDS  = 16,  // words a beat: 4, 8, 16
    parameter int unsigned WORD_W = 32,  // bits of a word
    parameter int          FIXED  = -1,  // 0 or more: `up` is always this, whatever s_axis_up says; turning is then wires
    parameter int unsigned SKIP_W = 1,   // bits of s_axis_skip
    parameter bit          MORE   = 1'b1, // s_axis_more may be 1
    parameter int unsigned USER_W = 1,   // bits of the sideband
    localparam int unsigned UP_W  = $clog2(WORDS)
) (
    input  logic                    clk,
    input  logic                    rst,
    input  logic                    s_axis_tvalid,
    output logic                    s_axis_tready,
    input  logic [WORDS*WORD_W-1:0] s_axis_tdata,
    input  logic                    s_axis_tlast,
    input  logic [USER_W-1:0]       s_axis_tuser,  // of each beat; leaves with the beat that leaves with it, and with the one more
    input  logic [UP_W-1:0]         s_axis_up,     // these three are stable over a packet
    input  logic [SKIP_W-1:0]       s_axis_skip,   // less than the packet's beats
    input  logic                    s_axis_more,
    output logic                    m_axis_tvalid,
    input  logic                    m_axis_tready,
    output logic [WORDS*WORD_W-1:0] m_axis_tdata,
    output logic                    m_axis_tlast,
    output logic [USER_W-1:0]       m_axis_tuser
);

  // ---- which beat ------------------------------------------------------------------------------------------------------------------
  logic [SKIP_W-1:0] skipped_q;  // beats of this packet that were skipped
  logic              behind, behind_q;  // the last beat was taken, and words of it wait: they leave next
  logic              more, move, skip, take, emit, ends;

  assign more          = MORE && s_axis_more;
  assign behind        = MORE && behind_q;
  assign move          = !m_axis_tvalid || m_axis_tready;
  assign skip          = skipped_q != s_axis_skip;
  assign s_axis_tready = move && (!behind || skip);
  assign take          = s_axis_tvalid && s_axis_tready;
  assign emit          = move && (behind || (s_axis_tvalid && !skip));
  assign ends          = behind || (s_axis_tlast && !more);

  always_ff @(posedge clk) begin
    if (rst) begin
      skipped_q     <= '0;
      behind_q      <= 1'b0;
      m_axis_tvalid <= 1'b0;
    end else if (move) begin
      m_axis_tvalid <= emit;
      behind_q      <= take && s_axis_tlast && more;
      if (take) skipped_q <= s_axis_tlast ? '0 : skipped_q + SKIP_W'(skip);
    end
  end

  // ---- turned: word i is word (i - up) mod WORDS of the beat ---------------------------------------------------------------------------
  logic [UP_W-1:0]              up, up_q;  // up_q: of the last beat that came
  logic [WORDS-1:0][WORD_W-1:0] in, near, turned, carry_q;

  assign in = s_axis_tdata;
  assign up = (FIXED >= 0) ? UP_W'(FIXED) : s_axis_up;
  for (genvar i = 0; i < WORDS; i++) begin : g_near
    assign near[i] = in[UP_W'(i) - UP_W'(up[1:0])];
  end
  for (genvar i = 0; i < WORDS; i++) begin : g_turned
    if (WORDS > 4) begin : g_far
      assign turned[i] = near[UP_W'(i) - {up[UP_W-1:2], 2'b00}];
    end else begin : g_same
      assign turned[i] = near[i];
    end
  end

  logic [WORDS-1:0] low;  // words that come from before
  assign low = ~({WORDS{1'b1}} << ((behind && FIXED < 0) ? up_q : up));

  // ---- what leaves. Behind the last beat the others are what is behind the packet. Nothing of it stays for the next ---
  for (genvar i = 0; i < WORDS; i++) begin : g_out
    always_ff @(posedge clk) begin
      if (emit) m_axis_tdata[WORD_W*i+:WORD_W] <= low[i] ? carry_q[i] : behind ? '0 : turned[i];
    end
  end
  always_ff @(posedge clk) begin
    if (take) up_q <= up;
    if (emit) m_axis_tlast <= ends;
    if (emit && !behind) m_axis_tuser <= s_axis_tuser;
    if (rst || (emit && ends && !(behind && take))) carry_q <= '0;
    else if (take) carry_q <= turned;
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst && take) a_skip : assert (!(s_axis_tlast && skip)) else $error("axis_rotate: a packet of beats that are all skipped");
  end
`endif

endmodule

`default_nettype wire
