"""A tiny model's sweep, and the program that runs it: what the fault tests share."""

import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

LATENCY = "latency: {batch: [1, 2], seq_len: [16], rounds: 6}\n"
NO_LATENCY = "latency: {enabled: false}\n"


class World:
    """A folder with a model, data and sweep.yaml."""

    def __init__(self, program, maker, folder, plans="M1, M2, M3, zq-w8a8", latency=LATENCY):
        self.program = str(Path(program).resolve())
        self.folder = Path(folder)
        subprocess.run([maker, self.folder], check=True)
        self.folder.chmod(0o755)  # some tests run as another user
        self.runs = 0
        self.config = self.folder / "sweep.yaml"
        self.config.write_text(
            "name: tiny\nmodel: {path: model, name: Tiny}\ntasks: [toy, toy-binary]\nbackend: cpu\n"
            "calibration: {batches: 4, batch_size: 4, seq_len: 16}\n"
            f"sweep: {{plans: [{plans}]}}\nlimits: {{timeout: 1h}}\n{latency}")

    def start(self, database, *arguments, inject="", cache="cache", **options):
        """Starts `herosweep run`; `printed` of the process is the file of its output."""
        environment = dict(os.environ, HEROSWEEP_CACHE=str(self.folder / cache))
        environment.pop("HEROSWEEP_INJECT", None)
        if inject:
            environment["HEROSWEEP_INJECT"] = inject
        self.runs += 1
        printed = self.folder / f"run-{self.runs}.out"
        with open(printed, "w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [self.program, "run", str(self.config), "--db", str(database), "--jobs", "2", *arguments],
                env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                cwd=self.folder, **options)
        process.printed = printed
        return process

    def run(self, database, *arguments, **options):
        """Its exit code and what it printed."""
        process = self.start(database, *arguments, **options)
        try:
            code = process.wait(timeout=3600)
        finally:
            process.kill()
        return code, process.printed.read_text(encoding="utf-8")


def rows(database, query):
    # A reader of its own each time: what it sees is what anybody would see.
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def results(database):
    """Everything about the results that does not depend on the clock."""
    return (rows(database, "SELECT plan, task, trial_hash, value, ci_low, ci_high, flips, drift, cosine "
                           "FROM v_results ORDER BY plan, task"),
            rows(database, "SELECT plan, batch, seq_len, n FROM v_latency ORDER BY plan, batch"))


def children(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
