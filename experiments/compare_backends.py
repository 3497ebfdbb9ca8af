#!/usr/bin/env python3
"""Counts where two databases of the same sweep, made on different backends, predict differently.

usage: compare_backends.py CPU.db CUDA.db [--output FILE.md] [--plan-flips 1.0] [--pooled-flips 0.5] [--metric 0.003]

Reads the per-example outcomes of both files and pairs them by plan and task (the same weights, plan and calibration). A flip
is an example whose predicted class differs; tasks without classes are compared by their metric alone. Integer products are
exact on every backend: what differs are the floating-point steps between them, and with them values that lie on a rounding
boundary. Writes a Markdown table and ends with exit code 1 when a limit is exceeded (percent of the examples of one plan, of
all plans of a task together; absolute difference of the metric), 2 when the files cannot be compared.
"""

import argparse
import pathlib
import sqlite3
import sys
import zlib
from array import array

QUERY = """
SELECT r.plan_hash, r.task, r.display, r.metric, r.value, r.flips IS NOT NULL, s.backend, s.weights_hash, r.position,
       o.examples, o.crc32, o.data
FROM v_results r JOIN sweeps s ON s.id = r.sweep_id JOIN outcomes o ON o.trial_hash = r.trial_hash
"""


class Incomparable(Exception):
    """Shown as it is."""


class Outcome:
    def __init__(self, row: tuple):
        (self.plan_hash, self.task, self.plan, self.metric, self.value, self.has_classes, self.backend, self.weights,
         self.position, self.examples, checksum, data) = row
        raw = zlib.decompress(data)
        if zlib.crc32(raw) != checksum:
            raise Incomparable(f"outcomes of {self.plan} on {self.task} are damaged")
        values = array("f", raw)
        if sys.byteorder == "big":
            values.byteswap()
        self.prediction, self.decision, self.label = (
            values[i * self.examples:(i + 1) * self.examples] for i in range(3))


def load(file: str) -> dict:
    if not pathlib.Path(file).is_file():
        raise Incomparable(f"{file}: there is no such file; make it with herosweep run --backend ... --db {file}")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        try:
            outcomes = [Outcome(row) for row in database.execute(QUERY)]
        except sqlite3.DatabaseError as error:
            raise Incomparable(f"{file}: is not a results database of herosweep ({error})") from error
    if not outcomes:
        raise Incomparable(f"{file}: holds no results")
    return {(outcome.task, outcome.plan_hash): outcome for outcome in outcomes}


def paired(first: dict, second: dict) -> list:
    """[(outcome, outcome)] in plan order, by task."""
    keys = sorted(first.keys() & second.keys(), key=lambda key: (key[0], first[key].position))
    if not keys:
        raise Incomparable("the two databases have no plan and task in common; run the same sweep on both backends")
    pairs = [(first[key], second[key]) for key in keys]
    for a, b in pairs:
        if a.weights != b.weights:
            raise Incomparable("the two databases are of different weights")
        if a.label != b.label:
            raise Incomparable(f"{a.task}: the labels differ; both backends must see the same examples in the same order")
    return pairs


def flips(a: Outcome, b: Outcome) -> int:
    return sum(x != y for x, y in zip(a.prediction, b.prediction))


class Report:
    """Lines of Markdown, and whether everything kept to its limit."""

    def __init__(self, limits: argparse.Namespace):
        self.limits = limits
        self.lines = []
        self.excesses = []

    def task(self, name: str, pairs: list) -> None:
        first, second = pairs[0]
        self.lines += [f"## {name}: {len(pairs)} plans, {first.examples} examples, {first.backend} against {second.backend}",
                       "", f"| plan | {first.metric}, {first.backend} | {second.backend} | difference | other predictions | % |",
                       "|---|---|---|---|---|---|"]
        pooled = 0
        for a, b in pairs:
            pooled += self.plan(a, b)
        if first.has_classes:
            share = 100 * pooled / (len(pairs) * first.examples)
            self.check(share, self.limits.pooled_flips, f"{name}, all plans: {share:.3f} % other predictions")
            self.lines += ["", f"All plans together: {pooled} of {len(pairs) * first.examples} predictions differ"
                               f" ({share:.3f} %)."]
        self.lines.append("")

    def plan(self, a: Outcome, b: Outcome) -> int:
        difference = b.value - a.value
        self.check(abs(difference), self.limits.metric, f"{a.task}, {a.plan}: {a.metric} differs by {difference:+.4f}")
        row = f"| {a.plan} | {a.value:.4f} | {b.value:.4f} | {difference:+.4f} |"
        if not a.has_classes:
            self.lines.append(row + " n/a | n/a |")
            return 0
        count = flips(a, b)
        share = 100 * count / a.examples
        self.check(share, self.limits.plan_flips, f"{a.task}, {a.plan}: {share:.2f} % other predictions")
        self.lines.append(row + f" {count} | {share:.2f} |")
        return count

    def check(self, value: float, limit: float, what: str) -> None:
        if value > limit:
            self.excesses.append(f"{what}, allowed are {limit:g}")

    def text(self) -> str:
        verdict = ["Beyond the limits:", ""] + [f"- {line}" for line in self.excesses]
        if not self.excesses:
            verdict = [f"Within the limits: {self.limits.plan_flips:g} % of a plan's predictions, {self.limits.pooled_flips:g} % "
                       f"of all, {self.limits.metric:g} of the metric."]
        return "\n".join(["# Predictions of two backends", "", *verdict, "", *self.lines]).rstrip() + "\n"


def compare(arguments: argparse.Namespace) -> int:
    report = Report(arguments)
    pairs = paired(load(arguments.first), load(arguments.second))
    for task in sorted({a.task for a, _ in pairs}):
        report.task(task, [pair for pair in pairs if pair[0].task == task])
    print(report.text(), end="")
    if arguments.output:
        pathlib.Path(arguments.output).write_text(report.text())
    return 1 if report.excesses else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("--output")
    parser.add_argument("--plan-flips", type=float, default=1.0)
    parser.add_argument("--pooled-flips", type=float, default=0.5)
    parser.add_argument("--metric", type=float, default=0.003)
    try:
        return compare(parser.parse_args())
    except Incomparable as problem:
        print(f"compare_backends.py: {problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
