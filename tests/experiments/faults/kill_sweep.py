"""Kills a sweep at random points, starts it again, and compares what it ends with.

    kill_sweep.py PROGRAM TINY_WORLD [--points 200] [--seed 1]

At each point SIGKILL hits the parent, one of its workers, or all of them, a random time after the start. After each
death the database must be sound, hold every trial that it held, and every result that it held with the same numbers. A
sweep that is complete must equal an undisturbed one, without a trial that ran twice; then the next sweep begins.
"""

import argparse
import collections
import random
import sys
import tempfile
import time
from pathlib import Path

import world

SOUND = (0, 1, 3)  # exit codes of a run that was not itself killed: done, some failed, preparation lost


class Killer:
    def __init__(self, arguments, folder):
        self.random = random.Random(arguments.seed)
        self.world = world.World(arguments.program, arguments.tiny_world, folder / "world")
        self.folder = folder
        self.kills = {"parent": 0, "worker": 0, "all": 0}
        self.after = collections.Counter()  # results that were recorded at the kill
        self.sweeps = 0
        code, output = self.world.run(folder / "undisturbed.db")
        self.require(code == 0, output)
        begin = time.monotonic()
        code, output = self.world.run(folder / "timed.db")  # the cache is warm now, as it will be
        self.seconds = time.monotonic() - begin
        self.expected = world.results(folder / "undisturbed.db")
        self.require(self.expected == world.results(folder / "timed.db"), "two undisturbed runs differ")

    def require(self, condition, message):
        if not condition:
            sys.exit(f"after {self.kills} in sweep {self.sweeps}: {message}")

    def recorded(self, database):
        """Results in the database, also while it is being made."""
        if not database.exists() or database.stat().st_size == 0:
            return 0
        if not world.rows(database, "SELECT 1 FROM sqlite_schema WHERE name = 'v_latency'"):
            return 0
        return sum(world.rows(database, f"SELECT count(*) FROM {view}")[0][0] for view in ("v_results", "v_latency"))

    def kill_once(self, process, database, results):
        """Waits, then kills; whom, or None when the run had ended."""
        if self.random.random() < 0.5:
            time.sleep(self.seconds * self.random.random())
        else:  # a restart spends most of its time on the way to where it was: go behind that
            wanted = len(results[0]) + len(results[1]) + self.random.randint(1, 6)
            world.wait_until(lambda: process.poll() is not None or self.recorded(database) >= wanted, 600)
            time.sleep(self.seconds * 0.05 * self.random.random())
        workers = world.children(process.pid)
        if process.poll() is not None:
            return None
        whom = self.random.choice(["parent", "parent", "worker", "all"])
        if whom != "parent" and not workers:
            whom = "parent"
        if whom != "worker":
            process.kill()
        if whom != "parent":
            for worker in workers if whom == "all" else [self.random.choice(workers)]:
                world.kill(worker)
        self.kills[whom] += 1
        self.after[self.recorded(database)] += 1
        process.wait(timeout=3600)
        # The kernel ends them with their parent; one that was still loading its libraries sees its closed input.
        self.require(world.wait_until(lambda: all(map(world.is_gone, workers)), 60), "workers outlived their parent")
        return whom

    def check(self, database, before):
        """The database after a death; its results."""
        if not database.exists() or database.stat().st_size == 0:  # killed before the first page was written
            return before
        sound = world.rows(database, "PRAGMA integrity_check")
        dangling = world.rows(database, "PRAGMA foreign_key_check")
        self.require(sound == [("ok",)] and not dangling, f"the database is damaged: {sound} {dangling}")
        if not world.rows(database, "SELECT 1 FROM sqlite_schema WHERE name = 'v_results'"):
            return before
        planned = world.rows(database, "SELECT count(*) FROM sweep_trials")[0][0]
        self.require(planned in (0, len(self.expected[0])), f"{planned} trials are planned")
        after = world.results(database)
        for kept, now in zip(before, after):
            self.require(set(kept) <= set(now), f"results were lost or changed: {set(kept) - set(now)}")
        return after

    def check_complete(self, database):
        self.require(world.results(database) == self.expected, "the rows differ from an undisturbed run's")
        self.require(not world.rows(database, "SELECT 1 FROM v_failures"), "failures are left")
        self.require(not world.rows(database, "SELECT 1 FROM trials WHERE state != 'done'"), "trials are left")
        twice = world.rows(database, "SELECT plan_hash FROM passes GROUP BY plan_hash HAVING count(*) > 1")
        self.require(not twice, f"plans ran twice: {twice}")
        twice = world.rows(database, "SELECT plan_hash FROM latency_samples JOIN latency_groups ON id = group_id "
                                     "WHERE plan_hash != baseline_plan_hash "
                                     "GROUP BY plan_hash, batch HAVING count(*) > 1")
        self.require(not twice, f"latencies were measured twice: {twice}")
        self.require(not world.rows(database, "SELECT 1 FROM runner"), "a claim is left")

    def sweep(self, points):
        """One sweep to its end, killed on the way until `points` kills were made in all."""
        self.sweeps += 1
        database = self.folder / f"sweep-{self.sweeps}.db"
        cache = f"cache-{self.sweeps}" if self.random.random() < 0.3 else "cache"
        results, only = ([], []), []
        while True:
            process = self.world.start(database, *only, cache=cache)
            whom = self.kill_once(process, database, results) if sum(self.kills.values()) < points else None
            code = process.wait(timeout=3600)
            results = self.check(database, results)
            output = process.printed.read_text(encoding="utf-8")
            if whom in ("parent", "all"):
                only = []
                continue
            self.require(code in SOUND and (code != 3 or whom == "worker"), f"exit code {code}\n{output}")
            if code == 0 and results == self.expected:
                return self.check_complete(database)
            # A killed worker costs its trials a failure; they are tried again when asked for.
            only = ["--only", "failed"] if code == 1 and not only else []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("tiny_world")
    parser.add_argument("--points", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        killer = Killer(arguments, Path(folder))
        while sum(killer.kills.values()) < arguments.points:
            killer.sweep(arguments.points)
            print(killer.kills, flush=True)
        print(f"{killer.kills} in {killer.sweeps} sweeps: nothing lost, nothing twice")
        print("kills by results recorded before: " + ", ".join(f"{n}: {k}" for n, k in sorted(killer.after.items())))


if __name__ == "__main__":
    main()
