#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Anti-replay windows beside a plain model: a set of the numbers that passed, RFC 4303, 3.4.3, and for ESN what appendix A2 says in one sentence: the number meant is
the only one with these low 32 bits among the 2^32 from the window's bottom on."""
import esp_device
from esp_device import SA, trailer
from scapy.layers.inet import IP

INNER = bytes(IP(src="10.1.0.1", dst="10.2.0.1", proto=253))


class Model:
    def __init__(self, window, esn, top):
        self.window, self.esn, self.top, self.start, self.seen = window, esn, top, top, set()

    def judge(self, number):
        """Status of a packet with this true number."""
        meant = number & 0xFFFFFFFF
        if self.esn:
            bottom = self.top - (self.window or 64) + 1
            meant = bottom + (meant - bottom) % (1 << 32)
        if self.esn and meant < 0:
            return "replay_old"
        if meant >> 64:  # there is no such number
            return "replay_old" if self.window else "icv_mismatch"
        if self.window:
            if meant == 0 or meant <= self.top - self.window:
                return "replay_old"
            if meant in self.seen or meant <= self.start:
                return "replay_duplicate"
        if self.esn and meant != number:
            return "icv_mismatch"
        self.seen.add(meant)
        self.top = max(self.top, meant)
        return "ok"


class Replay(esp_device.DeviceTest):
    def walk(self, window, esn, start, steps):
        sa = SA(spi=self.rng.randrange(256, 1 << 32), esn=esn)
        model = Model(window, esn, start)
        index = self.device.add("in", **sa.members(seq=start, replay_window=window))
        limit = (1 << 64 if esn else 1 << 32) - 1
        reach = window or 64
        for i in range(steps):
            kind = self.rng.randrange(16)
            if kind < 6:
                step = self.rng.randint(-reach, 2)
            elif kind < 10:
                step = self.rng.randint(1, 3)
            elif kind < 13:
                step = self.rng.choice((-reach - 1, -reach, 1 - reach, 0, reach, reach - 1, 63, 64, 65, -63, -64))
            elif kind < 15:
                step = self.rng.randrange(1, 6 * reach + 200)
            else:
                step = self.rng.choice((1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 5000, -(1 << 20))) if i > steps // 2 else reach + 1
            number = model.top + step
            if not 0 <= number <= limit:
                continue
            want, top = model.judge(number), model.top
            got, _ = self.device.decap(sa.outer(sa.seal(number, trailer(INNER, 4))))
            self.assertEqual(got, want, f"window {window}, esn {esn}, start {start:#x}, step {i}: number {number:#x}, top {top:#x}")
        self.assertEqual(self.device.delete("in", index), model.top)
        return len(model.seen)

    def test_walks(self):
        windows = (0, 1, 2, 31, 32, 33, 63, 64, 65, 66, 127, 128, 1000, 1024, 4031, 4032, 4033, 4095, 4096)
        starts = (0, 1, 5000, (1 << 32) - 5000, (1 << 32) - 100)
        esn_starts = (0, (1 << 32) - 3000, (1 << 32) - 1, 1 << 32, (1 << 33) - 64, (5 << 32) + 4000, (1 << 64) - 9000)
        passed = count = 0
        for window in windows:
            for esn in (False, True):
                for start in self.rng.sample(esn_starts if esn else starts, 7 if esp_device.SCALE >= 10 and esn else 5 if esp_device.SCALE >= 10 else 2):
                    passed += self.walk(window, esn, start, int(60 * max(1, esp_device.SCALE)))
                    count += 1
        print(f"  {count} walks, {passed} packets passed", flush=True)
        self.assertGreater(passed, 10 * count)

    def test_every_distance(self):
        """A jump of each length around the words of the bitmap, then every number of the window: none that was not seen is taken for seen, nor the other way."""
        for window in (64, 130):
            for jump in (1, 2, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256, 257, 1 << 31):
                sa = SA(spi=self.rng.randrange(256, 1 << 32))
                model = Model(window, False, 1000)
                index = self.device.add("in", **sa.members(seq=1000, replay_window=window))
                for number in (1000 + jump, *range(1000 + jump - window - 1, 1000 + jump + 1)):
                    want = model.judge(number)
                    self.assertEqual(self.device.decap(sa.outer(sa.seal(number, trailer(INNER, 4))))[0], want, (window, jump, number))
                self.device.delete("in", index)


if __name__ == "__main__":
    esp_device.main()
