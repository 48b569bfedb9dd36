#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""layers.py by small trees: each rule broken once is found, and named; what is right is not."""
import unittest

import layers

DECLARED = """
folders: lib
folders: app   # above lib
layer lib: a
layer lib: b c
layer lib: d
layer lib: up.h
"""
FILES = ["lib/a.c", "lib/a.h", "lib/b.c", "lib/b.h", "lib/c.c", "lib/c.h", "lib/d.c", "lib/up.h", "app/main.c"]


def judge(uses, declared=DECLARED, files=None):
    """{rule: problems} without the rules that hold."""
    found = layers.Judge(layers.Layers(declared), files or FILES, {tuple(pair.split()): {"f"} for pair in uses}).problems
    return {rule: texts for rule, texts in found.items() if texts}


class LayersTest(unittest.TestCase):
    def only(self, problems, rule, *words):
        """One problem, of this rule, that names these."""
        self.assertEqual([rule], list(problems))
        self.assertEqual(1, len(problems[rule]), problems)
        for word in words:
            self.assertIn(word, problems[rule][0])

    def test_right(self):
        self.assertEqual({}, judge(["lib/b.c lib/a.c", "lib/b.c lib/a.h", "lib/b.c lib/c.c", "lib/d.c lib/b.c", "app/main.c lib/d.c", "lib/b.c lib/b.h"]))

    def test_upwards(self):
        self.only(judge(["lib/a.c lib/b.c"]), "lib", "upwards", "lib/a.c", "lib/b.c")
        self.only(judge(["lib/a.h lib/b.h"]), "lib", "upwards", "lib/a.h")
        self.only(judge(["lib/d.c lib/up.h"]), "lib", "lib/up.h")
        self.only(judge(["lib/a.c app/main.c"]), "folders", "upwards", "app/main.c")

    def test_known_use(self):
        known = DECLARED + "known use: lib/a.c lib/b.c\n"
        self.assertEqual({}, judge(["lib/a.c lib/b.c"], known))
        self.only(judge(["lib/b.c lib/a.c"], known), "known", "lib/a.c", "take the line")

    def test_circle(self):
        self.only(judge(["lib/b.c lib/c.c", "lib/c.c lib/b.c"]), "lib", "circle of 2", "lib/b.c -> lib/c.c -> lib/b.c")
        self.only(judge(["lib/b.h lib/c.h", "lib/c.h lib/b.h"]), "lib", "circle of 2")

    def test_known_circle(self):
        known = DECLARED.replace("b c", "b c e f") + "known circle: lib/b.c lib/c.c lib/e.c\n"
        files = FILES + ["lib/e.c", "lib/f.c"]
        full = ["lib/b.c lib/c.c", "lib/c.c lib/e.c", "lib/e.c lib/b.c"]
        self.assertEqual({}, judge(full, known, files))
        self.only(judge(full + ["lib/b.c lib/f.c", "lib/f.c lib/e.c"], known, files), "lib", "circle of 4", "(lib/f.c)")
        self.only(judge(["lib/b.c lib/c.c", "lib/c.c lib/b.c"], known, files), "known", "lib/e.c", "no circle any more")

    def test_circle_of_folders(self):
        level = "folders: x y\n"
        self.only(judge(["x/a.c y/a.c", "y/b.c x/b.c"], level, ["x/a.c", "x/b.c", "y/a.c", "y/b.c"]), "folders", "circle", "x -> y -> x")

    def test_declarations(self):
        self.only(judge([], files=FILES + ["lib/new.c"]), "declarations", "lib/new.c")
        self.only(judge([], files=FILES + ["new/a.c"]), "declarations", "new")
        self.only(judge([], files=[f for f in FILES if f != "lib/d.c"]), "declarations", "lib/d")
        self.only(judge([], DECLARED + "folders: gone\n"), "declarations", "gone")

    def test_not_understood(self):
        for text in ("layer: a", "layers lib: a", "known: a", "known use: a", DECLARED + "layer lib: a"):
            with self.assertRaises(ValueError):
                layers.Layers(text)


if __name__ == "__main__":
    unittest.main()
