"""A sweep of 10,000 trials: planned, recorded (by a stub, here), and read, each in bounded time and memory.

    test_large_sweep.py PROGRAM TINY_WORLD [unittest's arguments]

Times are processor times of the program, so that a busy machine changes little. Measured on one core of a server: plan
1.0 s and 143 MB, status 0.8 s, pareto 0.9 s, export 0.9 s, report 1.8 s, v_pareto 0.7 s; the limits leave room for slower ones.
"""

import array
import os
import random
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zlib
from pathlib import Path

import world

PROGRAM, TINY_WORLD = (str(Path(argument).resolve()) for argument in sys.argv[1:3])
SEEDS = 32
SWEEP = """
name: large
model: {path: model, name: Tiny}
tasks: [toy, toy-binary]
backend: cpu
calibration: {batches: 4, batch_size: 4, seq_len: 16}
sweep:
  modules: {embedding: [fp16, int8], qkv: [fp16, int8], attention: [fp16, int8], attention_output: [fp16, int8],
            fc1: [fp16, int8], fc2: [fp16, int8]}
  axes: {residual: [int8, fp16], softmax: [rowmax, static], seed: [%s]}
latency: {batch: [1, 8], seq_len: [16], rounds: 6}
""" % ", ".join(map(str, range(SEEDS)))


def record_results(database):
    """Marks every planned trial as done and every plan as timed, with numbers drawn from a seed."""
    draw = random.Random(1).random
    db = sqlite3.connect(database)
    sweep, weights, backend, environment = db.execute(
        "SELECT id, weights_hash, backend, environment_id FROM sweeps").fetchone()
    device = db.execute("SELECT device FROM environment WHERE id = ?", (environment,)).fetchone()[0]
    plans = db.execute("SELECT plan_hash, is_fp16 FROM sweep_plans JOIN plans USING (plan_hash) "
                       "ORDER BY position").fetchall()
    outcomes = array.array("f", [draw() for _ in range(3 * 24)]).tobytes()
    packed, checksum, samples = zlib.compress(outcomes), zlib.crc32(outcomes), struct.pack("<6q", *[1000] * 6)
    with db:
        for plan, _ in plans:
            number = db.execute(
                "INSERT INTO passes (plan_hash, weights_hash, backend, device, environment_id, execution, "
                "compute_dtype, seconds, calibration_rows, calibration_rows_asked, launches_per_layer, "
                "quantize_operators, floored_scales) VALUES (?, ?, ?, ?, ?, 'integer', 'float32', 1, 16, 16, 7, 0, 0)",
                (plan, weights, backend, device, environment)).lastrowid
            db.execute("INSERT INTO memory VALUES (?, ?, 10, 10)", (number, int(1000 + 1000 * draw())))
            for trial, task in db.execute("SELECT trial_hash, task FROM sweep_trials WHERE plan_hash = ?",
                                          (plan,)).fetchall():
                value = draw()
                db.execute("INSERT INTO accuracy VALUES (?, ?, ?, ?, ?, ?, 24, 1, ?, ?, 0, 0, 'head')",
                           (trial, number, "accuracy" if task == "toy-binary" else "spearman", value, value - .1,
                            value + .1, draw(), draw()))
                db.execute("INSERT INTO outcomes VALUES (?, 24, ?, ?)", (trial, checksum, packed))
        db.execute("UPDATE trials SET state = 'done'")
        baseline = next(plan for plan, is_fp16 in plans if is_fp16)
        for batch in (1, 8):
            group = db.execute(
                "INSERT INTO latency_groups (weights_hash, backend, device, batch, seq_len, threads, "
                "baseline_plan_hash, rounds, warmup_rounds, environment_id) VALUES (?, ?, ?, ?, 16, 1, ?, 6, 1, ?)",
                (weights, backend, device, batch, baseline, environment)).lastrowid
            for plan, _ in plans:
                ms = .1 + draw()
                db.execute("INSERT INTO latency_samples (group_id, plan_hash, n, nanoseconds, median_ms, median_low, "
                           "median_high, min_ms, ratio, ratio_low, ratio_high) "
                           "VALUES (?, ?, 6, ?, ?, ?, ?, ?, ?, ?, ?)",
                           (group, plan, samples, ms, ms, ms, ms, 1 / ms, 1 / ms, 1 / ms))
    db.close()


class LargeSweep(unittest.TestCase):
    def command(self, *arguments, seconds, megabytes=400):
        """What it prints; its processor time and memory are bounded."""
        with open(self.folder / "printed", "w+", encoding="utf-8") as printed:
            process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=printed, stderr=subprocess.STDOUT,
                                       cwd=self.folder)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            printed.seek(0)
            text = printed.read()
        self.assertEqual(process.returncode, 0, text[-2000:])
        spent = usage.ru_utime + usage.ru_stime
        print(f"{arguments[0]}: {spent:.2f} s, {usage.ru_maxrss / 1024:.0f} MB", file=sys.stderr)
        self.assertLess(spent, seconds, arguments)
        self.assertLess(usage.ru_maxrss / 1024, megabytes, arguments)
        return text

    def test_it(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        patient = world.World(PROGRAM, TINY_WORLD, self.folder / "world")
        patient.config.write_text(SWEEP)
        plan = self.command("plan", patient.config, seconds=6)
        self.assertIn("9884 trials", plan)

        # The runner plans them in the database, and is stopped before it measures.
        database = self.folder / "large.db"
        run = patient.start(database)
        self.addCleanup(run.kill)
        planned = "SELECT count(*) FROM sqlite_schema WHERE name = 'sweep_trials'"
        self.assertTrue(world.wait_until(
            lambda: database.exists() and database.stat().st_size > 0 and world.rows(database, planned) == [(1,)] and
            world.rows(database, "SELECT count(*) FROM sweep_trials") == [(9884,)], seconds=300))
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(timeout=300), 130)
        record_results(database)

        self.assertIn("9884 of 9884", self.command("status", database, seconds=3))
        self.assertIn("Front of", self.command("pareto", database, seconds=3))
        self.assertGreater(len(self.command("export", "csv", database, seconds=4)), 1e6)
        self.command("report", database, "-o", self.folder / "page.html", seconds=15)
        begin = time.process_time()
        on_front = world.rows(database, "SELECT count(*) FROM v_pareto WHERE on_front")[0][0]
        self.assertLess(time.process_time() - begin, 4)
        self.assertGreater(on_front, 4)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
