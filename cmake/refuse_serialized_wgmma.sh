#!/usr/bin/env bash
# Launcher of the CUDA compiler: refuse_serialized_wgmma.sh [ccache] nvcc ARGUMENTS. Fails where ptxas reports that it
# serialized WGMMA (C7510 and its relatives): the kernel would be right and 1.2 to 1.9 times slower. ccache repeats what
# the compiler said, so a cached object file fails as well.
set -uo pipefail
messages=$("$@" 2>&1)
status=$?
[ -z "$messages" ] || printf '%s\n' "$messages" >&2
[ $status -eq 0 ] || exit $status
case $messages in
  *C7510* | *"wgmma.mma_async instructions are serialized"*) ;;
  *) exit 0 ;;
esac
echo "refuse_serialized_wgmma: ptxas serialized WGMMA, see above. An assert, a call that was not inlined or a register" \
     "spill between WGMMA instructions is the usual cause." >&2
# Or the build would take the object file for finished.
while [ $# -gt 1 ]; do
  [ "$1" != -o ] || rm -f "$2"
  shift
done
exit 1
