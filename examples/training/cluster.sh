#!/usr/bin/env bash
# As several_gpus.sh, with sandboxes on the nodes of a cluster of Ray: CLUSTER is its address. Models stay on this machine.
set -euo pipefail
export OUT=${OUT:-trained/cluster} DEVICE=${DEVICE:-cuda} LESSONS=${LESSONS:-2000} HELD=${HELD:-50} INSTANCES=${INSTANCES:-2000} JOBS=${JOBS:-64}
export SFT=${SFT:---launch several --batch 64 --at-once 16 --rate 3e-4}
export GRPO=${GRPO:---launch several --staleness 1 --steps 400 --group 16 --tasks 32 -j 256 --rate 1e-5 --graphs --max-tokens 512 --longest 4096 --pass-tokens 65536 --save-every 20}
GRPO="$GRPO --cluster ${CLUSTER:?auto, or host:port of its head}"
exec "$(dirname "$0")/train.sh"
