// SPDX-License-Identifier: Apache-2.0
// The simulator's parts by themselves: TLP bytes, byte enables, configuration space, host memory, faults, tuser bits.
// Expected bytes are written out by hand from the specifications.
#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../sim/axis.h"
#include "../../../sim/config_space.h"
#include "../../../sim/host_memory.h"
#include "../../../sim/options.h"
#include "../../../sim/tlp.h"

/* ---- TLPs --------------------------------------------------------------------------------------------------------------------- */

static void check_header(const struct tlp_fields *f, const uint8_t *expected, unsigned int len)
{
	struct tlp *tlp = tlp_alloc();
	struct tlp_fields back;

	assert_non_null(tlp);
	tlp_encode(tlp, f);
	assert_int_equal(tlp->header_len, len);
	assert_memory_equal(tlp->header, expected, len);
	assert_int_equal(tlp_decode(tlp, &back), 0);
	assert_int_equal(back.kind, f->kind);
	assert_int_equal(back.addr, f->addr);
	assert_int_equal(back.dwords, f->dwords);
	assert_int_equal(back.tag, f->tag);
	assert_int_equal(back.attr, f->attr);
	assert_int_equal(back.tc, f->tc);
	assert_int_equal(back.byte_count, f->byte_count);
	assert_int_equal(back.lower, f->lower);
	assert_int_equal(back.status, f->status);
	assert_int_equal(back.poisoned, f->poisoned);
	tlp_free(tlp);
}

