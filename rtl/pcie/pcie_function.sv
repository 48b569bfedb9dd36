// SPDX-License-Identifier: Apache-2.0
// The life of the function: when the card works for its owner, and when it lets go of everything that is his.
//
//   RUN --- bus mastering off --> STOP --- on again, and nothing left --> RUN
//     \----- function level reset -----> DRAIN --- nothing left, or LIMIT ---> RESET --> WIPE --- memories zeroed: flr_done --> STOP
//
// stop: no queue takes work and no TLP begins; what waits to be read or written is discarded, TLPs under way end, completions of requests that
// left are taken. So nothing of an earlier owner reaches the next. The block itself lives on over a function level reset: its own reset is rst.
// Source: PCI Express Base 6.6.2, 7.5.1.1.3; PG213 "Function Level Reset" (cfg_flr_in_process, cfg_flr_done).
`default_nettype none

module pcie_function #(
    parameter int unsigned LIMIT = 2 ** 23  // cycles, 34 ms: a function level reset must end within 100 ms
) (
    input  logic clk,
    input  logic rst,          // user_reset of the block
    input  logic bus_master,
    input  logic flr,          // cfg_flr_in_process
    output logic flr_done,     // one cycle
    input  logic idle,         // no queue is active, no read outstanding, no write under way
    input  logic quiet,        // and no tag in quarantine, no register access in work
    input  logic ready,        // the SA memories are zeroed
    output logic stop,
    output logic fn_rst        // resets the function
);

  localparam int unsigned RESET_CYCLES = 16;
  localparam int unsigned TIME_W       = $clog2(LIMIT + 1);

  typedef enum logic [2:0] {
    ST_STOP,
    ST_RUN,
    ST_DRAIN,
    ST_RESET,
    ST_WIPE,
    ST_DONE   // until the block has seen it
  } state_e;
  state_e            state_q;
  logic [TIME_W-1:0] time_q;

  always_ff @(posedge clk) begin
    flr_done <= 1'b0;
    time_q   <= time_q + 1'b1;
    unique case (state_q)
      ST_STOP: begin
        if (flr) state_q <= ST_DRAIN;
        else if (bus_master && idle) state_q <= ST_RUN;
        time_q <= '0;
      end
      ST_RUN: begin
        if (flr) state_q <= ST_DRAIN;
        else if (!bus_master) state_q <= ST_STOP;
        time_q <= '0;
      end
      ST_DRAIN: begin
        if (quiet || time_q >= TIME_W'(LIMIT - 1)) begin
          state_q <= ST_RESET;
          time_q  <= '0;
        end
      end
      ST_RESET: if (time_q == TIME_W'(RESET_CYCLES - 1)) state_q <= ST_WIPE;
      ST_WIPE: begin
        if (ready) begin
          state_q  <= ST_DONE;
          flr_done <= 1'b1;
        end
      end
      default: if (!flr) state_q <= ST_STOP;
    endcase
    stop   <= (state_q != ST_RUN) || !bus_master || flr;
    fn_rst <= (state_q == ST_RESET);
    if (rst) begin
      state_q  <= ST_STOP;
      stop     <= 1'b1;
      fn_rst   <= 1'b1;
      flr_done <= 1'b0;
    end
  end

endmodule

`default_nettype wire
