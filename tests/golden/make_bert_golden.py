"""Makes the golden files of BERT: what Hugging Face transformers computes, in float64.

The engine is held to 1e-5 of the largest value (FP32), so the truth must not carry FP32 rounding of
its own. Needs an environment with torch, transformers, tokenizers and safetensors:

    python tests/golden/make_bert_golden.py tiny
    python tests/golden/make_bert_golden.py real --name minilm-l6 --model models/minilm-l6
    python tests/golden/make_bert_golden.py real --name minilm-sst2 --model PATH

`tiny` makes three small random checkpoints and their golden files; `real` makes the golden file of a
checkpoint that is not part of the repository. A golden file holds packed sequences (ids, types,
offsets) and what the model makes of them; every sequence was run alone, without padding.
"""

import argparse
import json
import shutil
from pathlib import Path

import tokenizers
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForSequenceClassification, BertModel

HERE = Path(__file__).resolve().parent / "bert"

# Length 1, odd lengths, and the most positions that the tiny models have.
TINY_LENGTHS = [1, 2, 5, 16, 33, 64]

TEXTS = [
    "A quiet film that stays with you for weeks.",
    "terrible",
    "The plot makes no sense, and the acting is worse than the plot!!!",
    "I can't say I loved it :) but the soundtrack, the costumes and one long, silent scene near the "
    "end were worth the ticket.",
    "Übermäßig teuer, naïve, 東京 & 42% off?",
    "",
    "The service was slow; however, our waiter apologised twice, brought free dessert, and called us "
    "a taxi when the rain began, so we left in a better mood than we had come in.",
    ("The cat sat on the mat.", "A cat is on a mat."),
]


def randomize(model, seed):
    """Weights large enough that attention is far from uniform and GELU leaves its linear part."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        is_gamma = "LayerNorm.weight" in name
        parameter.data = 1 + 0.2 * noise if is_gamma else 0.25 * noise
        if is_gamma:
            parameter.data[3] = 4.0  # an outlier channel
    return model.eval()


def tiny_sequences(vocabulary, types):
    generator = torch.Generator().manual_seed(7)
    for length in TINY_LENGTHS:
        ids = torch.randint(0, vocabulary, (length,), generator=generator)
        split = length // 2
        kinds = [0 if i < split or types == 1 else 1 for i in range(length)]
        yield ids.tolist(), kinds


def text_sequences(directory):
    tokenizer = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.no_padding()
    for text in TEXTS:
        encoding = tokenizer.encode(*text) if isinstance(text, tuple) else tokenizer.encode(text)
        yield encoding.ids, encoding.type_ids


@torch.no_grad()
def run(model, sequences, every_layer):
    """Packed inputs and outputs of `model`, which is computed in float64 from its stored weights."""
    model = model.double()
    encoder = model.bert if hasattr(model, "bert") else model
    inputs = {"ids": [], "types": []}
    offsets = [0]
    outputs = {}
    for ids, types in sequences:
        inputs["ids"] += ids
        inputs["types"] += types
        offsets.append(len(inputs["ids"]))
        batch = {"input_ids": torch.tensor([ids]), "token_type_ids": torch.tensor([types])}
        result = encoder(**batch, output_hidden_states=True)
        last = result.last_hidden_state[0]
        rows = {"mean": last.mean(0, keepdim=True), "first": last[:1]}
        if every_layer:
            rows |= {f"hidden.{i}": h[0] for i, h in enumerate(result.hidden_states)}
        if hasattr(model, "classifier"):
            rows["logits"] = model(**batch).logits
        for name, value in rows.items():
            outputs.setdefault(name, []).append(value)
    tensors = {name: torch.tensor(value, dtype=torch.int32) for name, value in inputs.items()}
    tensors["offsets"] = torch.tensor(offsets, dtype=torch.int32)
    return tensors | {name: torch.cat(value).float().contiguous() for name, value in outputs.items()}


def save_golden(name, tensors, **metadata):
    metadata |= {
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
        "computed_in": "float64",
    }
    save_file(tensors, HERE / f"{name}.golden.safetensors", metadata=metadata)


def make_classifier():
    config = BertConfig(
        vocab_size=120, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=64, num_labels=3,
        id2label={0: "low", 1: "middle", 2: "high"}, label2id={"low": 0, "middle": 1, "high": 2},
        attn_implementation="eager")
    model = randomize(BertForSequenceClassification(config), seed=1)
    for name, shard in (("classifier", "1GB"), ("sharded", "40KB")):
        shutil.rmtree(HERE / name, ignore_errors=True)
        model.save_pretrained(HERE / name, max_shard_size=shard)
    save_golden("classifier", run(model, tiny_sequences(120, types=2), every_layer=True))


def make_legacy_encoder():
    """No prefix, no pooler, F16, tanh GELU, one token type, and LN weights called gamma and beta."""
    config = BertConfig(
        vocab_size=97, hidden_size=40, num_hidden_layers=2, num_attention_heads=5,
        intermediate_size=72, max_position_embeddings=64, type_vocab_size=1,
        hidden_act="gelu_new", layer_norm_eps=1e-6, attn_implementation="eager")
    model = randomize(BertModel(config, add_pooling_layer=False), seed=2).half()
    directory = HERE / "legacy-encoder"
    shutil.rmtree(directory, ignore_errors=True)
    model.save_pretrained(directory)
    weights = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"):
        value for name, value in load_file(directory / "model.safetensors").items()}
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
    save_golden("legacy-encoder", run(model, tiny_sequences(97, types=1), every_layer=True))


def make_real(name, directory):
    config = json.loads((directory / "config.json").read_text())
    family = getattr(transformers, config["architectures"][0])
    model = family.from_pretrained(directory, attn_implementation="eager").eval()
    tensors = run(model, text_sequences(directory), every_layer=False)
    save_golden(name, tensors, texts=json.dumps(TEXTS))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["tiny", "real"])
    parser.add_argument("--name", help="of the golden file")
    parser.add_argument("--model", type=Path, help="a Hugging Face directory")
    arguments = parser.parse_args()
    HERE.mkdir(exist_ok=True)
    if arguments.what == "tiny":
        make_classifier()
        make_legacy_encoder()
    elif arguments.name and arguments.model:
        make_real(arguments.name, arguments.model)
    else:
        parser.error("real needs --name and --model")


if __name__ == "__main__":
    main()
