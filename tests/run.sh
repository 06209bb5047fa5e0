#!/usr/bin/env bash
# Everything that must hold, in one command: installs what tests need, then linters, types, import contracts, the documentation and every test.
# Uses the virtual environment that is active, else makes and uses .venv. Set RECSYS_DATA to test on the real files too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() { printf '\n== %s\n' "$*"; }

if [[ -z "${VIRTUAL_ENV:-}" ]]; then
    if [[ ! -x .venv/bin/python ]]; then
        step "making .venv"
        for python in "${PYTHON:-}" python3.13 python3.12 python3.11 python3; do
            if [[ -n "$python" ]] && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi
            python=""
        done
        [[ -n "$python" ]] || { echo "no Python 3.11 or later was found; set PYTHON to one" >&2; exit 1; }
        "$python" -m venv .venv
    fi
    # shellcheck disable=SC1091
    source .venv/bin/activate
fi

step "installing requirements"
python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r tests/requirements.txt

# The browser tests ask for RECSYS_CHROMIUM. First a Chromium on the PATH, then Playwright's own download, then Debian's package.
find_chromium() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name"; then return; fi
    done
    python - <<'PYTHON'
from pathlib import Path
from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    path = playwright.chromium.executable_path
if Path(path).exists():
    print(path)
PYTHON
}
step "finding a Chromium"
RECSYS_CHROMIUM="${RECSYS_CHROMIUM:-$(find_chromium)}"
if [[ -z "$RECSYS_CHROMIUM" ]]; then
    timeout 300 python -m playwright install chromium || echo "Playwright's download is not to be had here"
    RECSYS_CHROMIUM="$(find_chromium)"
fi
if [[ -z "$RECSYS_CHROMIUM" ]] && command -v apt-get >/dev/null; then
    as_root=()
    [[ "$(id -u)" == 0 ]] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    RECSYS_CHROMIUM="$(find_chromium)"
fi
[[ -n "$RECSYS_CHROMIUM" ]] || { echo "no Chromium was found; install one and set RECSYS_CHROMIUM to it" >&2; exit 1; }
export RECSYS_CHROMIUM
echo "$RECSYS_CHROMIUM"

# Tests start a PostgreSQL of their own; without its programs those tests are skipped.
find_initdb() { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -n 1; }
step "finding PostgreSQL"
if [[ -z "$(find_initdb)" ]] && command -v apt-get >/dev/null; then
    as_root=()
    [[ "$(id -u)" == 0 ]] || as_root=(sudo)
    { "${as_root[@]}" apt-get update -qq \
        && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null; } \
        || echo "Debian's postgresql is not to be had here"
fi
echo "$(find_initdb || true)" | grep . || echo "no PostgreSQL was found: the store is tested on SQLite only"

step "ruff"
ruff check .
ruff format --check .
step "mypy"
mypy
step "import contracts"
lint-imports --no-cache
step "docs"
NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet

if [[ -n "${RECSYS_DATA:-}" ]]; then
    step "pytest, on miniatures and on the real files in RECSYS_DATA=$RECSYS_DATA"
else
    step "pytest, on miniatures only: RECSYS_DATA is not set, the real files are NOT tested"
fi
# Two workers on two cores; more threads inside each would only fight.
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
python -m pytest -n 2 --dist loadfile "$@"
