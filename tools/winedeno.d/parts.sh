# shellcheck shell=bash disable=SC2154
# How each part is made. Sourced by setup.sh.

root_packages=wine64,ca-certificates,gcc-mingw-w64-x86-64-win32

make_parts() {
  local own_wine=
  [[ $mode == linux ]] || own_wine=$(find_own_wine)
  install_host_tools "$own_wine"
  part npm "$(cat "$tools"/package*.json | sha256sum)" "taking Deno for Windows and for Linux from npm (80 MB)"
  part jsr "$recipe" "asking whether JSR can be reached"
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
  local reachable='' cert=${DENO_CERT:-${SSL_CERT_FILE-}}
  run env DENO_DIR="$1/cache" ${cert:+DENO_CERT="$cert"} timeout 20 "$linux_deno" info --no-config jsr:@std/assert && reachable=yes
  rm -rf "$1/cache"
  [[ ! $reachable ]] || return 0
  say "JSR is out of reach: serving jsr:@std/… from npm's deno-std"
  run "$linux_deno" run --no-config --no-lock -R -W="$1" "$tools/make_jsr.ts" "$home/npm/node_modules/deno-std" "$project/deno.json" "$1"
}

make_wine() {
  if [[ $own_wine ]] && own_wine_runs_deno "$1/trial"; then
    say "using this machine's Wine, $own_wine"
    rm -rf "$1/trial"
    echo "${own_wine%% *}" >"$1/path"
    return
  fi
  say "making a Debian 13 root file system with Wine and a C compiler (1.4 GB, about a minute)"
  mkdir "$1/root"
  mkfifo "$1/tar"
  start tar --extract --file "$1/tar" --directory "$1/root" --no-same-owner --exclude './dev/*'
  local tar=$!
  # mmdebstrap hands descriptors to sh, which knows those below 10 only: leave it enough of them.
  run mmdebstrap --variant=minbase --format=tar --include="$root_packages" --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' trixie - >"$1/tar" 2> >(tee /dev/fd/2 | sed --unbuffered --quiet 's/^I: /winedeno:   /p' >&3) 3>&- 4>&- 5>&-
  wait "$tar"
  rm "$1/tar"
  echo /usr/lib/wine/wine64 >"$1/path"
}

# Whether the machine's own Wine runs Deno, tried in a C: drive of its own.
own_wine_runs_deno() {
  say "trying whether this machine's Wine runs Deno"
  run env WINEPREFIX="$1" WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml= timeout 120 "${own_wine%% *}" "$windows_deno" eval 'Deno.exit(7)' || [[ $? == 7 ]]
}

make_prefix() (
  find_way_in
  set_environment
  export WINEPREFIX=$1
  # wineserver would keep the lock.
  exec 9>&-
  run "${enter[@]}" "$wine" wineboot --init
  # Lets programs open windows on a machine without a display.
  run "${enter[@]}" "$wine" reg add 'HKCU\Software\Wine\Drivers' /v Graphics /d null /f
  # set_environment tells what J: is for.
  ln -s ../../jsr "$1/dosdevices/j:"
  # wineserver writes the registry when it ends.
  run "${enter[@]}" "${wine%/*}/wineserver" -w
)
