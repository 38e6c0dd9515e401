# shellcheck shell=bash disable=SC2154
# How each part is made. Sourced by setup.sh.

root_packages=wine64,ca-certificates,gcc-mingw-w64-x86-64-win32

make_parts() {
  local own_wine=
  [[ $mode == linux ]] || own_wine=$(find_own_wine)
  install_host_tools "$own_wine"
  part npm "$(cat "$tools"/package*.json | sha256sum)" "taking Deno for Windows and for Linux from npm (80 MB)"
  part jsr "$recipe" "seeing to the jsr: imports"
  [[ $mode != linux ]] || return 0
  part wine "${own_wine:-$root_packages}" "making Wine ready"
  part prefix "$(<"$home/wine/stamp")" "preparing Wine's C: drive"
}

make_npm() {
  cp "$tools"/package.json "$tools"/package-lock.json "$1"
  # The Windows package is not for this system, hence --force.
  export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-${SSL_CERT_FILE-}}
  run npm --prefix "$1" --cache "$1/cache" ci --force --ignore-scripts --no-audit --no-fund
  rm -rf "$1/cache"
}

make_jsr() {
  [[ -z ${JSR_URL-} ]] || return 0
  # Asked once: a change of deno.json does not ask again.
  if [[ ! -e $home/jsr/stamp ]]; then
    reaches_jsr "$1/cache" && return
    say "JSR is out of reach: serving jsr:@std/… from npm's deno-std"
  elif [[ ! -d $home/jsr/@std ]]; then
    return
  fi
  run "$linux_deno" run --no-config --no-lock -R -W="$1" "$tools/make_jsr.ts" "$home/npm/node_modules/deno-std" "$project/deno.json" "$1"
}

# reaches_jsr CACHE: asks the Deno for Linux, which knows where JSR is.
reaches_jsr() {
  local certificates=${DENO_CERT:-${SSL_CERT_FILE-}} status=0
  run env DENO_DIR="$1" ${certificates:+DENO_CERT="$certificates"} timeout 20 \
    "$linux_deno" info --no-config jsr:@std/assert || status=$?
  rm -rf "$1"
  return "$status"
}

make_wine() {
  if [[ $own_wine ]]; then
    if own_wine_runs_deno "$1/trial"; then
      say "using this machine's Wine, $own_wine"
      rm -rf "$1/trial"
      echo "${own_wine%% *}" >"$1/path"
      return
    fi
    say "it does not"
    install_host_tools ""
  fi
  say "making a Debian 13 root file system with Wine and a C compiler (1.4 GB, about a minute)"
  mkdir "$1/root"
  mkfifo "$1/tar"
  start tar --extract --file "$1/tar" --directory "$1/root" --no-same-owner --exclude './dev/*'
  local tar=$!
  # mmdebstrap takes its time to end: as root it is given process ids and mounts of its own, which end with it.
  local alone=()
  ((EUID != 0)) || alone=(env TMPDIR="$1" unshare --mount --pid --fork --kill-child)
  run "${alone[@]}" mmdebstrap --variant=minbase --format=tar --include="$root_packages" --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' trixie - >"$1/tar" 2> >(tee --append "$home/setup.log" | sed --unbuffered --quiet 's/^I: \(.*\.\.\.\)$/winedeno:   \1/p' >&3)
  wait "$tar"
  rm "$1/tar"
  echo /usr/lib/wine/wine64 >"$1/path"
}

# Whether the machine's own Wine runs Deno, tried in a C: drive of its own.
own_wine_runs_deno() {
  say "trying whether this machine's Wine runs Deno"
  local enter=() wine=${own_wine%% *}
  in_prefix "$1" "$windows_deno" eval --no-config 'Deno.exit(7)' || [[ $? == 7 ]]
}

make_prefix() {
  find_way_in
  in_prefix "$1" wineboot --init
  # Lets programs open windows on a machine without a display.
  printf '\n[Software\\\\Wine\\\\Drivers]\n"Graphics"="null"\n' >>"$1/user.reg"
  # set_environment tells what J: is for.
  ln -s ../../jsr "$1/dosdevices/j:"
}

# in_prefix PREFIX COMMAND…: returns when wineserver, too, has ended and so written the registry.
# In the root file system it has process ids of its own, so that nothing outlives an interruption.
in_prefix() {
  local server=${wine%/*}/wineserver alone=() status=0
  if [[ ${enter[*]} ]]; then alone=(--unshare-pid); elif [[ ! -x $server ]]; then server=wineserver; fi
  set_wine_environment "$1"
  # 9 is the lock, which wineserver would keep. SC2016: for sh, not for bash.
  # shellcheck disable=SC2016
  run "${enter[@]}" "${alone[@]}" sh -c '"$@"; status=$?; "$0" -w; exit $status' \
    "$server" timeout 120 "$wine" "${@:2}" 9>&- || status=$?
  return "$status"
}
