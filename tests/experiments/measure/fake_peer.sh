#!/bin/sh
# A peer that behaves as its first argument says; see experiments/measure/peer.h.
case "$1" in
  mute) sleep 60 ;;
  stillborn) echo "no such library" >&2; exit 4 ;;
  babbler) echo "hello" ;;
esac
echo ready
answers=0
while read -r word count; do
  [ "$word" = run ] || exit 5
  answers=$((answers + 1))
  case "$1" in
    crash) [ "$answers" -lt 4 ] || { echo "about to crash" >&2; kill -SEGV $$; } ;;
    hang) [ "$answers" -lt 4 ] || sleep 60 ;;
    garbage) [ "$answers" -lt 4 ] || { echo "1000 fast"; continue; } ;;
    miser) [ "$answers" -lt 4 ] || { echo; continue; } ;;
    threads) echo "$OMP_NUM_THREADS" >&2 ;;
  esac
  line=""
  while [ "$count" -gt 0 ]; do
    line="$line 1000"
    count=$((count - 1))
  done
  echo $line
done
