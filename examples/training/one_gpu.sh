#!/usr/bin/env bash
# One GPU: all weights, more lessons, larger groups; the engine and the trainer share the card.
set -euo pipefail
export OUT=${OUT:-trained/one_gpu} DEVICE=${DEVICE:-cuda} LESSONS=${LESSONS:-500} HELD=${HELD:-50} INSTANCES=${INSTANCES:-500} JOBS=${JOBS:-64}
export SFT=${SFT:---batch 32 --at-once 16 --rate 3e-4 --compile}
export GRPO=${GRPO:---steps ${STEPS:-100} --group 16 --tasks 8 -j 128 --rate 1e-5 --graphs --max-tokens 512 --longest 4096 --pass-tokens 65536 --save-every 20}
exec "$(dirname "$0")/train.sh"
