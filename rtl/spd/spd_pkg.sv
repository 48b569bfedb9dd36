// SPDX-License-Identifier: Apache-2.0
// The policy classifier's types: what parse delivers of a packet (key_t), what the host writes (cmd_t with rule_t), what a lookup says
// (verdict_t). Selectors and their values are those of RFC 4301, 4.4.1.1. Numbers are plain numbers; driver/software/spd.h has the same for C.
`default_nettype none

package spd_pkg;

  import espalier_pkg::*;

  // ---- what parse delivers ---------------------------------------------------------------------------------------------------------
  // Addresses: first byte on top; IPv4 in src[127:96] and dst[127:96], the rest anything.
  // Ports: those of TCP, UDP, SCTP, DCCP, UDP-Lite; of ICMP and ICMPv6 the type as sport and the code as dport; of MH (RFC 6275) its type as sport
  // and 0 as dport. ports_known is 0 where the packet has none or they are not there: other protocols, fragments but the first, a header
  // that is cut or beyond what parse reads. proto_known is 0 where the header chain did not lead to a protocol: IPv6 fragments whose chain goes on.
  typedef struct packed {
    logic         inbound;      // 0: the packet leaves the protected side, RFC 4301 5.1; 1: it came from the other, 5.2
    logic         v6;
    logic         proto_known;
    logic         ports_known;
    logic [7:0]   proto;        // IPv4 Protocol, or the last Next Header
    logic [15:0]  sport;
    logic [15:0]  dport;
    logic [127:0] src;
    logic [127:0] dst;
  } key_t;

  // ---- what the host writes --------------------------------------------------------------------------------------------------------
  typedef enum logic [1:0] {
    ACTION_DISCARD = 2'd0,
    ACTION_TO_HOST = 2'd1,
    ACTION_PROTECT = 2'd2,      // by the SA of act_t
    ACTION_BYPASS  = 2'd3
  } action_e;

  typedef struct packed {
    action_e         action;
    logic [SA_W-1:0] sa;        // with PROTECT; else anything, which the verdict shows as well
  } act_t;

  localparam logic [1:0] PROTO_ANY    = 2'd0;  // what is OPAQUE too
  localparam logic [1:0] PROTO_IS     = 2'd1;  // this one, known
  localparam logic [1:0] PROTO_OPAQUE = 2'd2;  // only what is not known

  // lo to hi, both within. 0 to 65535 is ANY: any port or none. 65535 to 0 is OPAQUE, only where ports are not known (as in RFC 7296, 3.13.1).
  // Any other range needs known ports (RFC 4301, 4.4.1.1: it matches no fragment but the first).
  typedef struct packed {
    logic [15:0] lo;
    logic [15:0] hi;
  } range_t;

  typedef struct packed {
    logic [127:0] addr;
    logic [7:0]   len;          // bits of addr that count: 0 to 32 for IPv4, to 128 for IPv6, 0 in a rule for both families
  } prefix_t;

  typedef struct packed {
    logic [1:0] directions;     // [0] outbound, [1] inbound; a rule for none never matches: so is an empty place
    logic [1:0] families;       // [0] IPv4, [1] IPv6
    logic [1:0] proto_kind;
  } scope_t;

  typedef struct packed {
    scope_t     scope;
    logic [7:0] proto;
    range_t     sport;
    range_t     dport;
    prefix_t    src;
    prefix_t    dst;
  } selector_t;

  typedef struct packed {
    selector_t sel;
    act_t      act;
  } rule_t;

  // Rules are numbered from 0; of those that match the lowest number wins. Number RULES is the default of outbound packets, RULES + 1 that of
  // inbound ones: of these only `act` counts.
  localparam logic [2:0] OP_WRITE   = 3'd0;  // stage a rule; packets see it after COMMIT. 3 cycles
  localparam logic [2:0] OP_CLEAR   = 3'd1;  // stage empty places for all rules; the defaults stay. RULES + 2 cycles
  localparam logic [2:0] OP_COMMIT  = 3'd2;  // from one cycle to the next packets see all that is staged: spd_writer says when
  localparam logic [2:0] OP_REBUILD = 3'd3;  // COMMIT that writes every place anew: after a verdict with fault
  localparam logic [2:0] OP_ACT     = 3'd4;  // this rule's act, staged and in force at once: the switch to a new SA. 4 cycles

  // One command at a time: valid stays 1, the fields stable, until the cycle of rsp.valid; after it valid is 0 for at least one cycle.
  typedef struct packed {
    logic        valid;
    logic [2:0]  op;
    logic [15:0] index;         // WRITE, ACT: number of the rule
    rule_t       rule;          // WRITE: all of it; ACT: act
  } cmd_t;

  localparam logic [1:0] RESULT_OK      = 2'd0;
  localparam logic [1:0] RESULT_INVALID = 2'd1;  // no such op or number, or what the comments above do not allow: nothing has changed
  localparam logic [1:0] RESULT_FAULT   = 2'd2;  // COMMIT, REBUILD: rule `index`, as staged, fails its parity; WRITE it anew, then COMMIT

  typedef struct packed {
    logic        valid;         // one cycle
    logic [1:0]  result;
    logic [15:0] index;
  } rsp_t;

  // ---- what a lookup says ----------------------------------------------------------------------------------------------------------
  typedef struct packed {
    logic        hit;           // rule is the number of the one that matched; 0: the default of the direction
    logic [15:0] rule;          // 0 without hit
    act_t        act;
    logic        fault;         // what a memory held fails its parity: act is TO_HOST, hit 0. An event, and the host should REBUILD
  } verdict_t;

  // ---- meaning -------------------------------------------------------------------------------------------------------------------------
  function automatic logic is_any(input range_t r);
    is_any = r.lo == '0 && r.hi == '1;
  endfunction

  function automatic logic is_opaque(input range_t r);
    is_opaque = r.lo == '1 && r.hi == '0;
  endfunction

  // What of a selector does not look at addresses, protocol number or port numbers.
  function automatic logic kind_fits(input scope_t s, input range_t sport, input range_t dport,
                                     input logic inbound, input logic v6, input logic proto_known, input logic ports_known);
    logic proto, ports;
    proto     = s.proto_kind == PROTO_ANY || (s.proto_kind == PROTO_IS) == proto_known;
    ports     = (is_any(sport) || is_opaque(sport) != ports_known) && (is_any(dport) || is_opaque(dport) != ports_known);
    kind_fits = s.directions[inbound] && s.families[v6] && proto && ports;
  endfunction

  // A range by the two halves of a port. in: the upper half lies between those of lo and hi, or any port will do; eq_lo, eq_hi: it is that of
  // lo, of hi; ge: the lower half is at least that of lo; le: at most that of hi.
  function automatic logic range_fits(input logic in, input logic eq_lo, input logic eq_hi, input logic ge, input logic le);
    range_fits = in || ((eq_lo || eq_hi) && (!eq_lo || ge) && (!eq_hi || le));
  endfunction

  function automatic logic len_ok(input logic [7:0] len, input logic [1:0] families);
    case (families)
      2'b11:   len_ok = len == '0;
      2'b01:   len_ok = len <= 8'd32;
      default: len_ok = len <= 8'd128;
    endcase
  endfunction

  function automatic logic range_ok(input range_t r);
    range_ok = r.lo <= r.hi || is_opaque(r);
  endfunction

  // ---- parity of what the writer stores: a bit for each 50 of a selector, one for an act; zeros have zeros -------------------------------------
  localparam int unsigned SEL_W     = $bits(selector_t);
  localparam int unsigned SEL_PAR_W = 7;
  localparam int unsigned ACT_W     = $bits(act_t);

  function automatic logic [SEL_PAR_W-1:0] sel_parity(input logic [SEL_W-1:0] word);
    for (int unsigned i = 0; i < SEL_PAR_W; i = i + 1) sel_parity[i] = ^word[50*i+:50];
  endfunction

endpackage

`default_nettype wire
