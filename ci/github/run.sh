#!/usr/bin/env bash
# The steps of action.yml. What a workflow gives comes as INPUT_* variables, never as text of this script.
# `install` makes an environment with clawc; `check` checks, looks at the layout, and tests.
set -uo pipefail

die() {
    printf 'clawc: %s\n' "$1" >&2
    exit 2
}

# Nothing that a program says can be a command to the runner between these two.
quietly() {
    local token
    token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf '::stop-commands::%s\n' "$token"
    "$@"
    printf '\n::%s::\n' "$token"
}

# A text as a block of Markdown that it cannot leave: indented, bounded, without control characters.
block() {
    printf '\n'
    head -c 100000 "$1" | LC_ALL=C tr -d '\000-\010\013-\037\177' | sed 's/^/    /'
    printf '\n'
}

install() {
    local source=${GITHUB_ACTION_PATH:?} venv=${RUNNER_TEMP:?}/clawc
    if [ -n "${INPUT_VERSION:-}" ]; then
        [[ $INPUT_VERSION =~ ^[0-9][0-9A-Za-z.!+-]*$ ]] || die 'the input `version` is no version'
        source=clawc==$INPUT_VERSION
    fi
    # -I: the working folder is that of a pull request, and no module of it is imported.
    python -I -m venv "$venv" || exit
    "$venv/bin/python" -I -m pip install --quiet --disable-pip-version-check "$source" || exit
    printf '%s\n' "$venv/bin" >>"${GITHUB_PATH:?}"
}

check() {
    local paths=() since=() deny=() tested=() failed=0 path
    local level=${INPUT_LEVEL:-admit} sarif=${INPUT_SARIF-}
    cd "${GITHUB_WORKSPACE:?}" || exit
    while IFS= read -r path; do
        [ -z "$path" ] || paths+=("$path")
    done <<<"${INPUT_PATHS:-.}"
    [ ${#paths[@]} -gt 0 ] || paths=(.)
    case $level in none | admit | release) ;; *) die 'the input `level` is none, admit or release' ;; esac
    if [ -n "$sarif" ]; then
        case $sarif in *$'\n'* | -*) die 'the input `sarif` is no name of a file' ;; esac
        # Links of the workspace are followed here, and lead nowhere else.
        [[ $(realpath -m -- "$sarif") == "$(realpath -- .)"/* ]] || die 'the input `sarif` is not in the workspace'
    fi
    [ -z "${INPUT_CHANGED_SINCE:-}" ] || since=("--changed-since=$INPUT_CHANGED_SINCE")
    [ "${INPUT_FAIL_ON_WARNINGS:-false}" != true ] || deny=(--deny=warnings)
    [ "${INPUT_SANDBOX:-true}" = true ] || tested=(--no-sandbox)

    scratch=$(mktemp -d) || exit
    trap 'rm -rf "$scratch"' EXIT
    : >"$scratch/summary"

    # check: for people, as annotations, and as a file; what was checked once is not checked again.
    step check clawc check "${since[@]}" "${deny[@]}" -- "${paths[@]}"
    clawc check --format=github "${since[@]}" -- "${paths[@]}" 2>"$scratch/said" || true
    if [ -n "$sarif" ]; then
        clawc check --format=sarif "${since[@]}" -- "${paths[@]}" >"$scratch/sarif" 2>"$scratch/said"
        if [ $? -le 1 ]; then
            mkdir -p -- "$(dirname -- "$sarif")" && cp -- "$scratch/sarif" "$sarif" || failed=1
            if grep -q 'are left out' "$scratch/said"; then quietly cat "$scratch/said"; fi
        else
            sarif=
        fi
    fi
    [ "${INPUT_FMT:-true}" != true ] || step fmt clawc fmt --check "${since[@]}" -- "${paths[@]}"
    if [ "$level" = none ]; then
        printf -- '- test: left out, the level is none\n' >>"$scratch/summary"
    else
        step test clawc test "--level=$level" "${since[@]}" "${tested[@]}" -- "${paths[@]}"
    fi

    {
        printf '### clawc\n\n'
        cat "$scratch/summary"
    } >>"${GITHUB_STEP_SUMMARY:?}"
    local result=passed
    [ "$failed" = 0 ] || result=failed
    printf 'result=%s\nsarif=%s\n' "$result" "$sarif" >>"${GITHUB_OUTPUT:?}"
    return "$failed"
}

# One verb: its output goes into the log and the summary; a failure fails the job when all have run.
step() {
    local name=$1 code=0 said=passed
    shift
    "$@" >"$scratch/out" 2>&1 || code=$?
    if [ "$code" != 0 ]; then
        failed=1
        said="failed (exit code $code)"
    fi
    printf '%s: %s\n' "$name" "$said"
    quietly cat "$scratch/out"
    {
        printf -- '- %s: %s\n' "$name" "$said"
        block "$scratch/out"
    } >>"$scratch/summary"
}

case ${1:-} in
    install) install ;;
    check) check ;;
    *) die 'give `install` or `check`' ;;
esac
