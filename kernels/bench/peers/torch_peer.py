"""BERT of transformers in FP16 on the GPU as a contender: prints "ready", then answers each line "run N" with N latencies
in nanoseconds (CUDA events around as many passes as take 2 ms, as the engine's own samples).

Usage: torch_peer.py compile|eager SHAPE_JSON BATCH LENGTH"""

import json
import pathlib
import sys

import torch
from transformers import BertConfig, BertModel

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "experiments" / "peers"))
from line_protocol import cuda_timed, serve  # noqa: E402


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
        serve(cuda_timed(forward))


if __name__ == "__main__":
    main()
