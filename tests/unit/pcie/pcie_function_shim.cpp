// SPDX-License-Identifier: Apache-2.0
#include "Vpcie_function.h"
#include "shim.hpp"
DUT_BOILERPLATE(Vpcie_function)
DUT_PORT(rst)
DUT_PORT(bus_master)
DUT_PORT(flr)
DUT_PORT(flr_done)
DUT_PORT(idle)
DUT_PORT(quiet)
DUT_PORT(ready)
DUT_PORT(stop)
DUT_PORT(fn_rst)