static void tlp_headers(void **state)
{
	const struct tlp_fields mrd32 = {.kind = TLP_MRD, .addr = 0xfedcba98, .dwords = 128, .requester = 0x0100, .tag = 0x5a, .first_be = 0xe,
					 .last_be = 0x3};
	const struct tlp_fields mwr64 = {.kind = TLP_MWR, .addr = 0x1122334455667788, .dwords = 1024, .requester = 0x0100, .first_be = 15,
					 .last_be = 15, .attr = 5, .tc = 3};
	const struct tlp_fields cpld = {.kind = TLP_CPLD, .dwords = 16, .requester = 0x0100, .completer = 0x0203, .tag = 7, .byte_count = 4096,
					.lower = 0x41, .poisoned = true, .attr = 2};
	const struct tlp_fields cpl = {.kind = TLP_CPL, .requester = 0x0100, .tag = 9, .byte_count = 300, .lower = 4, .status = TLP_CA};
	const uint8_t mrd32_bytes[] = {0x00, 0x00, 0x00, 0x80, 0x01, 0x00, 0x5a, 0x3e, 0xfe, 0xdc, 0xba, 0x98};
	const uint8_t mwr64_bytes[] = {0x60, 0x34, 0x10, 0x00, 0x01, 0x00, 0x00, 0xff, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
	const uint8_t cpld_bytes[] = {0x4a, 0x00, 0x60, 0x10, 0x02, 0x03, 0x00, 0x00, 0x01, 0x00, 0x07, 0x41};
	const uint8_t cpl_bytes[] = {0x0a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x81, 0x2c, 0x01, 0x00, 0x09, 0x04};

	(void)state;
	check_header(&mrd32, mrd32_bytes, 12);
	check_header(&mwr64, mwr64_bytes, 16);
	check_header(&cpld, cpld_bytes, 12);
	check_header(&cpl, cpl_bytes, 12);
}

static void tlp_malformed(void **state)
{
	static const uint8_t first[] = {0x80, 0x02, 0x04, 0x2a, 0x6a, 0x1f};
	struct tlp *tlp = tlp_alloc();
	struct tlp_fields f;

	(void)state;
	assert_non_null(tlp);
	for (unsigned int i = 0; i < sizeof first; i++) {
		memset(tlp->header, 0, sizeof tlp->header);
		tlp->header[0] = first[i];
		tlp->header[3] = 1;
		tlp->header_len = first[i] & 0x20 ? 16 : 12;
		tlp->data_len = first[i] & 0x40 ? 4 : 0;
		assert_int_equal(tlp_decode(tlp, &f), -EINVAL);
	}
	/* Lengths that disagree with the header. */
	memset(tlp->header, 0, sizeof tlp->header);
	tlp->header[0] = 0x40;
	tlp->header[3] = 2;
	tlp->header_len = 12;
	tlp->data_len = 4;
	assert_int_equal(tlp_decode(tlp, &f), -EINVAL);
	tlp_free(tlp);
}

/* PCI Express Base 4.0, table 2-38: byte count from the byte enables. */
static void byte_counts(void **state)
{
	(void)state;
	assert_int_equal(tlp_byte_count(1, 0x9, 0), 4);
	assert_int_equal(tlp_byte_count(1, 0x5, 0), 3);
	assert_int_equal(tlp_byte_count(1, 0xa, 0), 3);
	assert_int_equal(tlp_byte_count(1, 0x3, 0), 2);
	assert_int_equal(tlp_byte_count(1, 0x4, 0), 1);
	assert_int_equal(tlp_byte_count(1, 0x0, 0), 1);
	assert_int_equal(tlp_byte_count(3, 0xf, 0xf), 12);
	assert_int_equal(tlp_byte_count(3, 0x8, 0x1), 6);
	assert_int_equal(tlp_byte_count(3, 0xc, 0x7), 9);
	assert_true(tlp_byte_enables_valid(0, 1, 0x5, 0));
	assert_false(tlp_byte_enables_valid(0, 1, 0xf, 1));
	assert_false(tlp_byte_enables_valid(0, 3, 0xf, 0));
	assert_false(tlp_byte_enables_valid(0, 3, 0x5, 0xf));
	assert_true(tlp_byte_enables_valid(8, 2, 0x5, 0xa));
	assert_false(tlp_byte_enables_valid(4, 2, 0x5, 0xa));
	for (uint32_t addr = 0; addr < 8; addr++)
		for (uint32_t len = 1; len < 40; len++) {
			uint16_t dwords;
			uint8_t first, last;

			tlp_byte_enables(addr, len, &dwords, &first, &last);
			assert_int_equal(tlp_byte_count(dwords, first, last), len);
			assert_int_equal(tlp_first_offset(first), addr & 3);
			assert_true(tlp_byte_enables_valid(addr & ~3u, dwords, first, last));
		}
}

/* PG213, tuser of the 512-bit interfaces: the first bit of each field. */
static void tuser_bits(void **state)
{
	uint32_t w[6] = {0};

	(void)state;
	assert_int_equal(axis_cq.byte_en, 16);
	assert_int_equal(axis_cq.sop, 80);
	assert_int_equal(axis_cq.eop, 86);
	assert_int_equal(axis_cq.eop_ptr, 88);
	assert_int_equal(axis_cq.discontinue, 96);
	assert_int_equal(axis_cc.eop, 6);
	assert_int_equal(axis_cc.eop_ptr, 8);
	assert_int_equal(axis_cc.discontinue, 16);
	assert_int_equal(axis_rq.sop, 20);
	assert_int_equal(axis_rq.eop, 26);
	assert_int_equal(axis_rq.eop_ptr, 28);
	assert_int_equal(axis_rq.discontinue, 36);
	assert_int_equal(axis_rc.sop, 64);
	assert_int_equal(axis_rc.sop_ptr, 68);
	assert_int_equal(axis_rc.eop, 76);
	assert_int_equal(axis_rc.eop_ptr, 80);
	assert_int_equal(axis_rc.discontinue, 96);
	axis_set_bits(w, 30, 5, 0x15);
	assert_int_equal(w[0], 0x40000000);
	assert_int_equal(w[1], 0x5);
	assert_int_equal(axis_bits(w, 30, 5), 0x15);
	axis_set_bits(w, 31, 2, 0);
	assert_int_equal(axis_bits(w, 30, 5), 0x11);
}

/* ---- configuration space -------------------------------------------------------------------------------------------------------- */

static struct config_space cs;
static struct sim_options opt;

static void put32(unsigned int off, uint32_t v, unsigned int bytes)
{
	bool flr;

	assert_int_equal(config_write(&cs, off, &v, bytes, &flr), 0);
	assert_false(flr);
}

static void config_header(void **state)
{
	uint8_t all[16];
	bool flr;

	(void)state;
	options_defaults(&opt);
	opt.bar = 0x380000010000;
	config_init(&cs, &opt);
	assert_int_equal(config_get(&cs, 0, 4), 0xE5B010EE);
	assert_int_equal(config_get(&cs, 8, 4) >> 8, 0x100000);
	/* Sizing, PCI 3.0 6.2.5.1: all ones give the size, the address comes back. */
	assert_int_equal(config_get(&cs, 0x10, 4), 0x00010004);
	assert_int_equal(config_get(&cs, 0x14, 4), 0x3800);
	put32(0x10, UINT32_MAX, 4);
	put32(0x14, UINT32_MAX, 4);
	assert_int_equal(config_get(&cs, 0x10, 4), 0xffff0004);
	assert_int_equal(config_get(&cs, 0x14, 4), 0xffffffff);
	for (unsigned int bar = 0x18; bar < 0x28; bar += 4) {
		put32(bar, UINT32_MAX, 4);
		assert_int_equal(config_get(&cs, bar, 4), 0);
	}
	put32(0, 0, 4);
	assert_int_equal(config_get(&cs, 0, 4), 0xE5B010EE);
	assert_int_equal(config_read(&cs, 4092, all, 4), 0);
	assert_int_equal(config_read(&cs, 4093, all, 4), -EINVAL);
	assert_int_equal(config_read(&cs, UINT64_MAX, all, 4), -EINVAL);
	assert_int_equal(config_write(&cs, UINT64_MAX - 1, all, 4, &flr), -EINVAL);
}

static void config_capability_list(void **state)
{
	unsigned int at, seen = 0, steps = 0;

	(void)state;
	config_init(&cs, &opt);
	for (at = cs.data[0x34]; at; at = cs.data[at + 1]) {
		assert_true(at >= 0x40 && at % 4 == 0 && ++steps < 48);
		seen |= 1u << cs.data[at];
	}
	assert_int_equal(seen, 1u << 0x01 | 1u << 0x10 | 1u << 0x11);
	steps = seen = 0;
	for (at = 0x100; at; at = config_get(&cs, at, 4) >> 20) {
		assert_true(at >= 0x100 && at % 4 == 0 && ++steps < 16);
		seen |= 1u << config_get(&cs, at, 2);
	}
	assert_int_equal(seen, 1u << 1 | 1u << 3);
	assert_int_equal(config_get(&cs, 0x60 + 4, 4), 0x8000);
	assert_int_equal(config_get(&cs, 0x60 + 8, 4), 0xC000);
	assert_int_equal(config_get(&cs, 0x62, 2), 3);
}

static void config_pins(void **state)
{
	uint8_t flr_byte = 0x80;
	bool flr;

	(void)state;
	config_init(&cs, &opt);
	assert_false(config_memory_enabled(&cs));
	assert_false(config_bus_master(&cs));
	put32(4, 6, 2);
	assert_true(config_memory_enabled(&cs) && config_bus_master(&cs));
	put32(0x44, 3, 2); /* D3hot: neither */
	assert_false(config_memory_enabled(&cs) || config_bus_master(&cs));
	put32(0x44, 0, 2);
	assert_true(config_bus_master(&cs));
	assert_int_equal(config_mps_code(&cs), 2);
	put32(0x78, 0x5020, 2);
	assert_int_equal(config_mps_code(&cs), 1);
	assert_int_equal(config_mrrs_code(&cs), 5);
	put32(0x78, 0x70a0, 2); /* reserved and unsupported sizes */
	assert_int_equal(config_mps_code(&cs), 1);
	assert_int_equal(config_mrrs_code(&cs), 5);
	assert_false(config_rcb_128(&cs));
	put32(0x80, 8, 2);
	assert_true(config_rcb_128(&cs));
	put32(0x62, 0xc000, 2); /* MSI-X control is the server's */
	assert_false(config_msix_enabled(&cs) || config_msix_masked(&cs));
	config_set_msix(&cs, true, false);
	assert_int_equal(config_get(&cs, 0x62, 2), 0x8003);
	config_report(&cs, AER_POISONED);
	assert_int_equal(config_get(&cs, 0x104, 4), 0x1000);
	put32(0x104, 0x1000, 4);
	assert_int_equal(config_get(&cs, 0x104, 4), 0);
	assert_int_equal(config_write(&cs, 0x79, &flr_byte, 1, &flr), 0);
	assert_true(flr);
	assert_int_equal(config_get(&cs, 0x78, 2) & 0x8000, 0);
}

/* ---- host memory ---------------------------------------------------------------------------------------------------------------- */

static void memory_ranges(void **state)
{
	int fd = memfd_create("test", 0);
	struct host_memory hm = {0};
	uint8_t in[16] = "0123456789abcde", out[16];
	const uint32_t rw = HOST_MEMORY_READ | HOST_MEMORY_WRITE;

	(void)state;
	assert_int_equal(ftruncate(fd, 0x4000), 0);
	assert_int_equal(host_memory_map(&hm, 0x10000, 0x2000, 0, fd, rw), 0);
	assert_int_equal(host_memory_map(&hm, 0x12000, 0x1000, 0x3000, fd, rw), 0);
	assert_int_equal(host_memory_map(&hm, 0x12000, 0x1000, 0x2000, fd, rw), -EEXIST);
	assert_int_equal(host_memory_map(&hm, 0x20000, 0x1000, 0x4000, fd, rw), -EINVAL);
	assert_int_equal(host_memory_map(&hm, 0x20000, 0, 0, fd, rw), -EINVAL);
	assert_int_equal(host_memory_map(&hm, 0x20001, 0x1000, 0, fd, rw), -EINVAL);
	assert_int_equal(host_memory_map(&hm, UINT64_MAX - 0xfff, 0x2000, 0, fd, rw), -EINVAL);
	assert_int_equal(host_memory_map(&hm, 0xfedff000, 0x2000, 0, fd, rw), -EINVAL);
	assert_int_equal(host_memory_map(&hm, 0x30000, 0x1000, 0, fd, HOST_MEMORY_READ), 0);
	assert_int_equal(host_memory_map(&hm, 0x40000, 0x1000, 0, -1, rw), 0);
	/* Across two ranges, odd addresses. */
	assert_int_equal(host_memory_write(&hm, 0x11ff9, in, 16), 0);
	assert_int_equal(host_memory_read(&hm, 0x11ff9, out, 16), 0);
	assert_memory_equal(in, out, 16);
	assert_int_equal(pread(fd, out, 9, 0x3000), 9);
	assert_memory_equal(out, in + 7, 9);
	assert_int_equal(host_memory_write(&hm, 0x12ff8, in, 16), -EFAULT);
	assert_int_equal(host_memory_read(&hm, 0xfff8, out, 16), -EFAULT);
	assert_int_equal(host_memory_write(&hm, 0x30000, in, 1), -EFAULT);
	assert_int_equal(host_memory_read(&hm, 0x30000, out, 1), 0);
	assert_int_equal(host_memory_read(&hm, 0x40000, out, 1), -EFAULT);
	assert_int_equal(host_memory_read(&hm, UINT64_MAX - 3, out, 16), -EFAULT);
	assert_int_equal(host_memory_unmap(&hm, 0x10000, 0x1000), -EINVAL);
	assert_int_equal(host_memory_unmap(&hm, 0x50000, 0x1000), 0);
	assert_int_equal(host_memory_unmap(&hm, 0x10000, 0x3000), 0);
	assert_int_equal(host_memory_read(&hm, 0x11000, out, 1), -EFAULT);
	assert_int_equal(host_memory_read(&hm, 0x30000, out, 1), 0);
	host_memory_clear(&hm);
	assert_int_equal(host_memory_read(&hm, 0x30000, out, 1), -EFAULT);
	close(fd);
}

static void memory_vanishes(void **state)
{
	int fd = memfd_create("test", 0);
	struct host_memory hm = {0};
	uint8_t byte = 1;

	(void)state;
	assert_int_equal(host_memory_guard(), 0);
	assert_int_equal(ftruncate(fd, 0x1000), 0);
	assert_int_equal(host_memory_map(&hm, 0, 0x1000, 0, fd, HOST_MEMORY_READ | HOST_MEMORY_WRITE), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(host_memory_read(&hm, 5, &byte, 1), 0);
	assert_int_equal(byte, 0);
	host_memory_clear(&hm);
	close(fd);
}

/* ---- options and faults --------------------------------------------------------------------------------------------------------- */

static void fault_specifications(void **state)
{
	static const char *const wrong[] = {"", "no", "none", "ur:nth", "ur:nth=0", "ur:prob=2", "ur:prob=x", "lost:addr=5-1", "lost:addr=1",
					    "ur:what=tag", "malformed:what=no", "ur:nth=-1", "ca:nth=1x"};
	struct rng rng = {.state = 1};
	struct fault f;
	char err[256];
	int hits = 0;

	(void)state;
	for (unsigned int i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(fault_parse(wrong[i], &f, err, sizeof err), -EINVAL);
	assert_int_equal(fault_parse("malformed:nth=3,count=2,addr=0x1000-0x1fff,delay=400,what=tag", &f, err, sizeof err), 0);
	assert_int_equal(f.kind, FAULT_MALFORMED);
	assert_int_equal(f.what, MALFORMED_TAG);
	assert_int_equal(f.delay, 100);
	assert_false(fault_strikes(&f, &rng, 0xfff, 1));
	assert_false(fault_strikes(&f, &rng, 0xfff, 2));
	assert_false(fault_strikes(&f, &rng, 0x1fff, 64));
	assert_false(fault_strikes(&f, &rng, 0x2000, 64));
	assert_true(fault_strikes(&f, &rng, 0x1000, 64));
	assert_true(fault_strikes(&f, &rng, 0x1000, 64));
	assert_false(fault_strikes(&f, &rng, 0x1000, 64));
	assert_int_equal(fault_parse("ur:prob=0.25", &f, err, sizeof err), 0);
	for (int i = 0; i < 4000; i++)
		hits += fault_strikes(&f, &rng, 0, 1);
	assert_in_range(hits, 850, 1150);
	assert_int_equal(fault_parse("ca", &f, err, sizeof err), 0);
	assert_true(fault_strikes(&f, &rng, 0, 1));
}

static int parse(const char *a, const char *b)
{
	char *argv[] = {(char *)"espalier-sim", (char *)a, (char *)b, NULL};

	optind = 0;
	options_defaults(&opt);
	return options_parse(b ? 3 : 2, argv, &opt);
}

static void command_line(void **state)
{
	static const char *const wrong[][2] = {
		{"--mps", "100"}, {"--mps", "2048"}, {"--mrrs", "64"}, {"--rcb", "32"}, {"--link", "gen6x1"}, {"--link", "gen3x3"},
		{"--link", "gen3x16x"}, {"--stall", "99"}, {"--bar", "0x1234"}, {"--seed", "a"}, {"--latency", "-5"}, {"--fault", "bang"},
		{"--width", "3"}, {"--dir", ""}, {"extra", NULL}, {"--no-such", NULL},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(parse(wrong[i][0], wrong[i][1]), -EINVAL);
	assert_int_equal(parse("--link", "gen4x8"), 0);
	assert_int_equal(opt.speed, 4);
	assert_int_equal(opt.width, 8);
	assert_int_equal(parse("--bar", "0x380000000000"), 0);
	assert_int_equal(parse("--fault", "ur:nth=2"), 0);
	assert_int_equal(opt.fault_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tlp_headers),	      cmocka_unit_test(tlp_malformed),	      cmocka_unit_test(byte_counts),
		cmocka_unit_test(tuser_bits),	      cmocka_unit_test(config_header),	      cmocka_unit_test(config_capability_list),
		cmocka_unit_test(config_pins),	      cmocka_unit_test(memory_ranges),	      cmocka_unit_test(memory_vanishes),
		cmocka_unit_test(fault_specifications), cmocka_unit_test(command_line),
	};
	int ret = cmocka_run_group_tests(tests, NULL, NULL);

	tlp_pool_close();
	return ret;
}
