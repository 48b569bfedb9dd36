// SPDX-License-Identifier: Apache-2.0
// Records of the decapsulation engine: what its modules hand each other about a packet.
`default_nettype none

package esp_decap_pkg;

  import espalier_pkg::*;

  localparam int unsigned DECAP_PACKETS = 256;  // packets in the engine at once: the depth of every per-packet FIFO; a power of two
  localparam int unsigned BEATS_W = 11;    // bits of a beat count of a packet

  // What replay_check and replay_update answer.
  localparam logic [1:0] REPLAY_FRESH     = 2'd0;
  localparam logic [1:0] REPLAY_IS_OLD    = 2'd1;
  localparam logic [1:0] REPLAY_IS_KNOWN  = 2'd2;
  localparam logic [1:0] REPLAY_IS_BROKEN = 2'd3;  // the stored state fails its parity

  // From the outer header, for every packet.
  typedef struct packed {
    logic [7:0]         status;      // OK, or the first check that failed, or the status with which the packet came
    logic [15:0]        cipher_len;  // payload with trailer, bytes
    logic [BEATS_W-1:0] last_beat;   // number of the last stream beat (ESP header to ICV)
    logic               ce;          // outer ECN field is CE
  } header_t;

  // Goes through the cipher beside each beat.
  typedef struct packed {
    logic [JOB_W-1:0] job;
    logic             ce;            // outer ECN field is CE
    logic [LEN_W-1:0] cipher_len;    // payload with trailer, bytes
  } cipher_user_t;

  // Known when a packet enters the cipher; waits for its tag.
  typedef struct packed {
    logic [JOB_W-1:0]   job;
    logic               epoch;
    logic [SA_W-1:0]    sa;
    logic [7:0]         status;      // not OK: the packet is a null token from here
    logic [63:0]        seq;
    logic [7:0]         window;
    logic [BEATS_W-1:0] in_beats;    // beats it took at the input: the credits it holds
    logic [BEATS_W-1:0] buf_beats;   // beats it writes into the release buffer
  } info_t;

  // What the decrypted bytes say; waits for the tag.
  typedef struct packed {
    logic [JOB_W-1:0] job;
    logic [7:0]       status;
    logic [LEN_W-1:0] last_byte;     // of the inner packet: its length less 1
  } trailer_t;

  // The verdict: the release side reads nothing but what this tells it to.
  typedef struct packed {
    logic [JOB_W-1:0]   job;
    logic               epoch;
    logic [SA_W-1:0]    sa;
    logic [7:0]         status;
    logic               verified;    // the ICV was compared and is right
    logic               ok;          // status is OK
    logic [LEN_W-1:0]   last_byte;   // of the inner packet: its length less 1; means nothing unless ok
    logic [BEATS_W-1:0] in_beats;
    logic [BEATS_W-1:0] buf_beats;
  } verdict_t;

endpackage

`default_nettype wire
