"""One contender as a child process: prints "ready", then answers each line "run N" with N latencies in ns.
Usage: peer.py KIND FOLDER SHAPE BATCH LENGTH THREADS, KIND one of the keys of MAKERS."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "experiments" / "peers"))
from line_protocol import host_timed, serve  # noqa: E402


def openvino(folder: pathlib.Path, file: str, inputs: dict, threads: int):
    import openvino as ov

    options = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32",
               "ENABLE_CPU_PINNING": False}
    core = ov.Core()
    model = core.read_model(folder / file)
    model.reshape({name: array.shape for name, array in inputs.items()})
    request = core.compile_model(model, "CPU", options).create_infer_request()
    return lambda: request.infer(inputs)


def ctranslate2(folder: pathlib.Path, file: str, inputs: dict, threads: int):
    import ctranslate2 as ct2

    encoder = ct2.Encoder(str(folder / file), device="cpu", compute_type="int8", inter_threads=1, intra_threads=threads)
    ids = inputs["input_ids"].tolist()
    return lambda: encoder.forward_batch(ids)


MAKERS = {
    "openvino-fp32": lambda folder, shape, inputs, threads: openvino(folder, f"{shape}.xml", inputs, threads),
    "openvino-int8": lambda folder, shape, inputs, threads: openvino(folder, f"{shape}.int8.xml", inputs, threads),
    "ctranslate2-int8": lambda folder, shape, inputs, threads: ctranslate2(folder, f"{shape}.ct2", inputs, threads),
}


def main() -> None:
    kind, folder, shape, batch, length, threads = sys.argv[1:7]
    ids = np.random.default_rng(1).integers(104, 30000, (int(batch), int(length)))
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    run = MAKERS[kind](pathlib.Path(folder), shape, inputs, int(threads))
    for _ in range(5):
        run()
    serve(host_timed(run))


if __name__ == "__main__":
    main()
