#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums up what nextpnr reported of some blocks.

pnr.py OUT.json PART TOOLS COMMAND BLOCK:REPORT.json,... ...

Several reports of a block are runs with other seeds: the row has the median frequency and the range.
"""
import json
import statistics
import sys

CELLS = {'TRELLIS_COMB': 'lut4', 'TRELLIS_FF': 'ff', 'DP16KD': 'bram18'}


def main(out, part, tools, command, runs):
    rows = []
    for run in runs:
        block, paths = run.split(':')
        mhz, used = [], {}
        for path in paths.split(','):
            with open(path, encoding='utf-8') as f:
                report = json.load(f)
            mhz.append(min(clock['achieved'] for clock in report['fmax'].values()))
            used = {key: report['utilization'][cell] for cell, key in CELLS.items()}
        rows.append({'block': block, 'part': part, 'mhz_median': round(statistics.median(mhz), 1), 'mhz_least': round(min(mhz), 1),
                     'mhz_most': round(max(mhz), 1), 'seeds': len(mhz), **{key: u['used'] for key, u in used.items()},
                     **{key + '_percent': round(100 * u['used'] / u['available'], 1) for key, u in used.items()},
                     'tools': tools, 'command': command})
    with open(out, 'w', encoding='utf-8') as f:
        json.dump(rows, f, indent=1)
        f.write('\n')
    print(f'{part}, {tools}: a trend, not the speed of the card')
    for row in rows:
        print(f'{row["block"]:<12}{row["mhz_median"]:>7} MHz ({row["mhz_least"]} to {row["mhz_most"]}, {row["seeds"]} seeds)'
              f'{row["lut4"]:>8} LUT4 ({row["lut4_percent"]} %){row["ff"]:>7} FF{row["bram18"]:>5} BRAM')


if __name__ == '__main__':
    main(*sys.argv[1:5], sys.argv[5:])
