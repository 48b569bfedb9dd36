// SPDX-License-Identifier: Apache-2.0
// proof dma_irq: pdr
// Every interrupt that is taken from a queue is offered once, with that queue's vector; a queue that wants one is served within 8 cycles in
// which the output moves.
`default_nettype none

module p_dma_irq (
    input  logic                            clk,
    input  logic                            rst,
    input  logic [dma_pkg::QUEUES-1:0]      s_valid,
    input  logic [dma_pkg::QUEUES-1:0][7:0] s_vector,
    input  logic                            m_ready
);
  logic [dma_pkg::QUEUES-1:0] s_ready, taken;
  logic                       m_valid, due_q, stall_q;
  logic [7:0]                 m_vector, vector_q, held_q;
  logic [3:0]                 waited_q;

  p_reset u_reset (.*);
  dma_irq u_dut (.*);

  assign taken = s_valid & s_ready;
  always_ff @(posedge clk) begin
    due_q   <= !rst && (|taken || (due_q && !m_ready));
    stall_q <= !rst && m_valid && !m_ready;
    held_q  <= m_vector;
    for (int unsigned i = 0; i < dma_pkg::QUEUES; i++) if (taken[i]) vector_q <= s_vector[i];
    if (rst || !s_valid[0] || s_ready[0] || !m_ready) waited_q <= '0;
    else waited_q <= waited_q + 4'd1;
    if (!rst) begin
      a_asked : assert ((s_ready & ~s_valid) == '0);
      a_one : assert ((taken & (taken - 1'b1)) == '0);
      a_room : assert (taken == '0 || !due_q || m_ready);
      a_offer : assert (m_valid == due_q && (!m_valid || m_vector == vector_q));
      a_stable : assert (!stall_q || (m_valid && m_vector == held_q));
      a_served : assert (waited_q < 4'd8);
    end
  end
endmodule

`default_nettype wire
