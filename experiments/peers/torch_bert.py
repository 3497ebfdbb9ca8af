"""PyTorch as a peer: a BERT encoder written in plain torch modules, with the attention that torch calls its own
(scaled_dot_product_attention), FP16 on CUDA and FP32 on the CPU. Speaks line_protocol.py.

Usage: torch_bert.py eager|compile MODEL cpu|cuda BATCH LENGTH THREADS, or torch_bert.py --version
MODEL is a Hugging Face directory (config.json, model.safetensors or its shards) or a random model's description
("random:{...}"). compile: torch.compile, on CUDA with a CUDA graph for the whole pass."""

import json
import pathlib
import sys

from line_protocol import cuda_timed, host_timed, serve

WARM_UP = 5

INSTALL = """torch cannot be imported by {python} ({error}).
`make setup` installs only the parts of torch that the C++ programs need; `{python} -m pip install torch=={version}`
adds the rest (4 GB). Or set HEROSWEEP_PYTHON to an interpreter that has torch, tokenizers, safetensors and numpy."""


def import_torch():
    try:
        import torch
    except (ImportError, OSError) as error:
        from importlib import metadata

        try:
            version = metadata.version("torch")
        except metadata.PackageNotFoundError:
            version = "2.11.0"
        sys.exit(INSTALL.format(python=sys.executable, error=error, version=version))
    return torch


def shape_of(model: str) -> dict:
    """Layers, widths and activation, under the names of a random model's description."""
    if model.startswith("random:"):
        return json.loads(model.removeprefix("random:"))
    config = json.loads((pathlib.Path(model) / "config.json").read_text())
    activation = config.get("hidden_act", "gelu")
    return {"layers": config["num_hidden_layers"], "hidden": config["hidden_size"],
            "heads": config["num_attention_heads"], "intermediate": config["intermediate_size"],
            "vocabulary": config["vocab_size"], "max_positions": config["max_position_embeddings"],
            "type_vocabulary": config["type_vocab_size"], "layer_norm_epsilon": config.get("layer_norm_eps", 1e-12),
            "activation": "gelu_erf" if activation == "gelu" else "gelu_tanh"}


def build(torch, shape: dict):
    """The encoder up to the last hidden state; its parameters have Hugging Face's names."""
    nn, functional = torch.nn, torch.nn.functional
    hidden, epsilon = shape["hidden"], shape["layer_norm_epsilon"]

    class Block(nn.Module):
        """dense, then layer norm over its output and the residual."""

        def __init__(self, width: int):
            super().__init__()
            self.dense = nn.Linear(width, hidden)
            self.LayerNorm = nn.LayerNorm(hidden, eps=epsilon)

        def forward(self, x, residual):
            return self.LayerNorm(self.dense(x) + residual)

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.self = nn.ModuleDict({name: nn.Linear(hidden, hidden) for name in ("query", "key", "value")})
            self.output = Block(hidden)

        def forward(self, x):
            batch, length, _ = x.shape
            q, k, v = (self.self[name](x).view(batch, length, shape["heads"], -1).transpose(1, 2)
                       for name in ("query", "key", "value"))
            context = functional.scaled_dot_product_attention(q, k, v)
            return self.output(context.transpose(1, 2).reshape(batch, length, hidden), x)

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = Attention()
            self.intermediate = nn.ModuleDict({"dense": nn.Linear(hidden, shape["intermediate"])})
            self.output = Block(shape["intermediate"])
            self.gelu = nn.GELU(approximate="none" if shape["activation"] == "gelu_erf" else "tanh")

        def forward(self, x):
            x = self.attention(x)
            return self.output(self.gelu(self.intermediate["dense"](x)), x)

    class Embeddings(nn.Module):
        def __init__(self):
            super().__init__()
            self.word_embeddings = nn.Embedding(shape["vocabulary"], hidden)
            self.position_embeddings = nn.Embedding(shape["max_positions"], hidden)
            self.token_type_embeddings = nn.Embedding(shape["type_vocabulary"], hidden)
            self.LayerNorm = nn.LayerNorm(hidden, eps=epsilon)

        def forward(self, ids, types, positions):
            return self.LayerNorm(self.word_embeddings(ids) + self.token_type_embeddings(types)
                                  + self.position_embeddings(positions))

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.embeddings = Embeddings()
            self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer() for _ in range(shape["layers"]))})

        def forward(self, ids, types, positions):
            x = self.embeddings(ids, types, positions)
            for layer in self.encoder["layer"]:
                x = layer(x)
            return x

    return Encoder()


def checkpoint_tensors(folder: pathlib.Path) -> dict:
    from safetensors import safe_open

    tensors = {}
    for file in sorted(folder.glob("model*.safetensors")):
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():
                short = name.removeprefix("bert.").replace("LayerNorm.gamma", "LayerNorm.weight")
                tensors[short.replace("LayerNorm.beta", "LayerNorm.bias")] = opened.get_tensor(name)
    return tensors


def load(torch, model: str):
    torch.manual_seed(0)
    encoder = build(torch, shape_of(model))
    if not model.startswith("random:"):
        wanted = encoder.state_dict()
        found = checkpoint_tensors(pathlib.Path(model))
        missing = sorted(set(wanted) - set(found))
        if missing:
            sys.exit(f"{model}: has no tensor {missing[0]} ({len(missing)} missing)")
        encoder.load_state_dict({name: found[name] for name in wanted})
    return encoder.eval()


def main() -> None:
    torch = import_torch()
    if sys.argv[1:] == ["--version"]:
        print(f"torch {torch.__version__}")
        return
    kind, model, backend = sys.argv[1:4]
    batch, length, threads = (int(word) for word in sys.argv[4:7])
    torch.set_num_threads(threads)
    encoder = load(torch, model)
    if backend == "cuda":
        encoder = encoder.half().cuda()
    # reduce-overhead: one CUDA graph for the whole pass.
    mode = "reduce-overhead" if backend == "cuda" else "default"
    forward = torch.compile(encoder, mode=mode, dynamic=False) if kind == "compile" else encoder
    ids = torch.randint(0, shape_of(model)["vocabulary"], (batch, length), device=backend)
    inputs = ids, torch.zeros_like(ids), torch.arange(length, device=backend).expand(batch, length)

    def run():
        return forward(*inputs)

    with torch.inference_mode():
        for _ in range(WARM_UP):
            run()
        serve(cuda_timed(run) if backend == "cuda" else host_timed(run))


if __name__ == "__main__":
    main()
