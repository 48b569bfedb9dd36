// SPDX-License-Identifier: Apache-2.0
// The formats at the user side of the AMD UltraScale+ PCIE4 integrated block (PG213), 512-bit interfaces, dword-aligned payload, tags
// managed by the client; RQ and RC straddled, CQ and CC not. Only rtl/pcie and the model of the block in sim/ know them.
//
// A TLP is the descriptor first, then the payload, with no gap. On CQ and CC it is one AXI4-Stream packet, from byte 0 of a beat:
//
//   tdata byte   0 .. 11   12 .. 15   16 .. 63          next beat 0 .. 63
//   CQ, RQ       descriptor (16 B)  | payload dword 0, 1, ... 11      | payload dword 12 ...
//   CC, RC       descr. (12 B) | payload dword 0, 1, ...  12          | payload dword 13 ...
//
// On RQ a TLP may begin in byte 32 of the beat in which the last one ended, if that was before byte 32; on RC in any of bytes 0, 16, 32
// and 48 behind the end of the last. tuser alone says where TLPs begin and end; tkeep is all ones and tlast 0.
// On CQ and CC tkeep has one bit a dword, and is all ones but in the last beat. Payload byte 0 of a dword is the byte at the lower address. Dword aligned
// means: the first payload dword holds the request's first dword, and first_be says which of its bytes count (they are not shifted down).
// Structs are written most significant field first, as SystemVerilog wants; the bits of each field stand beside it.
`default_nettype none

package pcie_pkg;

  // ---- request types: field req_type of CQ and RQ (PG213 "Transaction Types") ------------------------------------------------
  localparam logic [3:0] REQ_MEM_READ    = 4'b0000;
  localparam logic [3:0] REQ_MEM_WRITE   = 4'b0001;
  localparam logic [3:0] REQ_IO_READ     = 4'b0010;
  localparam logic [3:0] REQ_IO_WRITE    = 4'b0011;
  localparam logic [3:0] REQ_FETCH_ADD   = 4'b0100;
  localparam logic [3:0] REQ_SWAP        = 4'b0101;
  localparam logic [3:0] REQ_CAS         = 4'b0110;
  localparam logic [3:0] REQ_LOCKED_READ = 4'b0111;
  localparam logic [3:0] REQ_CFG_FIRST   = 4'b1000;  // to 1011: configuration requests, never seen on CQ of an endpoint
  localparam logic [3:0] REQ_MSG_FIRST   = 4'b1100;  // to 1111: messages, posted

  // ---- completion status: field status of CC and RC (PCI Express Base, 2.2.9) -------------------------------------------------
  localparam logic [2:0] CPL_SC  = 3'b000;  // successful
  localparam logic [2:0] CPL_UR  = 3'b001;  // unsupported request
  localparam logic [2:0] CPL_CRS = 3'b010;  // configuration request retry
  localparam logic [2:0] CPL_CA  = 3'b100;  // completer abort

  // ---- what the block found wrong with a completion: field error_code of RC (PG213 "Requester Completion Descriptor Fields") -----
  localparam logic [3:0] RC_OK          = 4'b0000;
  localparam logic [3:0] RC_POISONED    = 4'b0001;
  localparam logic [3:0] RC_BAD_STATUS  = 4'b0010;  // UR, CA or CRS: no payload
  localparam logic [3:0] RC_BAD_LENGTH  = 4'b0011;  // no data, or more than what was asked for
  localparam logic [3:0] RC_MISMATCH    = 4'b0100;  // tag matches, but not requester ID, TC or attributes
  localparam logic [3:0] RC_BAD_ADDRESS = 4'b0101;  // lower address is not that of the next byte expected
  localparam logic [3:0] RC_BAD_TAG     = 4'b0110;  // no request is waiting under this tag
  localparam logic [3:0] RC_FLR         = 4'b1000;  // ended by a function level reset
  localparam logic [3:0] RC_TIMEOUT     = 4'b1001;  // ended by the block's own completion timeout; no payload

  // ---- completer request descriptor, 128 bits (PG213 "Completer Request Descriptor Formats", memory, I/O and atomics) -----------
  typedef struct packed {
    logic        rsvd1;          // 127
    logic [2:0]  attr;           // 126:124  ID based ordering, relaxed ordering, no snoop; copied to the completion
    logic [2:0]  tc;             // 123:121  traffic class; copied to the completion
    logic [5:0]  bar_aperture;   // 120:115  log2 of the BAR's bytes: only this many address bits count
    logic [2:0]  bar_id;         // 114:112
    logic [7:0]  function_id;    // 111:104  target function
    logic [7:0]  tag;            // 103:96
    logic [15:0] requester_id;   // 95:80
    logic        rsvd0;          // 79
    logic [3:0]  req_type;       // 78:75
    logic [10:0] dword_count;    // 74:64    1 to 1024; a zero-length read has 1 and first_be 0
    logic [61:0] address;        // 63:2     host address of the first dword
    logic [1:0]  at;             // 1:0      address type
  } cq_desc_t;

  // ---- completer completion descriptor, 96 bits (PG213 "Completer Completion Descriptor Format") --------------------------------
  typedef struct packed {
    logic        force_ecrc;          // 95
    logic [2:0]  attr;                // 94:92
    logic [2:0]  tc;                  // 91:89
    logic        completer_id_enable; // 88      0: the block fills in the bus and device number
    logic [15:0] completer_id;        // 87:72   with enable 0 only 79:72, the function number, counts
    logic [7:0]  tag;                 // 71:64
    logic [15:0] requester_id;        // 63:48
    logic        rsvd2;               // 47
    logic        poisoned;            // 46
    logic [2:0]  status;              // 45:43
    logic [10:0] dword_count;         // 42:32   of this completion's payload
    logic [1:0]  rsvd1;               // 31:30
    logic        locked;              // 29      completion of a locked read
    logic [12:0] byte_count;          // 28:16   bytes left for the request, this completion's included; 4 for other than memory reads
    logic [5:0]  rsvd0;               // 15:10
    logic [1:0]  at;                  // 9:8
    logic        rsvd3;               // 7
    logic [6:0]  lower_address;       // 6:0     of the first byte that counts
  } cc_desc_t;

  // ---- requester request descriptor, 128 bits (PG213 "Requester Request Descriptor Formats", memory, I/O and atomics) ------------
  // The block sends a 3 dword header when address bits 63:32 are 0 and a 4 dword header else; the client has nothing to do for it.
  typedef struct packed {
    logic        force_ecrc;          // 127
    logic [2:0]  attr;                // 126:124
    logic [2:0]  tc;                  // 123:121
    logic        requester_id_enable; // 120     0: the block fills in the bus and device number
    logic [15:0] completer_id;        // 119:104 only for requests routed by ID
    logic [7:0]  tag;                 // 103:96  of a non-posted request
    logic [15:0] requester_id;        // 95:80   with enable 0 only 87:80, the function number, counts
    logic        poisoned;            // 79
    logic [3:0]  req_type;            // 78:75
    logic [10:0] dword_count;         // 74:64   1 to 1024
    logic [61:0] address;             // 63:2
    logic [1:0]  at;                  // 1:0     0: untranslated
  } rq_desc_t;

  // ---- requester completion descriptor, 96 bits (PG213 "Requester Completion Descriptor Format") ---------------------------------
  typedef struct packed {
    logic        rsvd3;               // 95
    logic [2:0]  attr;                // 94:92
    logic [2:0]  tc;                  // 91:89
    logic        rsvd2;               // 88
    logic [15:0] completer_id;        // 87:72
    logic [7:0]  tag;                 // 71:64
    logic [15:0] requester_id;        // 63:48
    logic        rsvd1;               // 47
    logic        poisoned;            // 46
    logic [2:0]  status;              // 45:43
    logic [10:0] dword_count;         // 42:32   of this completion's payload
    logic        rsvd0;               // 31
    logic        completed;           // 30      the request's last completion
    logic        locked;              // 29
    logic [12:0] byte_count;          // 28:16   bytes left for the request, this completion's included
    logic [3:0]  error_code;          // 15:12
    logic [11:0] lower_address;       // 11:0    of the first byte that counts; of a completion with an error only 6:0
  } rc_desc_t;

  // ---- sidebands (PG213 "Sideband Signal Descriptions", 512-bit interfaces). Index 0 is the first TLP that begins, or ends,
  // in the beat; without straddling there is no other. sop pointers count in 16 bytes, eop pointers in dwords. Parity is odd, a bit a byte, and not checked here.
  typedef struct packed {
    logic [63:0] parity;              // 182:119
    logic [15:0] tph_st_tag;          // 118:103
    logic [3:0]  tph_type;            // 102:99
    logic [1:0]  tph_present;         // 98:97
    logic        discontinue;         // 96      in the last beat: an uncorrectable error hit the payload; drop the TLP
    logic [3:0]  is_eop1_ptr;         // 95:92
    logic [3:0]  is_eop0_ptr;         // 91:88
    logic [1:0]  is_eop;              // 87:86
    logic [1:0]  is_sop1_ptr;         // 85:84
    logic [1:0]  is_sop0_ptr;         // 83:82
    logic [1:0]  is_sop;              // 81:80
    logic [63:0] byte_en;             // 79:16   of payload bytes
    logic [7:0]  last_be;             // 15:8    index 0 in 11:8
    logic [7:0]  first_be;            // 7:0     index 0 in 3:0; valid in the first beat
  } cq_user_t;

  typedef struct packed {
    logic [63:0] parity;              // 80:17
    logic        discontinue;         // 16
    logic [3:0]  is_eop1_ptr;         // 15:12
    logic [3:0]  is_eop0_ptr;         // 11:8
    logic [1:0]  is_eop;              // 7:6
    logic [1:0]  is_sop1_ptr;         // 5:4
    logic [1:0]  is_sop0_ptr;         // 3:2
    logic [1:0]  is_sop;              // 1:0
  } cc_user_t;

  typedef struct packed {
    logic [63:0] parity;              // 136:73
    logic [5:0]  seq_num1;            // 72:67
    logic [5:0]  seq_num0;            // 66:61
    logic [15:0] tph_st_tag;          // 60:45
    logic [1:0]  tph_indirect_tag_en; // 44:43
    logic [3:0]  tph_type;            // 42:39
    logic [1:0]  tph_present;         // 38:37
    logic        discontinue;         // 36
    logic [3:0]  is_eop1_ptr;         // 35:32
    logic [3:0]  is_eop0_ptr;         // 31:28
    logic [1:0]  is_eop;              // 27:26
    logic [1:0]  is_sop1_ptr;         // 25:24
    logic [1:0]  is_sop0_ptr;         // 23:22
    logic [1:0]  is_sop;              // 21:20
    logic [3:0]  addr_offset;         // 19:16   0 in dword-aligned mode
    logic [7:0]  last_be;             // 15:8    index 0 in 11:8; 0 for a one dword request
    logic [7:0]  first_be;            // 7:0     index 0 in 3:0; valid in the first beat
  } rq_user_t;

  typedef struct packed {
    logic [63:0] parity;              // 160:97
    logic        discontinue;         // 96
    logic [15:0] is_eop_ptr;          // 95:80   index 0 in 83:80
    logic [3:0]  is_eop;              // 79:76
    logic [7:0]  is_sop_ptr;          // 75:68   index 0 in 69:68
    logic [3:0]  is_sop;              // 67:64
    logic [63:0] byte_en;             // 63:0    of payload bytes
  } rc_user_t;

  // ---- inside rtl/pcie --------------------------------------------------------------------------------------------------------
  // A memory read request on its way to pcie_rq.
  typedef struct packed {
    logic [7:0]  tag;
    logic [61:0] address;      // dword address
    logic [10:0] dword_count;
    logic [3:0]  first_be;
    logic [3:0]  last_be;      // 0 when dword_count is 1
  } mrd_t;

  // What a beat of RQ holds, by its halves: a TLP begins in byte 0 (lo) or byte 32 (hi); the TLP that has byte 0, and the one that began in
  // byte 32, end in the dword of the pointer. be: byte enables of the TLP that begins there, {last, first}.
  typedef struct packed {
    logic       sop_lo;
    logic       sop_hi;
    logic       eop_lo;
    logic       eop_hi;
    logic [3:0] ptr_lo;
    logic [3:0] ptr_hi;
    logic [7:0] be_lo;
    logic [7:0] be_hi;
    logic       final_lo;  // the TLP that begins there is the last one of its write
    logic       final_hi;
  } rq_beat_t;

  // What is known of an outstanding read request, under its tag.
  typedef struct packed {
    logic [7:0]  slot;         // the read it is a part of
    logic [15:0] offset;       // of the next byte expected, within the read
    logic [6:0]  lower;        // low bits of that byte's address
    logic [12:0] left;         // bytes still expected, not 0
  } rd_tag_t;

  // A read request that leaves.
  typedef struct packed {
    logic [7:0] tag;
    rd_tag_t    state;
    logic [9:0] number;        // requests of this read that have left, with this one
    logic       finish;        // the read's last
  } rd_issue_t;

  // Blocks of 64 or 128 bytes whose end lies between an address (its low bits) and `bytes` behind it.
  function automatic logic [6:0] blocks_64(input logic [5:0] lower, input logic [12:0] bytes);
    blocks_64 = 7'((bytes + {7'd0, lower}) >> 6);
  endfunction

  function automatic logic [6:0] blocks_128(input logic [6:0] lower, input logic [12:0] bytes);
    blocks_128 = 7'((bytes + {6'd0, lower}) >> 7);
  endfunction

  // Bytes of cfg_max_payload and cfg_max_read_req encodings: 128 << code (PCI Express Base, 7.5.3.4), 4096 at most.
  function automatic logic [12:0] size_bytes(input logic [2:0] code);
    size_bytes = (code > 3'd5) ? 13'd4096 : (13'd128 << code);
  endfunction

endpackage

`default_nettype wire
