#!/bin/sh
# Speaks the worker protocol and does what a job's "do" says. Jobs are flat JSON on one line. "--device N" comes back as
# "device".
[ "$1" = --device ] && device=$2
while read -r line; do
  job=$(printf '%s' "$line" | sed 's/.*"job": *\([0-9]*\).*/\1/')
  case "$line" in
    *'"quit"'*) exit 0 ;;
    *'"do":"crash"'*) echo "about to crash" >&2; kill -SEGV $$ ;;
    *'"do":"exit"'*) exit 3 ;;
    *'"do":"hang"'*) sleep 60 ;;
    *'"do":"babble"'*)
      echo 'this is not JSON'
      echo '{"event":"result","job":999}'
      echo "{\"event\":\"result\",\"job\":$job,\"pid\":$$,\"device\":${device:--1}}" ;;
    *'"do":"slow"'*)
      for step in 1 2 3 4 5 6; do
        sleep 0.1
        echo "{\"event\":\"progress\",\"job\":$job,\"done\":$step,\"total\":6,\"what\":\"s\"}"
      done
      echo "{\"event\":\"result\",\"job\":$job,\"pid\":$$,\"device\":${device:--1}}" ;;
    *'"do":"fail"'*)
      echo "{\"event\":\"progress\",\"job\":$job,\"done\":1,\"total\":2,\"plan_hash\":\"culprit\"}"
      echo "{\"event\":\"failure\",\"job\":$job,\"kind\":\"nan\",\"message\":\"layer 3\"}" ;;
    *) echo "{\"event\":\"result\",\"job\":$job,\"pid\":$$,\"device\":${device:--1}}" ;;
  esac
done
