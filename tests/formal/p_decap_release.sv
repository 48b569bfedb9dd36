// SPDX-License-Identifier: Apache-2.0
// proof decap_release: bmc 18 zero
// The release gate: no byte of a packet whose verdict is not OK ever shows at the output. Packets of any length come one after the other, each with
// a verdict of its own behind its last beat; the beats of those that fail are marked in a bit that the others do not have.
`default_nettype none

module p_decap_release (
    input logic        clk,
    input logic        rst,
    input logic        buf_valid,
    input logic        pass,        // of the packet whose beats are written
    input logic        w_end,       // this beat is its last
    input logic [15:0] last_byte,
    input logic        m_axis_tready
);
  localparam int unsigned BEATS_W = esp_decap_pkg::BEATS_W;
  localparam int unsigned ROOM    = 8;

  logic [127:0]             buf_data, m_axis_tdata;
  logic                     verdict_valid, m_axis_tvalid, m_axis_tlast, done;
  esp_decap_pkg::verdict_t  verdict;
  espalier_pkg::esp_out_t   m_axis_tuser;
  logic [BEATS_W-1:0]       done_in_beats;
  logic [7:0]               buf_job;
  assign buf_job = '0;  // as in verdict

  // The packet that is written: its verdict is fixed with its first beat and comes in the cycle behind its last.
  logic               inside_q, pass_q, end_q, end_pass_q, mark;
  logic [BEATS_W-1:0] beats_q, end_beats_q;
  logic [4:0]         held_q;
  assign mark = inside_q ? !pass_q : !pass;
  assign buf_data = {16{7'h55, mark}};

  always_comb begin
    verdict_valid              = end_q;
    verdict            = '0;
    verdict.ok         = end_pass_q;
    verdict.verified   = end_pass_q;
    verdict.status     = end_pass_q ? espalier_regs_pkg::STATUS_OK : espalier_regs_pkg::STATUS_ICV_MISMATCH;
    verdict.buf_beats  = end_beats_q;
    verdict.in_beats   = end_beats_q;
    verdict.last_byte  = last_byte;
    m_once : assume (rst == !u_reset.begun_q);
    m_room : assume (!buf_valid || held_q < 5'(ROOM));
    // The inner packet lies within the beats that were written.
    m_length : assume (!end_q || 32'(last_byte) < 16 * 32'(end_beats_q));
  end

  always_ff @(posedge clk) begin
    if (rst) begin
      inside_q <= 1'b0;
      end_q    <= 1'b0;
      beats_q  <= '0;
      held_q   <= '0;
    end else begin
      end_q <= buf_valid && w_end;
      if (buf_valid) begin
        inside_q <= !w_end;
        pass_q   <= !mark;
        beats_q  <= w_end ? '0 : beats_q + 1'b1;
      end
      held_q <= held_q + 5'(buf_valid) - (done ? 5'(done_in_beats) : '0);
    end
    end_pass_q  <= !mark;
    end_beats_q <= beats_q + 1'b1;
  end

  p_reset u_reset (.*);
  esp_decap_release #(.LANES(1), .BUF_BEATS(ROOM)) u_dut (.*);

  logic marked;
  always_comb begin
    marked = 1'b0;
    for (int unsigned i = 0; i < 16; i++) marked = marked | m_axis_tdata[8*i];
  end
  always_ff @(posedge clk) begin
    if (!rst) begin
      a_gate : assert (!(m_axis_tvalid && marked));
      a_error : assert (!m_axis_tvalid || m_axis_tuser.status == espalier_regs_pkg::STATUS_OK || (m_axis_tdata == '0 && m_axis_tuser.len == '0));
    end
  end
endmodule

`default_nettype wire
