#!/usr/bin/env python3
"""Tokenizes one task's labelled text for the engine.

usage: prepare.py REQUEST.json        (or - for standard input)

The request is an object with
  task        the task as JSON (format, columns, labels, head, split rule, max_length ...)
  files       split -> list of paths ("all" for split rule sha256-mod5)
  tokenizer   path of tokenizer.json (config.json beside it bounds max_length, where it exists)
  outputs     list of {split, path}: the safetensors files to write

Each output holds ids, types [tokens], offsets [sequences + 1] (int32) and labels [examples]
(float64): sequences end to end, without padding. Pairs whose sentences are embedded one by one
(head cosine) are sequences 2i and 2i + 1, all other pairs are one sequence.

A problem with the data ends the program with exit code 2 and one message on standard error.
"""

import csv
import hashlib
import json
import math
import os
import sys

import numpy as np
from safetensors.numpy import save
from tokenizers import Tokenizer

TEST_MODULUS = 5


class DataProblem(Exception):
    """What is wrong, where, and what to do; shown as it is."""


def read_lines(path):
    """Yields (line number, line); takes LF and CRLF, a byte order mark, and a last line without
    its newline. Other separators that Unicode knows stay inside the text."""
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except OSError as error:
        raise DataProblem(f"{path}: cannot be read ({error.strerror})") from None
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            text = line.removesuffix(b"\r").decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataProblem(
                f"{path}:{number}: not UTF-8 at byte {error.start + 1} of the line; "
                "convert the file, for example with iconv -t UTF-8"
            ) from None
        if text.strip():
            yield number, text


def read_delimited(path, task):
    """Yields (line number, list of fields, column index by name)."""
    lines = read_lines(path)
    if task["format"] == "csv":
        numbers = []

        def remember():
            for number, text in lines:
                numbers.append(number)
                yield text + "\n"

        rows = ((numbers[-1], fields) for fields in csv.reader(remember(), strict=True))
    else:
        # Tab-separated files of the field are not quoted: a quotation mark is text.
        rows = ((number, text.split("\t")) for number, text in lines)
    columns = {}
    try:
        for number, fields in rows:
            if task["header"] and not columns:
                columns = {name.strip(): index for index, name in enumerate(fields)}
                continue
            yield number, fields, columns
    except csv.Error as error:
        raise DataProblem(f"{path}:{numbers[-1] if numbers else 1}: {error}") from None


def column_index(path, number, column, columns):
    if column in columns:
        return columns[column]
    try:
        return int(column)
    except ValueError:
        known = ", ".join(columns) or "none: the task has header: false, use column numbers from 0"
        raise DataProblem(f"{path}:{number}: no column {column!r} (columns: {known})") from None


def delimited_records(path, task):
    for number, fields, columns in read_delimited(path, task):
        picked = []
        for column in [task["label_column"], *task["text_columns"]]:
            index = column_index(path, number, column, columns)
            if not 0 <= index < len(fields):
                raise DataProblem(
                    f"{path}:{number}: {len(fields)} columns, but column {column!r} was asked for; "
                    f"check the task's columns and its format ({task['format']})"
                )
            picked.append(fields[index])
        yield number, picked[0], picked[1:]


def jsonl_records(path, task):
    for number, text in read_lines(path):
        try:
            record = json.loads(text)
        except ValueError as error:
            raise DataProblem(f"{path}:{number}: not JSON ({error})") from None
        picked = []
        for key in [task["label_column"], *task["text_columns"]]:
            if not isinstance(record, dict) or key not in record:
                raise DataProblem(f"{path}:{number}: no key {key!r}")
            value = record[key]
            picked.append("" if value is None else value if isinstance(value, str) else str(value))
        yield number, picked[0], picked[1:]


def label_text_records(path, _task):
    for number, text in read_lines(path):
        label, separator, rest = text.strip().partition(" ")
        if not separator:
            raise DataProblem(f"{path}:{number}: expected a label, a space and a text")
        yield number, label, [rest]


RECORDS = {
    "tsv": delimited_records,
    "csv": delimited_records,
    "jsonl": jsonl_records,
    "label text": label_text_records,
}


