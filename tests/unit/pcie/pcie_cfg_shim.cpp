// SPDX-License-Identifier: Apache-2.0
#include "Vpcie_cfg.h"
#include "shim.hpp"
DUT_BOILERPLATE(Vpcie_cfg)
DUT_PORT(rst)
DUT_PORT(cfg_mgmt_addr)
DUT_PORT(cfg_mgmt_function_number)
DUT_PORT(cfg_mgmt_read)
DUT_PORT(cfg_mgmt_read_data)
DUT_PORT(cfg_mgmt_read_write_done)
DUT_PORT(extended_tags)
DUT_PORT(timeout)
