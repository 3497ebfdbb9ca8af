"""Tables, figures, page and database of the made-up sweep, as the C++ tests write them."""

import atexit
import os
import pathlib
import shutil
import subprocess
import tempfile


def make_artifacts(program):
    """Folder with the files of test_artifacts.cpp: HEROSWEEP_ARTIFACTS, or one that is removed at exit."""
    kept = os.environ.get("HEROSWEEP_ARTIFACTS")
    folder = pathlib.Path(kept or tempfile.mkdtemp(prefix="herosweep-artifacts-"))
    folder.mkdir(parents=True, exist_ok=True)
    if not kept:
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run([program, "the outputs of a whole sweep are written as files"], check=True,
                   env={**os.environ, "HEROSWEEP_ARTIFACTS": str(folder)}, stdout=subprocess.DEVNULL)
    if not (folder / "report.html").exists():
        raise RuntimeError(f"{program} has no such test any more")
    return folder
