"""Runs the quickstart's model through `herosweep run` and compares every number with an independent simulation.
Usage: test_quickstart_numbers.py HEROSWEEP SOURCE_DIR WORK_DIR. Exits with 77 (skipped) without the model."""

import pathlib
import shutil
import sqlite3
import subprocess
import sys

from expected import QUICKSTART, cosine_tolerance, drift_tolerance, flips_tolerance, spearman_tolerance


def rows(database: pathlib.Path, task: str) -> dict:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    query = "SELECT display, plan, value, n, flips, cosine, drift, execution FROM v_results WHERE task = ?"
    found = {}
    for display, plan, *values in connection.execute(query, (task,)):
        found[plan] = found[display] = values
    return found


def problems(database: pathlib.Path) -> list:
    tweets, binary = rows(database, "vader-tweets"), rows(database, "vader-tweets-binary")
    found = []

    def check(plan: str, what: str, got: float, want: float, tolerance: float) -> None:
        verdict = "ok" if abs(got - want) <= tolerance else "OUTSIDE"
        print(f"{plan:20} {what:9} {got:9.5f}  expected {want:9.5f} +- {tolerance:.5f}  {verdict}")
        if verdict != "ok":
            found.append(f"{plan}: {what}")

    for plan, (spearman, accuracy, flips, cosine, drift) in QUICKSTART.items():
        value, n, _, got_cosine, _, execution = tweets[plan]
        check(plan, "spearman", value, spearman, spearman_tolerance(plan))
        check(plan, "cosine", got_cosine, cosine, cosine_tolerance(plan))
        check(plan, "examples", n, 805, 0)
        value, n, got_flips, _, got_drift, _ = binary[plan]
        check(plan, "accuracy", value, accuracy, 3 / 643 + flips_tolerance(plan) / 643)
        check(plan, "flips", got_flips, flips, flips_tolerance(plan))
        check(plan, "drift", got_drift, drift, drift_tolerance(plan))
        check(plan, "examples", n, 643, 0)
        if execution != ("weight-only" if plan == "zq-w8a816" else "integer"):
            found.append(f"{plan}: execution {execution}")
    return found


def main() -> int:
    herosweep, source, work = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    if not (source / "models/minilm-l6/model.safetensors").exists():
        print("skipped: models/minilm-l6 is absent; `make fetch` gets it")
        return 77
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    config = source / "tests/experiments/acceptance/quickstart_numbers.yaml"
    database = work / "numbers.db"
    subprocess.run([herosweep, "run", str(config), "--db", str(database)], check=True)
    found = problems(database)
    print("all numbers agree" if not found else "outside their tolerance: " + "; ".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
