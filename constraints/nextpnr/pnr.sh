#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pnr.sh PYTHON NUMBER OUT NEXTPNR SEED SV-FILES: a block of pnr_top through Yosys and nextpnr for the Lattice ECP5 LFE5U-85F; OUT.report.json says
# what came out. NEXTPNR works in the folder of OUT: its sandbox shows it no other.
set -eu
python=$1 block=$2 out=$3 nextpnr=$4 seed=$5
shift 5
PYTHONPATH=constraints/yosys nice "$python" constraints/nextpnr/ecp5.py "$out" "BLOCK=$block" "$@"
cd "$(dirname "$out")"
name=$(basename "$out")
nice "$nextpnr" --85k --speed 8 --package CABGA756 --freq 150 --seed "$seed" --timing-allow-fail --lpf-allow-unconstrained \
  --json "$name.json" --report "$name.report.json" >"$name.nextpnr.log" 2>&1 || { tail -n 20 "$name.nextpnr.log" >&2; exit 1; }
