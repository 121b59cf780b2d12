# shellcheck shell=bash
# What the scripts beside this file share; they source it.  Needs nothing that a bare Debian 12 lacks.

# The folder of the checkout.  Its path may have a space in it.
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
python="$checkout/.venv/bin/python"
export checkout python LC_ALL=C.UTF-8

# What one build has compiled the next ones need not: tests build the engine in half a dozen folders, wheels among them.
if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
  export CCACHE_BASEDIR=/ CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
fi

step() { printf '\n== %s\n' "$*"; }

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Prints the comment at the head of the calling script, which is its manual.
print_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# Files of the checkout that are ours, as paths from it, each ended by a zero byte: our_files '*.cc' '*.h'
our_files() {
  local patterns=() pattern
  for pattern in "$@"; do patterns+=(-o -name "$pattern"); done
  (cd "$checkout" && find . \( -path ./build -o -path ./.git -o -path ./.venv -o -name '.*_cache' -o -name __pycache__ \) -prune \
    -o -type f \( "${patterns[@]:1}" \) -print0 | sort -z)
}

# Counting.  Every script that tests or checks ends in a line "N passed, N failed", also where one runs another.
passed=0 failed=0

# Runs a command quietly as one check: check 'what it shows' command...  Its output is shown where it fails.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    printf 'ok      %s\n' "$name"
  else
    failed=$((failed + 1))
    printf '%s\nFAILED  %s\n' "$output" "$name"
  fi
}

# Runs a command that counts for itself and adds what its last line says.  One that counts nothing has failed: a part
# that runs no test must not look green.
count_part() {
  local name=$1 status=0 log last
  shift
  mkdir -p "$checkout/build/log"
  log="$checkout/build/log/${name//[^a-zA-Z0-9_.-]/-}.log"
  "$@" 2>&1 | tee "$log" || status=$?
  last=$(tail -n 1 "$log")
  if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]] && ((BASH_REMATCH[1] + BASH_REMATCH[2] > 0)); then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    if ((status != 0 && BASH_REMATCH[2] == 0)); then
      failed=$((failed + 1))
      printf 'FAILED  %s: ended with status %s\n' "$name" "$status"
    fi
  else
    failed=$((failed + 1))
    printf 'FAILED  %s: ran no test (status %s)\n' "$name" "$status"
  fi
}

# Ends a script: the line that a caller reads, and the status.
finish_counting() {
  ((passed + failed > 0)) || failed=1
  printf '%s passed, %s failed\n' "$passed" "$failed"
  ((failed == 0)) || exit 1
  exit 0
}

# The CUDA compiler: one on PATH, where NVIDIA's installers put it, or the one that scripts/prepare cuda installs; nothing
# where there is none.
find_nvcc() {
  command -v nvcc || compgen -G '/usr/local/cuda/bin/nvcc' ||
    compgen -G "$checkout/.venv/cuda/nvidia/cu*/bin/nvcc" || true
}

# The package with the plug-in for GPUs in it, whether or not it was built without one before.
install_cuda_package() {
  CUDACXX=$(find_nvcc)
  export CUDACXX
  compgen -G "$checkout/.venv/lib/python3*/site-packages/penstock/libcore_cuda.so" >/dev/null ||
    rm -f "$checkout/.venv/installed-package"
  install_package
}

# The installed tree that tests/lang and tests/install use, made anew from the release build.
installed_tree="$checkout/build/installed"
install_tree() {
  rm -rf "$installed_tree"
  cmake --install "$checkout/build/release" --prefix "$installed_tree" >"$checkout/build/install.log" || {
    cat "$checkout/build/install.log"
    fail "cmake --install failed: is build/release built?  ./scripts/test builds it"
  }
}

# What the installed package was made from, as one line that changes when any of it does, or when something else was
# installed in its place.
package_state() {
  (cd "$checkout" && {
    "$python" --version
    find capi cmake core dlpack_ext python CMakeLists.txt LICENSE README.md pyproject.toml \
      -name __pycache__ -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
    stat -c '%i %Y' .venv/lib/python3*/site-packages/penstock-*.dist-info/RECORD 2>&1
  } | sha256sum)
}

# The package as a user gets it, but for what it is built with: that is in .venv, so that no network is needed.  Does
# nothing where nothing changed.
install_package() {
  local stamp="$checkout/.venv/installed-package" log="$checkout/build/log/pip.log"
  if [[ -f $stamp && $(<"$stamp") == "$(package_state)" ]]; then return; fi
  step 'Building the Python package and installing it in .venv (minutes the first time, seconds after a change)'
  mkdir -p "$checkout/build/log"
  "$python" -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --force-reinstall \
    "--config-settings=build-dir=$checkout/build/python" "$checkout" >"$log" 2>&1 || {
    cat "$log"
    return 1
  }
  package_state >"$stamp"
}
