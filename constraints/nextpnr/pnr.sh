#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pnr.sh NUMBER OUT NEXTPNR SEED SV-FILES: a block of pnr_top through Yosys and nextpnr for the Lattice ECP5 LFE5U-85F; OUT.report.json says what
# came out. The XOR trees of the RTL are kept, as in make synth. NEXTPNR works in the folder of OUT: its sandbox shows it no other.
set -eu
block=$1 out=$2 nextpnr=$3 seed=$4
shift 4
nice yosys -q -l "$out.yosys.log" -p "
  read_verilog -sv $*
  chparam -set BLOCK $block pnr_top
  synth_ecp5 -top pnr_top -run begin:map_luts
  abc -lut 4 -script +strash;if;mfs2
  clean
  synth_ecp5 -top pnr_top -nowidelut -run map_cells:
  write_json $out.json" >/dev/null 2>&1 || { tail -n 20 "$out.yosys.log" >&2; exit 1; }
cd "$(dirname "$out")"
name=$(basename "$out")
nice "$nextpnr" --85k --speed 8 --package CABGA756 --freq 150 --seed "$seed" --timing-allow-fail --lpf-allow-unconstrained \
  --json "$name.json" --report "$name.report.json" >"$name.nextpnr.log" 2>&1 || { tail -n 20 "$name.nextpnr.log" >&2; exit 1; }
