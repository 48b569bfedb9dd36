// SPDX-License-Identifier: Apache-2.0
#include "Vesp_parts_tb.h"
#include "shim.hpp"

DUT_BOILERPLATE(Vesp_parts_tb)
#define PORT(NAME) DUT_PORT(NAME)
#include "esp_parts_ports.h"
