# shellcheck shell=bash disable=SC2154
# Makes the parts. Sourced by setup.sh.

# Wine and the C compilers are for 64-bit and for 32-bit Windows programs. See run_32_bit_code for
# qemu-user.
root_packages=wine64,wine32:i386,ca-certificates,gcc-mingw-w64-x86-64-win32,gcc-mingw-w64-i686-win32,nats-server,qemu-user
# Takes the suites of updates out of the sources of a root file system: a mirror's lists of these
# often differ between architectures, and then apt finds no version of a library for both.
release_alone='--setup-hook=sed -i "/-updates\|-security/d" "$1/etc/apt/sources.list"'

make_parts() {
  local own_wine=
  [[ $needs != windows ]] || own_wine=$(find_own_wine)
  install_host_tools "$own_wine"
  part npm "$(cat "$tools"/package*.json "$tools/align_sections.ts" | sha256sum)" "taking Deno for Windows and for Linux from npm (80 MB)"
  part jsr "$recipe" "preparing the jsr: imports"
  [[ $mode != linux ]] || return 0
  if [[ $emulated ]]; then
    part arm64 "$(cat "$tools"/arm64/* "$tools"/{arm64,extract}.sh "$tools/align_sections.ts" | sha256sum)" "preparing Deno and Wine for ARM64 (220 MB)"
  else
    part wine "${own_wine:-$root_packages}" "preparing Wine"
  fi
  [[ -d $wine_home/root ]] || has_nats_server || part nats "$own_wine" "taking nats-server from this machine's packages"
  part prefix "$(<"$wine_home/stamp")" "preparing Wine's C: drive"
  is_first_prefix && return
  assert_no_other_folder "$prefix"
  mkdir -p "${prefix%/*}"
  part second_prefix "$(<"$wine_home/stamp")" "preparing another C: drive in $prefix"
}

make_npm() {
  cp "$tools"/package.json "$tools"/package-lock.json "$1"
  # --force, because the Windows package is not for this system.
  export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-${SSL_CERT_FILE-}}
  run npm --prefix "$1" --cache "$1/cache" ci --force --ignore-scripts --no-audit --no-fund
  rm -rf "$1/cache"
  local deno=$1/node_modules/@deno
  run "$deno/linux-x64-glibc/deno" run --no-config --no-lock -R="$1" -W="$1" "$tools/align_sections.ts" "$deno/win32-x64/deno.exe"
  # Deno links its program here as node.exe. Beside the link of another program, each start would
  # leave a copy of 97 MB.
  rm -rf "$home/deno-dir/node_compat_bin"
}

make_jsr() {
  [[ -z ${JSR_URL-} ]] || return 0
  # JSR is tried only once: a change of deno.json does not try it again.
  if [[ ! -e $home/jsr/stamp ]]; then
    reaches_jsr "$1/cache" && return
    say "JSR is not reachable: serving jsr:@std/… from npm's deno-std"
  elif [[ ! -d $home/jsr/@std ]]; then
    return
  fi
  run "$linux_deno" run --no-config --no-lock -R -W="$1" "$tools/make_jsr.ts" "$home/npm/node_modules/deno-std" "$project/deno.json" "$1"
}

# reaches_jsr CACHE: succeeds if the Deno for Linux reaches JSR.
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
    say "this machine's Wine does not run Deno"
    install_host_tools ""
  fi
  say "making a Debian 13 root file system with Wine and C compilers (2.5 GB, some minutes)"
  mkdir "$1/root"
  mkfifo "$1/tar"
  start tar --extract --file "$1/tar" --directory "$1/root" --no-same-owner --exclude './dev/*'
  local tar=$!
  # mmdebstrap ends slowly. As root it runs in its own namespaces, so that all of it ends at once.
  local alone=()
  ((EUID != 0)) || alone=(env TMPDIR="$1" unshare --mount --pid --fork --kill-child)
  run "${alone[@]}" mmdebstrap --variant=minbase --architectures=amd64,i386 --format=tar --include="$root_packages" --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/bin/qemu-*' --dpkgopt='path-include=/usr/bin/qemu-i386' \
    --dpkgopt=force-unsafe-io "$release_alone" trixie - >"$1/tar" 2> >(tee --append "$home/setup.log" | sed --unbuffered --quiet 's/^I: \(.*\.\.\.\)$/winedeno:   \1/p' >&3)
  wait "$tar"
  rm "$1/tar"
  run_32_bit_code "$1/root"
  echo /usr/lib/wine/wine64 >"$1/path"
}

