"""Runs every notebook on the made-up sweep of the report's tests.

Usage: test_notebooks.py NOTEBOOKS HEROSWEEP_TEST_REPORT. That notebooks are committed without outputs is always checked;
the rest skips (77) where nbclient, pandas, matplotlib or pyarrow is missing. With HEROSWEEP_ARTIFACTS set to a folder,
what they draw stays there.
"""

import importlib.util
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "experiments" / "report"))
from artifacts import make_artifacts  # noqa: E402

NEEDED = ("nbclient", "ipykernel", "pandas", "matplotlib", "pyarrow", "jinja2")
# A file that each notebook leaves, and what its outputs must say of the made-up sweep (fc2 adds a drift of .014).
EXPECTED = {
    "01_pareto": ("pareto.pdf", ("minilm-hero: minilm-l6 on cpu", "minilm-hero-v_pareto.parquet")),
    "02_sensitivity": ("sensitivity.pdf", ("'binary': 64", "drift on binary", "0.014")),
    "03_paper_tables": (None, ("\\toprule", "W8A8 ZeroQuant", "90.20")),
}


def check_clean(notebook):
    for cell in json.loads(notebook.read_text())["cells"]:
        assert not cell.get("outputs") and not cell.get("execution_count"), f"{notebook} holds outputs; clear them"


def outputs_of(notebook):
    text = ""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            text += output.get("text", "") + "".join(map(str, output.get("data", {}).values()))
    return text


def execute(file, folder):
    import nbclient
    import nbformat
    notebook = nbformat.read(file, as_version=4)
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(file.parent)}}).execute()
    figure, words = EXPECTED[file.stem]
    text = outputs_of(notebook)
    for word in words:
        assert word in text, f"{file.stem} does not show {word!r}"
    if figure:
        assert (folder / figure).stat().st_size > 5000, figure
    print(f"{file.stem}: {len(notebook.cells)} cells")


def main(notebooks, program):
    files = sorted(pathlib.Path(notebooks).glob("*.ipynb"))
    assert {file.stem for file in files} == set(EXPECTED), files
    for file in files:
        check_clean(file)
    missing = [name for name in NEEDED if not importlib.util.find_spec(name)]
    if missing:
        print(f"skipped: no {', '.join(missing)} here (notebooks/README.md says how to install them)")
        return 77
    folder = make_artifacts(program)
    os.environ.update(HEROSWEEP_DB=str(folder / "sweep.db"), HEROSWEEP_FIGURES=str(folder))
    for file in files:
        execute(file.resolve(), folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], os.path.abspath(sys.argv[2])))
