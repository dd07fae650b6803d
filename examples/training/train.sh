#!/usr/bin/env bash
# Lessons of the oracle, then reinforcement over sandboxes, then the model before and after on tasks that it has not seen.
# The recipes beside this file set what differs; each variable can be set in the environment, too. What has ended is not done again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
read -r -a clawc <<<"${CLAWC:-clawc}"
out=${OUT:?folder for models, runs and results}
model=${MODEL:-smollm2}
device=${DEVICE:-auto}
tasks=${TASKS:-$here/tasks}
read -r -a sft <<<"${SFT:-}"
read -r -a grpo <<<"${GRPO:-}"

build() { # folder, seed of the first instance, instances of each task
    [ -d "$out/$1" ] || "${clawc[@]}" build "$tasks" --seed "$2" -n "$3" --out "$out/$1"
}
has_ended() { [ -d "$1/model" ]; }
begun() { [ -f "$1/training.json" ] && echo --resume || true; }

mkdir -p "$out"
build lessons 1001 "${LESSONS:-24}"
build tasks 5001 "${INSTANCES:-24}"
build held 1 "${HELD:-12}"
has_ended "$out/sft" || "${clawc[@]}" train sft "$out/lessons" --model "$model" --out "$out/sft" --agent "$here/agent.toml" --device "$device" \
    ${sft[@]+"${sft[@]}"} $(begun "$out/sft")
has_ended "$out/grpo" || "${clawc[@]}" train grpo "$out/tasks" --model "$out/sft" --out "$out/grpo" --agent "loop:$here/agent.toml" --device "$device" \
    ${grpo[@]+"${grpo[@]}"} $(begun "$out/grpo")
"${clawc[@]}" train plot "$out/sft" "$out/grpo" --out "$out/curves.svg"
"${clawc[@]}" eval "$out/grpo" "$out/held" --out "$out/eval" --agent "loop:$here/agent.toml" --device "$device" --max-tokens 256 -j "${JOBS:-16}"
