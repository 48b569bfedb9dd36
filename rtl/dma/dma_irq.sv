// SPDX-License-Identifier: Apache-2.0
// Takes the due interrupts of the queues, one after the other (round robin), and offers their vectors. Latency 1 cycle.
`default_nettype none

module dma_irq import dma_pkg::*; (
    input  logic                   clk,
    input  logic                   rst,
    input  logic [QUEUES-1:0]      s_valid,
    output logic [QUEUES-1:0]      s_ready,   // one cycle, for the queue that was taken
    input  logic [QUEUES-1:0][7:0] s_vector,
    output logic                   m_valid,
    input  logic                   m_ready,
    output logic [7:0]             m_vector
);

  logic               valid_q;
  logic [7:0]         vector_q;
  logic [QUEUE_W-1:0] turn_q;  // the queue looked at
  logic               take;

  assign take = s_valid[turn_q] && (!valid_q || m_ready);

  always_comb begin
    s_ready = '0;
    s_ready[turn_q] = take;
  end

  always_ff @(posedge clk) begin
    if (rst) begin
      valid_q  <= 1'b0;
      turn_q   <= '0;
      vector_q <= '0;
    end else begin
      if (take) vector_q <= s_vector[turn_q];
      valid_q <= take || (valid_q && !m_ready);
      if (take || !s_valid[turn_q]) turn_q <= turn_q + 1'b1;
    end
  end

  assign m_valid  = valid_q;
  assign m_vector = vector_q;

endmodule

`default_nettype wire
