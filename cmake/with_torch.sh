#!/usr/bin/env bash
# Runs a program of the portable build with the LibTorch of this machine's Python:
#   cmake/with_torch.sh build/portable/herosweep run ...
# HEROSWEEP_PYTHON names the interpreter (default python3); its torch must be of the version that the program was built with.
set -euo pipefail
python=${HEROSWEEP_PYTHON:-python3}
libraries=$("$python" - <<'END'
import glob, importlib.util, os, sys
torch = importlib.util.find_spec("torch")
if torch is None:
    sys.exit(1)
root = torch.submodule_search_locations[0]
packages = os.path.dirname(root)
print(":".join([os.path.join(root, "lib"), *sorted(glob.glob(os.path.join(packages, "nvidia", "*", "lib")))]))
END
) || { echo "with_torch.sh: $python has no torch; set HEROSWEEP_PYTHON to an interpreter that has it" >&2; exit 3; }
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" HEROSWEEP_PYTHON="$python"
exec "$@"
