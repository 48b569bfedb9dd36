# SPDX-License-Identifier: Apache-2.0
# The guard against losses: what is counted, cycles, latency, area and LUT levels, against the figures in baseline.json.
BENCH_BASELINE := tests/bench/check/baseline.json
.PHONY: bench-check bench-baseline
bench-check bench-baseline: engine-bench rings-bench synth-card synth-spd
	@$(VENV)/bin/python tests/bench/check/check.py $(B) $(BENCH_BASELINE) $(if $(filter bench-baseline,$@),--update)
