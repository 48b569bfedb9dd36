// SPDX-License-Identifier: Apache-2.0
// What the modules of the two ESP engines share: byte order, one's complement arithmetic (RFC 1071), and the records of encapsulation.
// Byte order: streams and byte strings have byte 0 in [7:0]; network fields are big endian, so a number is swapped on its way in or out.
//   number 32'h01020304  <->  bytes 01 02 03 04  =  32'h04030201 in a byte string
`default_nettype none

package esp_pkg;

  import espalier_pkg::*;

  localparam logic [4:0] SLOT_SALT    = 5'd20;  // of espalier_pkg::key_wr_t

  localparam logic [7:0] IPPROTO_IPIP = 8'd4;   // next header of tunnel mode
  localparam logic [7:0] IPPROTO_ESP  = 8'd50;
  localparam logic [7:0] IPPROTO_NONE = 8'd59;  // dummy packets (RFC 4303, 2.6)

  function automatic logic [15:0] swap16(input logic [15:0] x);
    swap16 = {x[7:0], x[15:8]};
  endfunction

  function automatic logic [31:0] swap32(input logic [31:0] x);
    swap32 = {x[7:0], x[15:8], x[23:16], x[31:24]};
  endfunction

  // One's complement sum of two 16-bit words: the carry comes back in (RFC 1071).
  function automatic logic [15:0] add16(input logic [15:0] a, input logic [15:0] b);
    logic [16:0] sum;
    sum   = {1'b0, a} + {1'b0, b};
    add16 = sum[15:0] + {15'b0, sum[16]};
  endfunction

  // ---- encapsulation: one packet between the front end (checks, sequence number) and the framer -----------------------------
  typedef struct packed {
    logic [JOB_W-1:0]               job;
    logic [LEN_W-1:0]               len;       // inner packet, bytes
    logic [SA_W-1:0]                sa;        // all ones when none serves the packet
    logic [7:0]                     status;    // not OK: nothing is sent
    logic                           ok;        // status is OK
    logic [13:0]                    c4;        // payload with trailer, in 4-byte words
    logic [13:0]                    last_dw;   // last 4-byte word of the cipher stream: header and IV, payload, ICV
    logic [7:0]                     tos;       // of the inner header
    logic                           df;
    logic [1:0]                     key_size;
    logic                           esn;
    logic [7:0]                     ttl;
    logic [31:0]                    spi;
    logic [31:0]                    src;
    logic [31:0]                    dst;
    logic [15:0]                    csum;
    logic [63:0]                    seq;
  } encap_job_t;

  // ---- encapsulation: one packet at the output, beside its cipher beats and tag ------------------------------------------------
  typedef struct packed {
    logic [JOB_W-1:0] job;        // job, len, sa, status: the packet's esp_out_t
    logic [LEN_W-1:0] len;
    logic [SA_W-1:0]  sa;
    logic [7:0]       status;
    logic             null_beat;  // error: one beat of zeros
    logic [159:0]     header;     // outer IPv4 header, byte string; 0 with null_beat
    logic [13:0]      icv_dw;     // 4-byte word of the cipher stream at which the ICV begins
    logic [11:0]      in_last;    // number of the last cipher beat
    logic [11:0]      out_last;   // number of the last beat of the packet
  } encap_out_t;

endpackage

`default_nettype wire
