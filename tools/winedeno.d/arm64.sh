# shellcheck shell=bash disable=SC2034,SC2154
# Deno for ARM64: Wine for ARM64, by qemu's emulation of single programs. Sourced by tools/winedeno.
#
# The root file system has Wine for ARM64 and the libraries that Wine needs. The shells, Perl and
# nats-server there are programs of x64, which need no emulation.

# Everything that the part needs: the programs of x64, Wine, and a C compiler with Wine's libraries.
# The packages are extracted and not installed, so this names also what they depend on. Wine crashes
# without fontconfig.
arm64_packages=(
  base-files bash dash coreutils perl-base nats-server qemu-user fonts-wine fontconfig-config
  libc-bin lib{c6,gmp10,selinux1,acl1,attr1,pcre2-8-0,crypt1,ssl3t64,cap2,systemd0,zstd1} zlib1g
  {wine64,libwine,zlib1g}:arm64
  lib{c6,gcc-s1,unwind8,lzma5,freetype6,png16-16t64,bz2-1.0,brotli1,fontconfig1,expat1}:arm64
  clang-19 lld-19 lib{clang-common-19-dev,clang-cpp19,llvm19,z3-4,stdc++6,gcc-s1,xml2,edit2,bsd0,md0,lzma5,tinfo6,ffi8}
  libwine-dev:arm64
)

# Files of those packages that are left out: emulators of other processors, documents, and large
# libraries that scripts do not use.
arm64_unused=(
  './usr/bin/qemu-[!a]*' './usr/bin/qemu-a[lr]*' './usr/bin/qemu-aarch64_be' './usr/share/'{doc,man,locale,lintian,qemu}
  '*/gconv' '*/aarch64-windows/'{'d3d*','ddraw*','dx*',mshtml.dll,wined3d.dll,winedbg.exe,'msvc[pr][0-9]*','x[a3]*','msxml*'}
)

# qemu's default processor has pointer authentication, with which wineboot never ends.
arm64_processor=cortex-a57

# The emulated programs: ELF files for ARM64, of the kinds 2 and 3. F: the emulator is opened at the
# registration, and so is not looked for in the root file system. P: programs get their own name as
# argument 0.
arm64_magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
arm64_mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
arm64_rule=":qemu-aarch64:M::$arm64_magic:$arm64_mask:./qemu-aarch64:PF"

# A script for sh -c, with the rule and the emulator's folder as arguments: registers the emulator,
# and then runs the command of the other arguments. The folder is entered, because the kernel takes
# no long names of emulators.
# shellcheck disable=SC2016
register_and_run='mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
cd "$1" && printf %s "$0" >/proc/sys/fs/binfmt_misc/register && shift && exec "$@"'

# Sets "emulate" to the command prefix that lets the kernel start programs for ARM64. With Linux 6.7
# or newer, a user namespace has its own list of emulators. So nothing of the machine changes.
# Otherwise the machine's list needs the emulator.
find_emulation() {
  emulate=(unshare --user --map-root-user --mount sh -c "$register_and_run" "$arm64_rule" "$wine_home/root/usr/bin")
  [[ $(<"$wine_home/way") != machine ]] || emulate=()
}

# Prints how the kernel finds the emulator in FOLDER: "namespace" or "machine".
arm64_way() {
  if unshare --user --map-root-user --mount sh -c "$register_and_run" "$arm64_rule" "$1" true; then
    echo namespace
  elif machine_emulates || register_for_machine "$1"; then
    echo machine
  else
    return 1
  fi
}

# Succeeds if the machine's list has an emulator that also works inside of a root file system.
machine_emulates() { grep --quiet '^flags: .*F' /proc/sys/fs/binfmt_misc/qemu-aarch64; }

register_for_machine() {
  ((EUID == 0)) || return
  [[ -e /proc/sys/fs/binfmt_misc/register ]] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || return
  (cd "$1" && printf %s "$arm64_rule" >/proc/sys/fs/binfmt_misc/register)
}

# Makes the root file system and takes Deno from npm.
make_arm64() {
  cp "$tools"/arm64/package*.json "$1"
  export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-${SSL_CERT_FILE-}}
  run npm --prefix "$1" --cache "$1/cache" ci --force --ignore-scripts --no-audit --no-fund
  rm -rf "$1/cache"
  run "$linux_deno" run --no-config --no-lock -R="$1" -W="$1" "$tools/align_sections.ts" "$1/node_modules/@deno/win32-arm64/deno.exe"
  say "making a root file system with Wine and a C compiler for ARM64 (800 MB, about a minute)"
  mkdir "$1/root"
  mkfifo "$1/tar"
  start tar --extract --file "$1/tar" --directory "$1/root" --no-same-owner --exclude './dev/*'
  local tar=$! alone=()
  # As in make_wine, so that mmdebstrap ends at once.
  ((EUID != 0)) || alone=(env TMPDIR="$1" unshare --mount --pid --fork --kill-child)
  # SC2016: sh expands the variables, and not bash.
  # shellcheck disable=SC2016
  run "${alone[@]}" env PACKAGES="${arm64_packages[*]}" UNUSED="$(printf -- '--exclude=%s ' "${arm64_unused[@]}")" \
    mmdebstrap --architectures=amd64,arm64 --variant=custom --format=tar \
    --customize-hook='sh "'"$tools/extract.sh"'" "$1"' "$release_alone" trixie - >"$1/tar"
  wait "$tar"
  rm "$1/tar"
  cp "$tools"/arm64/aarch64-* "$1/root/usr/bin"
  cp "$tools"/arm64/thread_local.c "$1/root/usr/lib/aarch64-linux-gnu/wine"
  arm64_way "$1/root/usr/bin" >"$1/way" ||
    give_up "this kernel has no emulator for ARM64. Run winedeno --arm64 once as root, or run: sudo apt-get install --yes qemu-user-binfmt"
  echo /usr/lib/wine/wine64 >"$1/path"
}
