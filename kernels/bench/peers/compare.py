"""Interleaves this engine's plans with outside engines on the same models: every contender is a child process that
answers "run N" with N latencies; each round asks all of them, in random order, on the same core.

Usage: compare.py FOLDER BENCH_MODEL [--shapes minilm base] [--batches 1 8] [--rounds 31] [--output FILE.md]
FOLDER was made by make_models.py, BENCH_MODEL is the built herosweep_bench_model."""

import argparse
import os
import pathlib
import random
import statistics
import subprocess
import sys

OURS = ["fp16", "M1", "M2", "M3", "zq-w8a8"]
PEERS = ["openvino-fp32", "openvino-int8", "ctranslate2-int8"]
BARS = [("fp16", "openvino-fp32"), ("M3", "openvino-int8"), ("zq-w8a8", "ctranslate2-int8")]


class Contender:
    """`core`: the only one it may use, with one thread; without one, it is not bound."""

    def __init__(self, name: str, command: list, core: int | None = None):
        self.name = name
        self.samples = []
        bound = core is not None
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            env=dict(os.environ, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1") if bound else None,
            preexec_fn=(lambda: os.sched_setaffinity(0, {core})) if bound else None)

    def wait_ready(self) -> None:
        if self.process.stdout.readline().strip() != "ready":
            raise SystemExit(f"{self.name}: did not start; run it alone to see why: {' '.join(self.process.args)}")

    def run(self, count: int) -> None:
        self.process.stdin.write(f"run {count}\n")
        self.process.stdin.flush()
        times = [int(word) for word in self.process.stdout.readline().split()]
        self.samples.append(statistics.median(times))

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def ratio_interval(base: list, other: list) -> tuple:
    """Median of the paired ratios and its 95 % interval from order statistics."""
    ratios = sorted(b / o for b, o in zip(base, other))
    n = len(ratios)
    margin = int(0.98 * n**0.5 + 1)
    return statistics.median(ratios), ratios[max(0, n // 2 - margin)], ratios[min(n - 1, n // 2 + margin)]


def measure(arguments, shape: str, batch: int) -> dict:
    contenders = []
    peer_script = str(pathlib.Path(__file__).with_name("peer.py"))
    settings = [arguments.folder, shape, str(batch), "128", "1"]
    for plan in OURS:
        model = str(pathlib.Path(arguments.folder) / shape)
        contenders.append(Contender(plan, [arguments.bench_model, model, plan, str(batch), "128", "1"], arguments.core))
    for peer in PEERS:
        contenders.append(Contender(peer, [sys.executable, peer_script, peer, *settings], arguments.core))
    for contender in contenders:
        contender.wait_ready()
    for _ in range(arguments.rounds):
        random.shuffle(contenders)
        for contender in contenders:
            contender.run(3)
    for contender in contenders:
        contender.close()
    return {contender.name: contender.samples for contender in contenders}


def report(shape: str, batch: int, samples: dict) -> list:
    lines = [f"\n### {shape}, batch {batch}, 128 tokens, one thread", "",
             "| contender | median ms | min ms |", "|---|---|---|"]
    for name in OURS + PEERS:
        times = samples[name]
        lines.append(f"| {name} | {statistics.median(times) / 1e6:.2f} | {min(times) / 1e6:.2f} |")
    lines += ["", "| ours | peer | peer's time / ours (95 %) |", "|---|---|---|"]
    for ours, peer in BARS:
        ratio, low, high = ratio_interval(samples[peer], samples[ours])
        lines.append(f"| {ours} | {peer} | {ratio:.3f} ({low:.3f}-{high:.3f}) |")
    return lines


def processor() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("bench_model")
    parser.add_argument("--shapes", nargs="+", default=["minilm", "base"])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--output")
    arguments = parser.parse_args()
    lines = [f"Processor: {processor()}; {arguments.rounds} interleaved rounds, each the median of 3 passes"]
    for shape in arguments.shapes:
        for batch in arguments.batches:
            lines += report(shape, batch, measure(arguments, shape, batch))
            print("\n".join(lines), flush=True)
    if arguments.output:
        pathlib.Path(arguments.output).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
