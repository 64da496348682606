# Shared by the peer scripts: source it, do not run it.
# PEERS_HOME: where the servers are installed, once per version.
PEERS_HOME="${PEERS_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/crier-peers}"
mkdir -p "$PEERS_HOME"

die() { echo "${0##*/}: $*" >&2; exit 1; }
usage() { die "usage: ${0##*/} start PORT DATADIR | stop DATADIR"; }

# install_once DIR FUNCTION ARGS...: FUNCTION ARGS... DIR is called with an empty DIR, under a lock, and must fill it.
install_once() {
  local dir="$1"; shift
  [ -e "$dir/.complete" ] && return 0
  echo "${0##*/}: installing into $dir (once)" >&2
  (
    flock 9
    [ -e "$dir/.complete" ] && exit 0
    rm -rf "$dir"; mkdir -p "$dir"
    "$@" "$dir" >"$dir.install.log" 2>&1 9>&- || { tail -n 20 "$dir.install.log" >&2; exit 1; }
    touch "$dir/.complete"
  ) 9>"$dir.lock" || die "the installation failed; log: $dir.install.log"
}

# npm_into MANIFEST_DIR DIR: what MANIFEST_DIR/package-lock.json pins.
npm_into() {
  cp "$1/package.json" "$1/package-lock.json" "$2/"
  # Native modules compile against the headers that came with node, where they are there.
  local prefix; prefix="$(cd "$(dirname "$(readlink -f "$(command -v node)")")/.." && pwd)"
  [ -e "$prefix/include/node/node.h" ] && export npm_config_nodedir="$prefix"
  (cd "$2" && npm ci --no-audit --no-fund --loglevel=error)
}
# pip_into REQUIREMENTS_FILE DIR
pip_into() { python3 -m venv "$2" && "$2/bin/pip" install --quiet --disable-pip-version-check -r "$1"; }
# cargo_into MANIFEST_DIR PROGRAM DIR: a program, built as Cargo.lock there pins it. Only the program is kept.
cargo_into() {
  CARGO_INCREMENTAL=0 cargo build --locked --quiet --manifest-path "$1/Cargo.toml" --target-dir "$3/target" || return 1
  mv "$3/target/debug/$2" "$3/" && rm -rf "$3/target"
}
# deb_into PACKAGE... DIR: unpacks Debian packages without installing them.
deb_into() {
  local dir="${*: -1}" deb; set -- "${@:1:$#-1}"
  mkdir -p "$dir/debs" && (cd "$dir/debs" && apt-get -o APT::Sandbox::User=root download "$@") || return 1
  for deb in "$dir"/debs/*.deb; do dpkg-deb -x "$deb" "$dir" || return 1; done
  rm -rf "$dir/debs"
}

# deb_with_libraries_into PACKAGE... DIR: the same, with what they need and this system lacks. Perl, which only the packages' own
# helpers are written in, is left out. Where the system's lists of packages are missing or out of date, fresh ones are read.
deb_with_libraries_into() {
  local dir="${*: -1}" deb; set -- "${@:1:$#-1}"
  mkdir -p "$dir/debs/partial" "$dir/lists/partial" || return 1
  local apt=(apt-get -qq -o Debug::NoLocking=1 -o APT::Sandbox::User=root -o "Dir::Cache::archives=$dir/debs")
  local fresh=(-o "Dir::State::lists=$dir/lists" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=")
  local fetch=(-y --no-install-recommends --reinstall --download-only install "$@")
  "${apt[@]}" "${fetch[@]}" || { "${apt[@]}" "${fresh[@]}" update && "${apt[@]}" "${fresh[@]}" "${fetch[@]}"; } || return 1
  for deb in "$dir"/debs/*.deb; do
    case "${deb##*/}" in perl*|libperl*) ;; *) dpkg-deb -x "$deb" "$dir" || return 1 ;; esac
  done
  rm -rf "$dir/debs" "$dir/lists"
}

start_time() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
# A pid is ours only while its start time is the one that was noted.
alive() { # NAME
  local pid ticks; [ -f "$DATADIR/run/$1.pid" ] || return 1
  read -r pid ticks <"$DATADIR/run/$1.pid"; [ -n "${pid:-}" ] && [ "$(start_time "$pid")" = "${ticks:-x}" ]
}
# A server must not keep what its starter had open: a lock held by the caller would never be released.
spawn() { # NAME COMMAND...
  local name="$1" pid; shift
  mkdir -p "$DATADIR/run" "$DATADIR/log"
  alive "$name" && return 0
  setsid bash -c 'for f in /proc/self/fd/*; do f=${f##*/}; [ "$f" -gt 2 ] && eval "exec $f>&-"; done; exec "$@"' spawn "$@" \
    >>"$DATADIR/log/$name.log" 2>&1 </dev/null &
  pid=$!; echo "$pid $(start_time "$pid")" >"$DATADIR/run/$name.pid"
}
stop_all() {
  local file name pid _
  for file in "$DATADIR"/run/*.pid; do
    [ -e "$file" ] || continue
    name="$(basename "$file" .pid)"
    if alive "$name"; then
      read -r pid _ <"$file"; kill "$pid" 2>/dev/null || true
      for _ in $(seq 1 100); do alive "$name" || break; sleep 0.1; done
      # What it started, and did not take along, is in the group that it leads.
      kill -9 -- "-$pid" 2>/dev/null || true
    fi
    rm -f "$file"
  done
}
wait_for() { # NAME COMMAND...: up to two minutes for COMMAND to succeed while NAME lives (a first start reads cold files)
  local name="$1" _; shift
  for _ in $(seq 1 600); do
    "$@" >/dev/null 2>&1 && return 0
    alive "$name" || { tail -n 30 "$DATADIR/log/$name.log" >&2; die "$name ended while starting"; }
    sleep 0.2
  done
  tail -n 30 "$DATADIR/log/$name.log" >&2; die "$name did not answer within two minutes"
}
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_or_ours() { # PORT NAME
  if listening "$1" && ! alive "$2"; then die "port $1 is taken"; fi
}
secret() { # NAME [BYTES]: a random hex value kept in DATADIR
  [ -s "$DATADIR/$1" ] || (umask 077; openssl rand -hex "${2:-32}" >"$DATADIR/$1"); cat "$DATADIR/$1"
}
parse_args() {
  case "${1:-}" in
    start) [ $# = 3 ] || usage; PORT="$2"; mkdir -p "$3"; DATADIR="$(cd "$3" && pwd)";;
    stop) [ $# = 2 ] || usage; [ -d "$2" ] || exit 0; DATADIR="$(cd "$2" && pwd)"; stop_all; exit 0;;
    *) usage;;
  esac
}
