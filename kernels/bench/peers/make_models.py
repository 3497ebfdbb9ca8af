"""Makes the models that every contender runs: random-weight BERTs of two shapes as a Hugging Face directory, ONNX,
OpenVINO FP32, OpenVINO INT8 (NNCF, static) and CTranslate2. Usage: make_models.py FOLDER"""

import pathlib
import sys

import numpy as np
import torch
import transformers

SHAPES = {"minilm": (6, 384, 12, 1536), "base": (12, 768, 12, 3072)}  # layers, hidden, heads, intermediate
VOCABULARY = 30522


def random_ids(batch: int, length: int = 128) -> np.ndarray:
    return np.random.default_rng(0).integers(104, 30000, (batch, length))


class LastHiddenState(torch.nn.Module):
    def __init__(self, bert):
        super().__init__()
        self.bert = bert

    def forward(self, input_ids, attention_mask):
        return self.bert(input_ids=input_ids, attention_mask=attention_mask, return_dict=False)[0]


def make_hugging_face(folder: pathlib.Path, shape) -> None:
    layers, hidden, heads, intermediate = shape
    torch.manual_seed(0)
    config = transformers.BertConfig(
        num_hidden_layers=layers, hidden_size=hidden, num_attention_heads=heads, intermediate_size=intermediate)
    transformers.BertModel(config).eval().save_pretrained(folder)
    # CTranslate2's converter wants a tokenizer beside the weights; its contents are never used.
    special = ["[PAD]"] + [f"[unused{i}]" for i in range(99)] + ["[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = special + [f"t{i}" for i in range(VOCABULARY - len(special))]
    (folder / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)


def make_onnx(source: pathlib.Path, target: pathlib.Path) -> None:
    bert = transformers.BertModel.from_pretrained(source, attn_implementation="eager").eval()
    ids = torch.from_numpy(random_ids(2))
    axes = {name: {0: "batch", 1: "length"} for name in ("input_ids", "attention_mask", "hidden")}
    torch.onnx.export(
        LastHiddenState(bert), (ids, torch.ones_like(ids)), str(target), dynamo=False, opset_version=17,
        input_names=["input_ids", "attention_mask"], output_names=["hidden"], dynamic_axes=axes)


def make_openvino(onnx_file: pathlib.Path, folder: pathlib.Path, name: str) -> None:
    import nncf
    import openvino

    model = openvino.convert_model(onnx_file)
    openvino.save_model(model, folder / f"{name}.xml", compress_to_fp16=False)
    rows = [{"input_ids": random_ids(8)[i:i + 1], "attention_mask": np.ones((1, 128), np.int64)} for i in range(8)]
    quantized = nncf.quantize(
        model, nncf.Dataset(rows), model_type=nncf.ModelType.TRANSFORMER, subset_size=8, fast_bias_correction=True)
    openvino.save_model(quantized, folder / f"{name}.int8.xml")


def make_ctranslate2(source: pathlib.Path, target: pathlib.Path) -> None:
    import ctranslate2

    # The converter reads an attribute that newer transformers no longer set.
    transformers.BertConfig.position_embedding_type = "absolute"
    ctranslate2.converters.TransformersConverter(str(source)).convert(str(target), force=True)


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, shape in SHAPES.items():
        done = folder / f"{name}.done"
        if done.exists():
            continue
        make_hugging_face(folder / name, shape)
        make_onnx(folder / name, folder / f"{name}.onnx")
        make_openvino(folder / f"{name}.onnx", folder, name)
        make_ctranslate2(folder / name, folder / f"{name}.ct2")
        done.touch()
        print(f"{name}: made", flush=True)


if __name__ == "__main__":
    main()
