"""Exported tables and figures in a document, through a real TeX.

Usage: test_latex.py HEROSWEEP_TEST_REPORT GOLDEN_FOLDER. Skips (77) without pdflatex or the packages that tables need. With
HEROSWEEP_ARTIFACTS set to a folder, document.pdf stays there.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

from artifacts import make_artifacts

PACKAGES = ("booktabs", "graphicx", "longtable", "siunitx")
TABLES = ("results", "latency", "latency-all", "memory", "pareto", "glue", "small-results")
FIGURES = ("pareto", "heat-map", "effects")
DOCUMENT = """\\documentclass[a4paper]{article}
\\usepackage[T1]{fontenc}
\\usepackage[utf8]{inputenc}
\\usepackage[margin=25mm]{geometry}
\\usepackage{%s}
\\begin{document}
%s
%s
\\end{document}
"""


def missing():
    """What a run here lacks, or None."""
    for program in ("pdflatex", "kpsewhich"):
        if not shutil.which(program):
            return program
    for package in PACKAGES:
        if not subprocess.run(["kpsewhich", f"{package}.sty"], capture_output=True).stdout:
            return f"{package}.sty"
    return None


def write_document(folder):
    inputs = "\n".join(f"\\input{{{table}.tex}}" for table in TABLES)
    figures = "\n".join(f"\\begin{{figure}}\\includegraphics[width=\\linewidth]{{{figure}.pdf}}\\end{{figure}}" for figure in FIGURES)
    (folder / "document.tex").write_text(DOCUMENT % (",".join(PACKAGES), inputs, figures))


def check_log(log):
    wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert not [points for points in wide if points > 1], f"tables are wider than the text: {wide}"
    for complaint in ("multiply defined", "undefined", "Missing character", "LaTeX Error", "Font Warning"):
        assert complaint not in log, log[max(0, log.find(complaint) - 300):][:600]


def main(program, golden):
    lacking = missing()
    if lacking:
        print(f"skipped: no {lacking} here (apt-get install texlive-latex-recommended texlive-science)")
        return 77
    folder = make_artifacts(program)
    for table in ("glue", "small-results"):
        shutil.copy(pathlib.Path(golden) / f"{table}.tex", folder)
    write_document(folder)
    run = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"], cwd=folder,
                         capture_output=True, text=True, errors="replace")
    assert run.returncode == 0, run.stdout[-3000:]
    check_log((folder / "document.log").read_text(errors="replace").replace("\n", ""))
    pages = int(re.search(r"\((\d+) pages", run.stdout).group(1))
    assert pages >= 5, pages
    print(f"{len(TABLES)} files of tables and {len(FIGURES)} figures on {pages} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), sys.argv[2]))
