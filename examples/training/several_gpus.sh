#!/usr/bin/env bash
# All GPUs of this machine: each process trains on its share of the rows; the first one plays, one step ahead of what is trained.
set -euo pipefail
export OUT=${OUT:-trained/several_gpus} DEVICE=${DEVICE:-cuda} LESSONS=${LESSONS:-2000} HELD=${HELD:-50} INSTANCES=${INSTANCES:-2000} JOBS=${JOBS:-64}
export SFT=${SFT:---launch several --batch 64 --at-once 16 --rate 3e-4}
export GRPO=${GRPO:---launch several --staleness 1 --steps 200 --group 16 --tasks 16 -j 256 --rate 1e-5 --graphs --max-tokens 512 --longest 4096 --pass-tokens 65536 --save-every 20}
exec "$(dirname "$0")/train.sh"
