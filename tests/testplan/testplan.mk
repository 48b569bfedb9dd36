# SPDX-License-Identifier: Apache-2.0
# make testplan: the testpoints of each block with the results of the last run, build/coverage/testplan.html; fails when a test that they name is gone (in make lint, too, also for docs/conformance.md).
.PHONY: testplan lint-testplan
testplan:
	@$(PYTHON) -B tests/testplan/testplan.py --logs $(B)/test-logs --formal $(B)/formal --out $(B)/coverage/testplan.html

lint-testplan:
	@$(PYTHON) -B tests/testplan/testplan.py --logs $(B)/none --formal $(B)/none >/dev/null
	@$(PYTHON) -B tests/testplan/benches.py >/dev/null
	@$(PYTHON) -B tests/testplan/conformance.py >/dev/null
lint: lint-testplan
