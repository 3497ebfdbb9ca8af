"""BERT of transformers in FP16 on the GPU as a contender: prints "ready", then answers each line "run N" with N latencies
in nanoseconds (CUDA events around as many passes as take 2 ms, as the engine's own samples).

Usage: torch_peer.py compile|eager SHAPE_JSON BATCH LENGTH"""

import json
import math
import sys

import torch
from transformers import BertConfig, BertModel

SAMPLE_MS = 2.0


def timed_ms(forward, repeats: int) -> float:
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    for _ in range(repeats):
        forward()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / repeats


def main() -> None:
    kind, shape, batch, length = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    config = BertConfig(hidden_size=shape["hidden"], num_hidden_layers=shape["layers"],
                        num_attention_heads=shape["heads"], intermediate_size=shape["intermediate"])
    config._attn_implementation = "sdpa" if kind == "compile" else "eager"
    torch.manual_seed(0)
    model = BertModel(config, add_pooling_layer=False).half().cuda().eval()
    ids = torch.randint(0, config.vocab_size, (batch, length), device="cuda")
    mask = torch.ones_like(ids)
    # reduce-overhead: one CUDA graph for the whole pass.
    run = torch.compile(model, mode="reduce-overhead", dynamic=False) if kind == "compile" else model

    def forward():
        return run(ids, attention_mask=mask)

    with torch.inference_mode():
        for _ in range(5):
            forward()
        repeats = max(1, math.ceil(SAMPLE_MS / timed_ms(forward, 3)))
        print("ready", flush=True)
        for line in sys.stdin:
            count = int(line.split()[1])
            forward()
            print(" ".join(str(int(timed_ms(forward, repeats) * 1e6)) for _ in range(count)), flush=True)


if __name__ == "__main__":
    main()
