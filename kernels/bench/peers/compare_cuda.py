"""Interleaves this engine's plans on the GPU with PyTorch on the same shape (random weights, FP16): every contender is a
child process that answers "run N" with N latencies; each round asks all of them, in random order.

Usage: compare_cuda.py BENCH_MODEL [--shapes base large] [--batches 1 8 16 64 128] [--plans fp16 M3] [--rounds 31]
                       [--output FILE.md]
BENCH_MODEL is the built herosweep_bench_model; this interpreter has torch for CUDA and transformers."""

import argparse
import json
import pathlib
import random
import statistics
import sys

from compare import Contender, ratio_interval

SHAPES = {
    "base": {"layers": 12, "hidden": 768, "heads": 12, "intermediate": 3072},
    "large": {"layers": 24, "hidden": 1024, "heads": 16, "intermediate": 4096},
}
OURS = ["fp16", "M1", "M2", "M3", "zq-w8a8"]
PEERS = ["compile", "eager"]
RATIOS = [("fp16", "compile"), ("M3", "compile"), ("M3", "fp16"), ("M3", "eager")]
PASSES = 5  # of one answer


def locator(shape: dict) -> str:
    """The name of a random model of this shape, as the program writes it."""
    rest = {"vocabulary": 30522, "max_positions": 512, "type_vocabulary": 2, "layer_norm_epsilon": 1e-12,
            "activation": "gelu_erf", "labels": [], "seed": 0}
    return "random:" + json.dumps({**shape, **rest})


def start(arguments, shape: str, batch: int) -> list:
    peer = str(pathlib.Path(__file__).with_name("torch_peer.py"))
    name = locator(SHAPES[shape])
    commands = {plan: [arguments.bench_model, name, plan, str(batch), "128", "8", "cuda"] for plan in arguments.plans}
    commands |= {kind: [sys.executable, peer, kind, json.dumps(SHAPES[shape]), str(batch), "128"] for kind in PEERS}
    return [Contender(label, command) for label, command in commands.items()]


def measure(contenders: list, rounds: int) -> dict:
    for _ in range(rounds):
        random.shuffle(contenders)
        for contender in contenders:
            contender.run(PASSES)
    for contender in contenders:
        contender.close()
    return {contender.name: contender.samples for contender in contenders}


def report(plans: list, shape: str, batch: int, samples: dict) -> list:
    cells = [f"{statistics.median(samples[name]) / 1e6:.3f}" for name in plans + PEERS]
    for ours, peer in RATIOS:
        ratio, low, high = ratio_interval(samples[peer], samples[ours])
        cells.append(f"{ratio:.2f} [{low:.2f}, {high:.2f}]")
    return [f"| {shape} | {batch} | " + " | ".join(cells) + " |"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench_model")
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8, 16, 64, 128])
    parser.add_argument("--plans", nargs="+", default=OURS, help="fp16 and M3 have to be among them")
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--output")
    arguments = parser.parse_args()
    import torch

    head = ["model", "batch", *(f"{name} ms" for name in arguments.plans), "torch.compile ms", "torch eager ms",
            *(f"{peer} / {ours}" for ours, peer in RATIOS)]
    lines = [f"{torch.cuda.get_device_name()}, torch {torch.__version__}, 128 tokens, {arguments.rounds} interleaved rounds,"
             f" each the median of {PASSES}; ratios are paired, with 95 % intervals.", "",
             "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    print("\n".join(lines), flush=True)
    for shape in arguments.shapes:
        # All at once: most of the time that they take to start is compilation and calibration on the host.
        started = {batch: start(arguments, shape, batch) for batch in arguments.batches}
        for contenders in started.values():
            for contender in contenders:
                contender.wait_ready()
        for batch, contenders in started.items():
            rows = report(arguments.plans, shape, batch, measure(contenders, arguments.rounds))
            print("\n".join(rows), flush=True)
            lines += rows
    if arguments.output:
        pathlib.Path(arguments.output).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
