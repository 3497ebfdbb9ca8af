"""How a peer talks to who measures it: it prints "ready", then answers each line "run N" with N latencies in nanoseconds,
until its standard input ends. (Described for C++ in experiments/measure/peer.h.)"""

import os
import sys
import time


def serve(measure) -> None:
    """`measure(count)` gives `count` latencies. What libraries print to standard output goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(*measure(int(line.split()[1])), file=answers, flush=True)


def host_timed(run):
    """`measure` for a function that has finished when it returns."""

    def measure(count: int) -> list:
        times = []
        for _ in range(count):
            start = time.perf_counter_ns()
            run()
            times.append(time.perf_counter_ns() - start)
        return times

    return measure


def cuda_timed(run, sample_ms: float = 2.0, most_repeats: int = 64):
    """`measure` for a function that queues work on the current CUDA stream: CUDA events around as many passes as take
    `sample_ms`, as the engine's own samples; a pass before them brings the caches into the state of repeated use."""
    import math

    import torch

    def timed_ms(repeats: int) -> float:
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(repeats):
            run()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / repeats

    repeats = min(most_repeats, max(1, math.ceil(sample_ms / timed_ms(3))))

    def measure(count: int) -> list:
        run()
        return [int(timed_ms(repeats) * 1e6) for _ in range(count)]

    return measure