# run_32_bit_code ROOT: on a machine whose processor or kernel runs no 32-bit code, lets qemu run it.
# Wine starts the program /usr/lib/wine/wine for each 32-bit Windows program.
run_32_bit_code() {
  local wine32=$1/usr/lib/wine/wine
  ! run bwrap --ro-bind "$1" / --dev-bind /dev /dev --proc /proc /lib/ld-linux.so.2 --version || return 0
  mv "$wine32" "$wine32.i386"
  # SC2016: sh expands the variables, and not bash.
  # shellcheck disable=SC2016
  printf '#!/bin/sh\nexec qemu-i386 /usr/lib/wine/wine.i386 "$@"\n' >"$wine32"
  chmod +x "$wine32"
}

# Succeeds if the machine's own Wine runs Deno. Tests that in a separate C: drive.
own_wine_runs_deno() {
  say "testing whether this machine's Wine runs Deno"
  local enter=() wine=${own_wine%% *}
  in_prefix "$1" "$windows_deno" eval --no-config 'Deno.exit(7)' || [[ $? == 7 ]]
}

# Takes nats-server out of its package. An installation would also start it as a service of the
# machine, which would take its port. The set-up goes on without it: only bridges need it.
make_nats() {
  fetch_nats_server "$1" || { ((EUID == 0)) && apt-get update && fetch_nats_server "$1"; } || say "$no_nats_server"
}

fetch_nats_server() {
  # SC2016: sh expands the variables, and not bash.
  # shellcheck disable=SC2016
  run sh -c 'cd "$0" && apt-get download nats-server && dpkg-deb --extract nats-server_*.deb . && rm nats-server_*.deb' "$1"
}

make_prefix() {
  find_way_in
  in_prefix "$1" wineboot --init
  # With this, programs can open windows on a machine without a display.
  printf '\n[Software\\\\Wine\\\\Drivers]\n"Graphics"="null"\n' >>"$1/user.reg"
  # wineboot finds only the files of one architecture here. No program changes Wine's own files.
  local programs=$wine_home/root/usr/lib/i386-linux-gnu/wine/i386-windows
  [[ ! -d $programs ]] || run cp --link --force "$programs"/*.* "$1/drive_c/windows/syswow64"
  # See set_environment for the use of J:.
  ln -s ../../jsr "$1/dosdevices/j:"
}

# Copies the first C: drive, which is much faster than wineboot. Wine's own files are hard links,
# where that is possible: no program changes them. Programs may be using the first drive, so their
# temporary files are left out.
make_second_prefix() {
  local first=$first_prefix
  mkdir -p "$1/drive_c/users"
  # Without the timestamp, the first program would run wineboot.
  run cp --archive "$first"/*.reg "$first"/{dosdevices,.update-timestamp} "$1"
  run cp --archive --link "$first"/drive_c/[!u]* "$1/drive_c" ||
    run cp --archive --reflink=auto "$first"/drive_c/[!u]* "$1/drive_c"
  # SC2016: sh expands the variables, and not bash.
  # shellcheck disable=SC2016
  run sh -c 'tar -C "$0" --exclude "./*/Temp/*" -c . | tar -C "$1" -x' "$first/drive_c/users" "$1/drive_c/users"
  ln -sfn "$home/jsr" "$1/dosdevices/j:"
}

# A part replaces its folder. So WINEDENO_PREFIX must not be a folder of other files.
assert_no_other_folder() {
  [[ ! -e $1 || -e $1/stamp && -e $1/dosdevices ]] || rmdir "$1" ||
    give_up "WINEDENO_PREFIX is $1, which has other files than a C: drive of winedeno. Name a new folder"
}

# in_prefix PREFIX COMMAND…: runs COMMAND, and waits until wineserver has ended and written the
# registry. In the root file system this uses its own process ids, so that nothing outlives an
# interruption.
in_prefix() {
  local server=${wine%/*}/wineserver alone=() status=0
  if [[ ${enter[*]} ]]; then alone=(--unshare-pid); elif [[ ! -x $server ]]; then server=wineserver; fi
  set_wine_environment "$1"
  # 9 is the lock, which wineserver would keep. SC2016: sh expands the variables, and not bash.
  # shellcheck disable=SC2016
  run "${enter[@]}" "${alone[@]}" sh -c '"$@"; status=$?; "$0" -w; exit $status' \
    "$server" timeout 300 "$wine" "${@:2}" 9>&- || status=$?
  return "$status"
}
