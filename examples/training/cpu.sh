#!/usr/bin/env bash
# SmolLM2-135M on two cores.
set -euo pipefail
export OUT=${OUT:-trained/cpu} DEVICE=cpu LESSONS=${LESSONS:-16} HELD=${HELD:-8} INSTANCES=${INSTANCES:-12}
export SFT=${SFT:---batch 4 --at-once 2 --rate 5e-4}
export GRPO=${GRPO:---steps 4 --group 8 --tasks 2 --lora 16 --rate 5e-4 --refills 0 --max-tokens 256 --longest 1200 --pass-tokens 2048}
exec "$(dirname "$0")/train.sh"
