#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The simulated card behind root complexes of all sorts, and behind one that fails.

Settings: read completion boundary, payload and request sizes, split and reordered completions, latency, stalls, link width; each with the same
packets, compared with the software reference. Faults: an error status for each packet they hit, the others right to the byte, and
the card works on.
"""
import itertools
import random
import unittest

import espalier
from espalier import FIRST_IOVA, SCALE, CommandFailed, Simulator, convert, random_inner, random_length, random_sa, scapy_encap

PACKETS = int(100 * SCALE)
SOURCES = f"addr=0x{FIRST_IOVA:x}-0x{FIRST_IOVA + 256 * 9600 - 1:x}"  # the command's source packets: no descriptor is hit

# Every boundary with every payload size and latency; order, splits, stalls and request sizes take turns. Then a slow link, 64-bit BARs.
EXTRAS = ["--mrrs 128 --split", "--mrrs 512 --reorder --stall 60", "--mrrs 4096 --split --reorder --stall 20"]
SETTINGS = [f"--rcb {rcb} --mps {mps} --latency {latency} {more}"
            for i, (rcb, mps) in enumerate(itertools.product((64, 128), (128, 256, 512)))
            for latency, more in zip((0, 500, 2000), EXTRAS[i % 3:] + EXTRAS[:i % 3])]
SETTINGS += ["--link gen1x1 --mps 128 --rcb 64 --latency 500", "--bar 0xf000000000 --mps 256 --split --reorder --latency 700",
             "--mps 1024 --mrrs 4096 --latency 1200 --stall 95 --reorder"]


class RootComplex(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(f"{espalier.SEED}/{self.id()}")

    def sas(self):
        return [random_sa(self.rng, 0x100 + i, esn=bool(i % 2), selector=f"dst 10.2.{i}.0/24", dst=f"198.51.100.{i + 1}") for i in range(4)]

    def inners(self, count, largest=9000):
        return [random_inner(self.rng, random_length(self.rng, largest), dst=f"10.2.{self.rng.randrange(4)}.1") for _ in range(count)]

    def test_settings(self):
        for seed, setting in enumerate(SETTINGS):
            with self.subTest(setting):
                sas, inners = self.sas(), self.inners(PACKETS)
                with Simulator("--seed", seed + 1, *setting.split()) as simulator:
                    sealed, report = convert("encap", simulator.device, sas, inners)
                    back, report_back = convert("decap", simulator.device, sas, sealed)
                self.assertEqual(sealed, convert("encap", "software", sas, inners)[0])
                self.assertEqual(back, inners)
                self.assertEqual((report["dropped"], report_back["dropped"]), (0, 0))
                print(f"  {setting}: {2 * PACKETS} packets, {report['cycles'] + report_back['cycles']} cycles", flush=True)

    def survivors(self, sas, inners, sealed):
        """The inner packets that came through: in order, right to the byte, and with numbers that have no gap."""
        recovered, _ = convert("decap", "software", sas, sealed)
        self.assertEqual(len(recovered), len(sealed))
        rest = iter(inners)
        self.assertTrue(all(inner in rest for inner in recovered), "order of the packets that came through")
        self.assertEqual(convert("encap", "software", sas, recovered)[0], sealed)
        return recovered

    def fault(self, fault, reason, others=(), count=PACKETS, largest=9000):
        sas, inners = self.sas(), self.inners(count, largest)
        with Simulator("--fault", fault, "--split", "--reorder") as simulator:
            sealed, report = convert("encap", simulator.device, sas, inners)
            self.assertLessEqual(set(report["drops"]), {reason, *others})
            self.assertEqual(len(sealed) + report["dropped"], count)
            self.survivors(sas, inners, sealed)
            # Decapsulation on the same card, faults going on: what comes out is right, what was hit is counted.
            outers = [scapy_encap(sas[0], inner, i + 1) for i, inner in enumerate(inners)]
            back, report_back = convert("decap", simulator.device, sas, outers)
            self.assertLessEqual(set(report_back["drops"]), {reason, *others})
            self.assertEqual(len(back) + report_back["dropped"], count)
            rest = iter(inners)
            self.assertTrue(all(inner in rest for inner in back))
        hits = simulator.stats["faults"][fault.partition(":")[0]]
        drops = report["dropped"] + report_back["dropped"]
        self.assertGreater(hits, 0)
        self.assertGreater(drops, 0)
        self.assertGreaterEqual(hits, drops)
        print(f"  {fault.partition(',addr')[0]}: {hits} reads hit, {drops} packets ended in {reason}, "
              f"{len(sealed) + len(back)} others unharmed", flush=True)

    def test_unsupported_request(self):
        self.fault(f"ur:prob=0.05,{SOURCES}", "dma_unsupported")

    def test_completer_abort(self):
        self.fault(f"ca:prob=0.05,{SOURCES}", "dma_aborted")

    def test_poisoned(self):
        self.fault(f"poisoned:prob=0.05,{SOURCES}", "dma_poisoned")

    def test_malformed(self):
        for what in ("count", "address", "nodata"):
            with self.subTest(what):
                self.fault(f"malformed:prob=0.05,what={what},{SOURCES}", "dma_malformed", count=60)
        # One that belongs to no read leaves the read that it was meant for without an answer.
        for what in ("attr", "tag"):
            with self.subTest(what):
                self.fault(f"malformed:nth=25,count=4,what={what},{SOURCES}", "dma_malformed", ["dma_timeout"], count=60, largest=1500)

    def test_lost(self):
        """Answers that never come: the card's own timer ends the reads."""
        self.fault(f"lost:nth=20,count=5,{SOURCES}", "dma_timeout", count=80, largest=1500)

    def test_reported_timeout(self):
        """Answers that never come, as the hard block's timer reports them."""
        self.fault(f"timeout:nth=20,count=5,delay=20000,{SOURCES}", "dma_timeout", count=80, largest=1500)

    def test_late(self):
        """An answer after the read was given up is not taken for one to a later read."""
        self.fault(f"late:nth=10,count=2,delay=1500000,{SOURCES}", "dma_timeout", count=60, largest=1500)

    def test_descriptor_fetch_fails(self):
        """A ring that cannot be read stops the queue with an error; the card takes the next client."""
        sas, inners = self.sas(), self.inners(600, 1500)
        rings = f"addr=0x{FIRST_IOVA + 2 * 256 * 9600:x}-0xffffffffffff"
        with Simulator("--fault", f"ca:nth=1,count=1,{rings}") as simulator:
            with self.assertRaises(CommandFailed) as caught:
                convert("encap", simulator.device, sas, inners)
            self.assertIn("exit status 1", str(caught.exception))
            sealed, report = convert("encap", simulator.device, sas, inners)
            self.assertEqual(report["dropped"], 0)
            self.assertEqual(sealed, convert("encap", "software", sas, inners)[0])

    def test_link_falls(self):
        """The link drops in the middle: the command says so and ends; when the link is back, the next run is right."""
        sas, inners = self.sas(), self.inners(60, 1500)
        with Simulator("--fault", f"linkdown:nth=30,delay=100000,{SOURCES}") as simulator:
            with self.assertRaises(CommandFailed) as caught:
                convert("encap", simulator.device, sas, inners)
            print(f"  {caught.exception}", flush=True)
            sealed, report = convert("encap", simulator.device, sas, inners)
            self.assertEqual(report["dropped"], 0)
            self.assertEqual(sealed, convert("encap", "software", sas, inners)[0])

    def test_clients_in_turn(self):
        """A client's SAs are gone with it: the next one finds none, and may install the same SPI with another key."""
        sas = self.sas()
        inners = self.inners(20, 1500)
        outers = [scapy_encap(sas[0], inner, i + 1) for i, inner in enumerate(inners)]
        with Simulator() as simulator:
            self.assertEqual(convert("decap", simulator.device, sas, outers)[0], inners)
            self.assertEqual(convert("decap", simulator.device, sas[1:], outers)[1]["drops"], {"no_sa": 20})
            other = random_sa(self.rng, sas[0].spi, dst=sas[0].dst)
            self.assertEqual(convert("decap", simulator.device, [other], outers)[1]["drops"], {"icv_mismatch": 20})
            self.assertEqual(convert("decap", simulator.device, sas, outers)[0], inners)


if __name__ == "__main__":
    espalier.main()
