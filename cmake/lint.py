#!/usr/bin/env python3
"""Runs clang-tidy over every source of the project that a build folder compiles.

    lint.py BUILD

What passed is remembered in BUILD/lint with the hashes of all that it includes of the project, so that a second run
checks only what a change can touch. Files that the build does not compile (CUDA's without a toolkit) are left out.
"""
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


@functools.cache
def digest(path):
    try:
        return hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def output(command, folder=ROOT):
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def sources(build):
    """Compile commands by file, relative to the project."""
    tracked = set(output(["git", "ls-files", "*.cpp"]).split())
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = os.path.relpath(entry["file"], ROOT)
        if file in tracked:
            entries[file] = entry
    return dict(sorted(entries.items()))


def included(entry):
    """The project's files that a source includes, itself among them."""
    words = shlex.split(entry["command"])
    out = words.index("-o")
    rule = output([*words[:out], *words[out + 2:], "-MM"], entry["directory"])
    paths = (pathlib.Path(entry["directory"], name) for name in rule.replace("\\\n", " ").split()[1:])
    return [str(path.resolve().relative_to(ROOT)) for path in paths if path.resolve().is_relative_to(ROOT)]


def check(build, file, entry, tool):
    """What clang-tidy has against a file; empty when it passes."""
    stamp = build / "lint" / f"{file}.json"
    try:
        passed = json.loads(stamp.read_text())
        if passed["tool"] == [tool, entry["command"]] and all(digest(f) == h for f, h in passed["files"].items()):
            return ""
    except (OSError, ValueError, KeyError):
        pass
    # Before the check: what is changed meanwhile has not passed.
    files = {name: digest(name) for name in [".clang-tidy", "tests/.clang-tidy", *included(entry)]}
    done = subprocess.run(["clang-tidy", "--quiet", f"-p={build}", "--warnings-as-errors=*", file], cwd=ROOT,
                          capture_output=True, text=True)
    if done.returncode != 0:
        return done.stdout or done.stderr
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(json.dumps({"tool": [tool, entry["command"]], "files": files}))
    return ""


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    tool = output(["clang-tidy", "--version"])
    entries = sources(build)
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        waiting = {pool.submit(check, build, file, entry, tool): file for file, entry in entries.items()}
        for count, future in enumerate(concurrent.futures.as_completed(waiting), 1):
            if complaint := future.result():
                failures += 1
                print(complaint, flush=True)
            if sys.stderr.isatty():
                print(f"\r{count}/{len(entries)}", end="", file=sys.stderr, flush=True)
    print(f"clang-tidy: {len(entries)} files, {failures} with findings")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