def parse_label(path, number, text, task):
    """The label as a number; None where the row has none (its gold was withheld)."""
    text = text.strip()
    # Binarized labels are named after they were numbers.
    names = [] if task["binarize"] else [name.lower() for name in task["labels"]]
    if text.lower() in names:
        return float(names.index(text.lower()))
    if not text and not names:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        expected = f"one of {', '.join(task['labels'])}" if names else "a number"
        delimited = task["format"] in ("tsv", "csv")
        hint = ("; if this line names the columns, say header: true"
                if number == 1 and delimited and not task["header"] else "")
        raise DataProblem(f"{path}:{number}: label {text!r} is not {expected}{hint}")
    if names and value not in range(len(names)):
        raise DataProblem(f"{path}:{number}: label {text!r} is not in 0 .. {len(names) - 1}")
    return value


def is_test(texts):
    key = "\t".join(texts).strip().lower().encode("utf-8")
    return int(hashlib.sha256(key).hexdigest()[:8], 16) % TEST_MODULUS == 0


def select(split, texts, label, task):
    """The label that this row has in `split`, or None where it does not belong there."""
    if task["split_rule"] == "sha256-mod5" and is_test(texts) != (split == "test"):
        return None
    if label is None or abs(label) < task["min_abs_label"]:
        return None
    return float(label > 0) if task["binarize"] else label


def read_split(split, paths, task):
    examples, labels = [], []
    for path in paths:
        for number, label_text, texts in RECORDS[task["format"]](path, task):
            label = select(split, texts, parse_label(path, number, label_text, task), task)
            if label is not None:
                examples.append(texts)
                labels.append(label)
    if not examples:
        raise DataProblem(f"{paths[0]}: no row belongs to split {split!r}; "
                          "check the file, the split rule and min_abs_label")
    return examples, labels


def load_tokenizer(path, max_length):
    try:
        tokenizer = Tokenizer.from_file(path)
    except Exception as error:  # the library raises bare Exception
        raise DataProblem(f"{path}: not a usable tokenizer.json ({error})") from None
    config = os.path.join(os.path.dirname(path), "config.json")
    if os.path.exists(config):
        with open(config, encoding="utf-8") as file:
            positions = json.load(file).get("max_position_embeddings", max_length)
        if max_length > positions:
            raise DataProblem(f"max_length {max_length} exceeds the model's {positions} positions "
                              f"({config}); lower max_length in the task")
    # The file may pad and truncate to a length of its own; the task decides.
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.enable_truncation(max_length)
    return tokenizer


def tokenize(examples, tokenizer, task):
    """Returns (ids, types, offsets) as int32 arrays."""
    if len(task["text_columns"]) == 2 and task["head"] == "cosine":
        inputs = [sentence for pair in examples for sentence in pair]
    elif len(task["text_columns"]) == 2:
        inputs = [tuple(pair) for pair in examples]
    else:
        inputs = [texts[0] for texts in examples]
    ids, types, offsets = [], [], [0]
    for encoding in tokenizer.encode_batch(inputs):
        ids.extend(encoding.ids)
        types.extend(encoding.type_ids)
        offsets.append(len(ids))
    return tuple(np.array(values, dtype=np.int32) for values in (ids, types, offsets))


def write_atomically(path, data):
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise DataProblem(f"{path}: cannot be written ({error.strerror})") from None


def prepare(request):
    task = request["task"]
    tokenizer = load_tokenizer(request["tokenizer"], task["max_length"])
    for output in request["outputs"]:
        split = output["split"]
        paths = request["files"]["all" if task["split_rule"] == "sha256-mod5" else split]
        examples, labels = read_split(split, paths, task)
        ids, types, offsets = tokenize(examples, tokenizer, task)
        tensors = {"ids": ids, "types": types, "offsets": offsets,
                   "labels": np.array(labels, dtype=np.float64)}
        write_atomically(output["path"], save(tensors))


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        if arguments[0] == "-":
            request = json.load(sys.stdin)
        else:
            with open(arguments[0], encoding="utf-8") as file:
                request = json.load(file)
        prepare(request)
    except DataProblem as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
