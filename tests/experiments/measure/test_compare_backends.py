"""compare_backends.py on two small databases made here from the program's own schema."""

import sqlite3
import subprocess
import sys
import tempfile
import unittest
import zlib
from array import array
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "experiments" / "compare_backends.py"
EXAMPLES = 200


def outcomes(flipped: int) -> tuple:
    label = [float(i % 2) for i in range(EXAMPLES)]
    prediction = [1 - y if i < flipped else y for i, y in enumerate(label)]
    raw = array("f", prediction + [0.5] * EXAMPLES + label).tobytes()
    return EXAMPLES, zlib.crc32(raw), zlib.compress(raw)


def insert(db, table: str, **values) -> None:
    columns = ", ".join(values)
    marks = ", ".join("?" * len(values))
    db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))


def add_plan(db, backend: str, index: int, flipped: int, classes: bool) -> None:
    plan, trial = f"plan{index}", f"{backend}-{index}"
    insert(db, "plans", plan_hash=plan, plan="{}", calibration="{}", execution="integer", is_fp16=0)
    insert(db, "sweep_plans", sweep_id=1, position=index, plan_hash=plan, plan=plan, display=plan, variant="", seed=0)
    insert(db, "trials", trial_hash=trial, identity="{}", plan_hash=plan, weights_hash="w", backend=backend)
    insert(db, "sweep_trials", sweep_id=1, position=index, trial_hash=trial, plan_hash=plan, task="toy")
    insert(db, "passes", id=index + 1, plan_hash=plan, weights_hash="w", backend=backend, device="d", environment_id=1,
           execution="integer", compute_dtype="float32", seconds=1, calibration_rows=0, calibration_rows_asked=0,
           launches_per_layer=7, quantize_operators=0, floored_scales=0)
    insert(db, "memory", pass_id=index + 1, weight_bytes=1, workspace_bytes=1, peak_bytes=1)
    insert(db, "accuracy", trial_hash=trial, pass_id=index + 1, metric="accuracy", value=1 - flipped / EXAMPLES, ci_low=0,
           ci_high=1, n=EXAMPLES, flips=0 if classes else None, head_hash="")
    examples, checksum, data = outcomes(flipped)
    insert(db, "outcomes", trial_hash=trial, examples=examples, crc32=checksum, data=data)


def make(file: Path, backend: str, flipped: list, weights: str = "w", classes: bool = True) -> str:
    db = sqlite3.connect(file)
    db.execute("PRAGMA synchronous = OFF")
    for migration in sorted((ROOT / "experiments/store/migrations").glob("*.sql")):
        db.executescript(migration.read_text())
    insert(db, "environment", id=1, device="d", json="{}")
    insert(db, "sweeps", id=1, name="s", identity_hash="i", config="", model="m", weights_hash=weights, model_layers=1,
           model_hidden=1, model_heads=1, model_intermediate=1, backend=backend, environment_id=1)
    for index, count in enumerate(flipped):
        add_plan(db, backend, index, count, classes)
    db.commit()
    db.close()
    return str(file)


class CompareBackends(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def compare(self, cpu: list, cuda: list, *options: str, **settings):
        first = make(Path(self.folder.name) / "cpu.db", "cpu", cpu, classes=settings.get("classes", True))
        second = make(Path(self.folder.name) / "cuda.db", "cuda", cuda, **settings)
        return subprocess.run([sys.executable, str(SCRIPT), first, second, *options], capture_output=True, text=True)

    def test_equal_predictions_are_within_the_limits(self):
        result = self.compare([0, 10], [0, 10])
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("Within the limits", result.stdout)
        self.assertIn("| plan1 | 0.9500 | 0.9500 | +0.0000 | 0 | 0.00 |", result.stdout)

    def test_flips_are_counted_by_plan_and_pooled(self):
        file = Path(self.folder.name) / "out.md"
        result = self.compare([0, 10], [0, 13], "--metric", "0.02", "--output", str(file))
        self.assertEqual(result.returncode, 1)
        self.assertIn("| plan1 | 0.9500 | 0.9350 | -0.0150 | 3 | 1.50 |", result.stdout)
        self.assertIn("3 of 400 predictions differ (0.750 %)", result.stdout)
        self.assertIn("- toy, plan1: 1.50 % other predictions, allowed are 1", result.stdout)
        self.assertIn("- toy, all plans: 0.750 % other predictions, allowed are 0.5", result.stdout)
        self.assertEqual(file.read_text(), result.stdout)

    def test_the_metric_alone_can_exceed_its_limit(self):
        result = self.compare([0], [1], "--plan-flips", "5", "--pooled-flips", "5")
        self.assertEqual(result.returncode, 1)
        self.assertIn("accuracy differs by -0.0050, allowed are 0.003", result.stdout)

    def test_tasks_without_classes_have_no_flips(self):
        result = self.compare([0], [100], "--metric", "1", classes=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("| n/a | n/a |", result.stdout)

    def test_other_weights_and_other_files_are_refused(self):
        result = self.compare([0], [0], weights="other")
        self.assertEqual(result.returncode, 2)
        self.assertIn("different weights", result.stderr)
        missing = subprocess.run([sys.executable, str(SCRIPT), "/no/such.db", "/no/such.db"], capture_output=True, text=True)
        self.assertEqual(missing.returncode, 2)
        self.assertIn("there is no such file", missing.stderr)


if __name__ == "__main__":
    unittest.main()
