"""Times attention of this engine and of torch (scaled_dot_product_attention, FP16) on the same shapes, interleaved.

This engine is a child process for each type, see cuda_attention_bench.cpp; torch runs here, once for each of its
backends that takes the shape. Every contender is a CUDA graph of 20 calls; each round asks all, in random order.

Usage: sdpa.py BENCH [--rounds 31] [--shapes B,H,S,D ...]; BENCH is the built herosweep_bench_cuda_attention."""

import argparse
import random
import statistics
import subprocess

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

CALLS = 20
SHAPES = ["1,12,128,64", "16,12,128,64", "64,12,128,64", "128,12,128,64", "32,12,384,64", "8,12,1024,64",
          "8,16,2048,128"]
BACKENDS = {"cudnn": SDPBackend.CUDNN_ATTENTION, "flash": SDPBackend.FLASH_ATTENTION,
            "efficient": SDPBackend.EFFICIENT_ATTENTION}


class Engine:
    def __init__(self, bench: str, shape: list, kind: str):
        command = [bench, "--serve", *map(str, shape), kind]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise SystemExit(f"did not start; run it alone to see why: {' '.join(command)}")

    def run(self) -> float:
        self.process.stdin.write("run 1\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class Torch:
    def __init__(self, shape: list, backend: SDPBackend):
        q, k, v = (torch.randn(shape, dtype=torch.float16, device="cuda") for _ in range(3))
        self.graph = torch.cuda.CUDAGraph()
        self.events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream), sdpa_kernel(backend):
            for _ in range(3):
                scaled_dot_product_attention(q, k, v)
        torch.cuda.synchronize()
        with torch.cuda.graph(self.graph), sdpa_kernel(backend):
            for _ in range(CALLS):
                scaled_dot_product_attention(q, k, v)
        for _ in range(5):
            self.run()

    def run(self) -> float:
        self.events[0].record()
        self.graph.replay()
        self.events[1].record()
        self.events[1].synchronize()
        return self.events[0].elapsed_time(self.events[1]) * 1e6 / CALLS

    def close(self) -> None:
        pass


def make_contenders(bench: str, shape: list) -> dict:
    contenders = {"ours f16": Engine(bench, shape, "f16"), "ours s8": Engine(bench, shape, "s8")}
    for name, backend in BACKENDS.items():
        try:
            contenders[name] = Torch(shape, backend)
        except RuntimeError as error:
            print(f"{name} does not take {shape}: {str(error).splitlines()[0]}")
    return contenders


def measure(bench: str, shape: list, rounds: int) -> dict:
    contenders = make_contenders(bench, shape)
    samples = {name: [] for name in contenders}
    order = list(contenders)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            samples[name].append(contenders[name].run())
    for contender in contenders.values():
        contender.close()
    return samples


def report(shape: list, samples: dict) -> str:
    medians = {name: statistics.median(times) for name, times in samples.items()}
    best = min((name for name in medians if name in BACKENDS), key=medians.get)
    cells = [f"{name} {median / 1e3:.2f}" for name, median in medians.items()]
    for kind in ["ours f16", "ours s8"]:
        ratio = statistics.median(peer / ours for peer, ours in zip(samples[best], samples[kind]))
        cells.append(f"{best} / {kind} {ratio:.3f}")
    return f"| {shape} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench")
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--shapes", nargs="+", default=SHAPES)
    arguments = parser.parse_args()
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {arguments.rounds} rounds; medians in us")
    for text in arguments.shapes:
        shape = [int(number) for number in text.split(",")]
        print(report(shape, measure(arguments.bench, shape, arguments.rounds)), flush=True)


if __name__ == "__main__":
    main()
