// SPDX-License-Identifier: Apache-2.0
// axis_protocol at every block's edge: every model of every test holds this file, the RTL knows nothing of it. A stream that leaves one block
// and enters another is watched at both ends where the blocks are also tested apart.
//
// Channels that are no streams, by their modules' words, are not here: index_alloc (valid and take), dma_completions (offer and take), dma_irq's
// inputs (a queue may be stopped).
`default_nettype none

// ---- cells: what goes in and comes out ------------------------------------------------------------------------------------------
bind skid axis_protocol #(.WIDTH(WIDTH)) u_protocol_s (.clk, .rst, .valid(s_valid), .ready(s_ready), .payload(s_data));
bind skid axis_protocol #(.WIDTH(WIDTH)) u_protocol_m (.clk, .rst, .valid(m_valid), .ready(m_ready), .payload(m_data));
bind fifo_sync axis_protocol #(.WIDTH(WIDTH)) u_protocol_s (.clk, .rst, .valid(s_valid), .ready(s_ready), .payload(s_data));
bind fifo_sync axis_protocol #(.WIDTH(WIDTH)) u_protocol_m (.clk, .rst, .valid(m_valid), .ready(m_ready), .payload(m_data));
bind fifo_head axis_protocol #(.WIDTH(WIDTH)) u_protocol_s (.clk, .rst, .valid(s_valid), .ready(s_ready), .payload(s_data));
bind fifo_head axis_protocol #(.WIDTH(WIDTH)) u_protocol_m (.clk, .rst, .valid(m_valid), .ready(m_ready), .payload(m_data));
bind axis_narrow axis_protocol #(.WIDTH(IN_W + 1 + LEN_W + USER_W), .SIDE_W(LEN_W + USER_W)) u_protocol_s (
    .clk, .rst, .valid(s_axis_tvalid), .ready(s_axis_tready), .payload({s_axis_tdata, s_axis_tlast, s_axis_tlen, s_axis_tuser}),
    .last(s_axis_tlast), .side({s_axis_tlen, s_axis_tuser}));
bind axis_narrow axis_protocol #(.WIDTH(OUT_W + 1 + USER_W), .SIDE_W(USER_W)) u_protocol_m (
    .clk, .rst, .valid(m_axis_tvalid), .ready(m_axis_tready), .payload({m_axis_tdata, m_axis_tlast, m_axis_tuser}),
    .last(m_axis_tlast), .side(m_axis_tuser));
bind axis_widen axis_protocol #(.WIDTH(IN_W + 1 + USER_W), .SIDE_W(USER_W)) u_protocol_s (
    .clk, .rst, .valid(s_axis_tvalid), .ready(s_axis_tready), .payload({s_axis_tdata, s_axis_tlast, s_axis_tuser}),
    .last(s_axis_tlast), .side(s_axis_tuser));
bind axis_widen axis_protocol #(.WIDTH(OUT_W + 1 + USER_W), .SIDE_W(USER_W)) u_protocol_m (
    .clk, .rst, .valid(m_axis_tvalid), .ready(m_axis_tready), .payload({m_axis_tdata, m_axis_tlast, m_axis_tuser}),
    .last(m_axis_tlast), .side(m_axis_tuser));
bind axis_rotate axis_protocol #(.WIDTH(WORDS * WORD_W + 1 + USER_W + UP_W + SKIP_W + 1), .SIDE_W(UP_W + SKIP_W + 1)) u_protocol_s (
    .clk, .rst, .valid(s_axis_tvalid), .ready(s_axis_tready), .payload({s_axis_tdata, s_axis_tlast, s_axis_tuser, s_axis_up, s_axis_skip, s_axis_more}),
    .last(s_axis_tlast), .side({s_axis_up, s_axis_skip, s_axis_more}));
bind axis_rotate axis_protocol #(.WIDTH(WORDS * WORD_W + 1 + USER_W)) u_protocol_m (
    .clk, .rst, .valid(m_axis_tvalid), .ready(m_axis_tready), .payload({m_axis_tdata, m_axis_tlast, m_axis_tuser}));

// ---- engines: a packet has the beats that its length says, a failed one has one ----------------------------------------------------
bind engine_encap axis_protocol #(.WIDTH(128 * LANES + 1 + $bits(s_axis_tuser)), .SIDE_W($bits(s_axis_tuser))) u_protocol_s (
    .clk, .rst, .valid(s_axis_tvalid), .ready(s_axis_tready), .payload({s_axis_tdata, s_axis_tlast, s_axis_tuser}), .last(s_axis_tlast),
    .side(s_axis_tuser), .beats(protocol_pkg::packet_beats(s_axis_tuser.status, s_axis_tuser.len, 16 * LANES)));
bind engine_encap axis_protocol #(.WIDTH(128 * LANES + 1 + $bits(m_axis_tuser)), .SIDE_W($bits(m_axis_tuser))) u_protocol_m (
    .clk, .rst, .valid(m_axis_tvalid), .ready(m_axis_tready), .payload({m_axis_tdata, m_axis_tlast, m_axis_tuser}), .last(m_axis_tlast),
    .side(m_axis_tuser), .beats(protocol_pkg::packet_beats(m_axis_tuser.status, m_axis_tuser.len, 16 * LANES)));
bind engine_decap axis_protocol #(.WIDTH(128 * LANES + 1 + $bits(s_axis_tuser)), .SIDE_W($bits(s_axis_tuser))) u_protocol_s (
    .clk, .rst, .valid(s_axis_tvalid), .ready(s_axis_tready), .payload({s_axis_tdata, s_axis_tlast, s_axis_tuser}), .last(s_axis_tlast),
    .side(s_axis_tuser), .beats(protocol_pkg::packet_beats(s_axis_tuser.status, s_axis_tuser.len, 16 * LANES)));
bind engine_decap axis_protocol #(.WIDTH(128 * LANES + 1 + $bits(m_axis_tuser)), .SIDE_W($bits(m_axis_tuser))) u_protocol_m (
    .clk, .rst, .valid(m_axis_tvalid), .ready(m_axis_tready), .payload({m_axis_tdata, m_axis_tlast, m_axis_tuser}), .last(m_axis_tlast),
    .side(m_axis_tuser), .beats(protocol_pkg::packet_beats(m_axis_tuser.status, m_axis_tuser.len, 16 * LANES)));
bind esp_encap_front axis_protocol #(.WIDTH(128 * LANES + 1 + $bits(s_axis_tuser)), .SIDE_W($bits(s_axis_tuser))) u_protocol_s (
    .clk, .rst, .valid(s_axis_tvalid), .ready(s_axis_tready), .payload({s_axis_tdata, s_axis_tlast, s_axis_tuser}), .last(s_axis_tlast),
    .side(s_axis_tuser), .beats(protocol_pkg::packet_beats(s_axis_tuser.status, s_axis_tuser.len, 16 * LANES)));
bind esp_encap_front axis_protocol #(.WIDTH(128 * LANES + 1)) u_protocol_inner (
    .clk, .rst, .valid(inner_valid), .ready(inner_ready), .payload({inner_data, inner_last}));
// A record that waits may become one that is dropped: ok, sa and status (esp_encap_jobs).
bind esp_encap_front axis_protocol #(.WIDTH($bits(job) - 1 - espalier_pkg::SA_W - 8)) u_protocol_job (
    .clk, .rst, .valid(job_valid), .ready(job_ready), .payload({job.job, job.len, job.c4, job.last_dw, job.tos, job.df, job.key_size, job.esn,
    job.ttl, job.spi, job.src, job.dst, job.csum, job.seq}));
bind esp_encap_frame axis_protocol #(.WIDTH(128 * LANES + 1)) u_protocol_inner (
    .clk, .rst, .valid(inner_valid), .ready(inner_ready), .payload({inner_data, inner_last}));
bind esp_encap_out axis_protocol #(.WIDTH(128 * LANES + 1 + $bits(m_axis_tuser)), .SIDE_W($bits(m_axis_tuser))) u_protocol_m (
    .clk, .rst, .valid(m_axis_tvalid), .ready(m_axis_tready), .payload({m_axis_tdata, m_axis_tlast, m_axis_tuser}), .last(m_axis_tlast),
    .side(m_axis_tuser), .beats(protocol_pkg::packet_beats(m_axis_tuser.status, m_axis_tuser.len, 16 * LANES)));
bind esp_decap_release axis_protocol #(.WIDTH(128 * LANES + 1 + $bits(m_axis_tuser)), .SIDE_W($bits(m_axis_tuser))) u_protocol_m (
    .clk, .rst, .valid(m_axis_tvalid), .ready(m_axis_tready), .payload({m_axis_tdata, m_axis_tlast, m_axis_tuser}), .last(m_axis_tlast),
    .side(m_axis_tuser), .beats(protocol_pkg::packet_beats(m_axis_tuser.status, m_axis_tuser.len, 16 * LANES)));

// ---- SA commands -----------------------------------------------------------------------------------------------------------------
bind csr axis_protocol #(.WIDTH($bits(sa_cmd))) u_protocol_sa_cmd (
    .clk, .rst, .valid(sa_cmd_valid), .ready(sa_cmd_ready), .payload(sa_cmd));
bind sa_manager axis_protocol #(.WIDTH($bits(cmd))) u_protocol_cmd (.clk, .rst, .valid(cmd_valid), .ready(cmd_ready), .payload(cmd));

// ---- DMA ---------------------------------------------------------------------------------------------------------------------------
bind dma_fetch axis_protocol #(.WIDTH($bits(rd_req))) u_protocol_rd_req (
    .clk, .rst, .valid(rd_req_valid), .ready(rd_req_ready), .payload(rd_req));
bind dma_read axis_protocol #(.WIDTH($bits(rd_req) + $bits(rd_req_row))) u_protocol_rd_req (
    .clk, .rst, .valid(rd_req_valid), .ready(rd_req_ready), .payload({rd_req, rd_req_row}));
bind dma_read axis_protocol #(.WIDTH(512 + 1 + $bits(m_axis_tuser)), .SIDE_W($bits(m_axis_tuser))) u_protocol_m (
    .clk, .rst, .valid(m_axis_tvalid), .ready(m_axis_tready), .payload({m_axis_tdata, m_axis_tlast, m_axis_tuser}), .last(m_axis_tlast),
    .side(m_axis_tuser), .beats(protocol_pkg::packet_beats(m_axis_tuser.status, m_axis_tuser.len, 64)));
bind dma_rd_arb axis_protocol #(.WIDTH($bits(rd_req))) u_protocol_rd_req (
    .clk, .rst, .valid(rd_req_valid), .ready(rd_req_ready), .payload(rd_req));
bind dma_place axis_protocol #(.WIDTH($bits(rd_rsp))) u_protocol_rd_rsp (
    .clk, .rst, .valid(rd_rsp_valid), .ready(rd_rsp_ready), .payload(rd_rsp));
bind dma_out_fifo axis_protocol #(.WIDTH(512 + 1 + $bits(s_axis_tuser)), .SIDE_W($bits(s_axis_tuser))) u_protocol_s (
    .clk, .rst, .valid(s_axis_tvalid), .ready(s_axis_tready), .payload({s_axis_tdata, s_axis_tlast, s_axis_tuser}), .last(s_axis_tlast),
    .side(s_axis_tuser), .beats(protocol_pkg::packet_beats(s_axis_tuser.status, s_axis_tuser.len, 64)));
bind dma_irq axis_protocol #(.WIDTH(8)) u_protocol_m (.clk, .rst, .valid(m_valid), .ready(m_ready), .payload(m_vector));
bind dma_write axis_protocol #(.WIDTH(512 + 1 + $bits(m_axis_wr_tuser)), .SIDE_W($bits(m_axis_wr_tuser)), .GAPLESS(1'b1)) u_protocol_wr (
    .clk, .rst, .valid(m_axis_wr_tvalid), .ready(m_axis_wr_tready), .payload({m_axis_wr_tdata, m_axis_wr_tlast, m_axis_wr_tuser}),
    .last(m_axis_wr_tlast), .side(m_axis_wr_tuser), .beats(protocol_pkg::beats(m_axis_wr_tuser.len, 64)));

// ---- PCIe: the pins ------------------------------------------------------------------------------------------------------------------
bind pcie_regs axis_protocol #(.WIDTH(512 + 16 + 183 + 1), .KEEP_W(16), .RESET(1'b0)) u_protocol_cq (
    .clk, .rst, .valid(s_axis_cq_tvalid), .ready(s_axis_cq_tready), .payload({s_axis_cq_tdata, s_axis_cq_tkeep, s_axis_cq_tuser, s_axis_cq_tlast}),
    .last(s_axis_cq_tlast), .keep(s_axis_cq_tkeep));
bind pcie_regs axis_protocol #(.WIDTH(512 + 16 + 81 + 1), .KEEP_W(16), .GAPLESS(1'b1)) u_protocol_cc (
    .clk, .rst, .valid(m_axis_cc_tvalid), .ready(m_axis_cc_tready), .payload({m_axis_cc_tdata, m_axis_cc_tkeep, m_axis_cc_tuser, m_axis_cc_tlast}),
    .last(m_axis_cc_tlast), .keep(m_axis_cc_tkeep));
// RQ and RC are straddled: is_sop and is_eop tell the TLPs, and a stretch without a gap ends in a beat behind which none is open.
bind pcie_dma rq_protocol u_protocol_rq (
    .clk, .rst, .m_axis_rq_tvalid, .m_axis_rq_tready, .m_axis_rq_tdata, .m_axis_rq_tkeep, .m_axis_rq_tuser, .m_axis_rq_tlast);
bind pcie_dma axis_protocol #(.WIDTH(512 + 16 + 161 + 1), .RESET(1'b0)) u_protocol_rc (
    .clk, .rst, .valid(s_axis_rc_tvalid), .ready(s_axis_rc_tready), .payload({s_axis_rc_tdata, s_axis_rc_tkeep, s_axis_rc_tuser, s_axis_rc_tlast}));

// ---- PCIe: behind them ---------------------------------------------------------------------------------------------------------------
bind pcie_read_split axis_protocol #(.WIDTH($bits(rd_req))) u_protocol_rd_req (
    .clk, .rst, .valid(rd_req_valid), .ready(rd_req_ready), .payload(rd_req));
bind pcie_read_split axis_protocol #(.WIDTH($bits(mrd))) u_protocol_mrd (.clk, .rst, .valid(mrd_valid), .ready(mrd_ready), .payload(mrd));
bind pcie_read_split axis_protocol #(.WIDTH(SLOT_W + 1)) u_protocol_abort (
    .clk, .rst, .valid(abort_valid), .ready(abort_ready), .payload({abort_slot, abort_none}));
bind pcie_rc_unpack axis_protocol #(.WIDTH($bits(m_desc) + 512 + 5 + 2)) u_protocol_m (
    .clk, .rst, .valid(m_valid), .ready(m_ready), .payload({m_desc, m_data, m_dwords, m_last, m_discontinue}), .last(m_last));
bind pcie_read_rc axis_protocol #(.WIDTH(2 + TAG_W)) u_protocol_expire (
    .clk, .rst, .valid(expire_valid), .ready(expire_ready), .payload({expire_release, expire_unsent, expire_tag}));
bind pcie_read_rc axis_protocol #(.WIDTH($bits(rd_rsp))) u_protocol_rd_rsp (
    .clk, .rst, .valid(rd_rsp_valid), .ready(rd_rsp_ready), .payload(rd_rsp));
bind msix axis_protocol #(.WIDTH(512 + 1 + $bits(m_axis_tuser))) u_protocol_m (
    .clk, .rst, .valid(m_axis_tvalid), .ready(m_axis_tready), .payload({m_axis_tdata, m_axis_tlast, m_axis_tuser}), .last(m_axis_tlast),
    .beats(protocol_pkg::beats(m_axis_tuser.len, 64)));
bind pcie_wr_mux axis_protocol #(.WIDTH(512 + 1 + $bits(s0_axis_tuser)), .SIDE_W($bits(s0_axis_tuser)), .GAPLESS(1'b1)) u_protocol_s0 (
    .clk, .rst, .valid(s0_axis_tvalid), .ready(s0_axis_tready), .payload({s0_axis_tdata, s0_axis_tlast, s0_axis_tuser}),
    .last(s0_axis_tlast), .side(s0_axis_tuser), .beats(protocol_pkg::beats(s0_axis_tuser.len, 64)));
bind pcie_wr_mux axis_protocol #(.WIDTH(512 + 1 + $bits(m_axis_tuser)), .SIDE_W($bits(m_axis_tuser)), .GAPLESS(1'b1)) u_protocol_m (
    .clk, .rst, .valid(m_axis_tvalid), .ready(m_axis_tready), .payload({m_axis_tdata, m_axis_tlast, m_axis_tuser}), .last(m_axis_tlast),
    .side(m_axis_tuser), .beats(protocol_pkg::beats(m_axis_tuser.len, 64)));
bind pcie_write axis_protocol #(.WIDTH(512 + $bits(m_beat))) u_protocol_m (.clk, .rst, .valid(m_valid), .ready(m_ready), .payload({m_data, m_beat}));

`default_nettype wire
