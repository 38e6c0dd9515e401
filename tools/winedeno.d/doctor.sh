# shellcheck shell=bash disable=SC2154,SC2317
# Prints the parts that winedeno uses, and tests each of them. Sourced by tools/winedeno.

. "$tools/nats.sh"
wine="nowhere" enter=() machine=()
[[ ! $emulated ]] || machine=(--arm64)
wine_part=${wine_home##*/}
! has_part "$wine_part" || find_way_in
broken=0

# try WHAT REMEDY EXPECTED COMMAND…: runs COMMAND, which must print EXPECTED (a pattern) and
# succeed. Prints "ok" or "BROKEN" for WHAT. If it is broken, also prints REMEDY.
try() {
  local what=$1 remedy=$2 expected=$3 output status=0
  shift 3
  output=$("$@" 2>&1 </dev/null) || status=$?
  # shellcheck disable=SC2053 # EXPECTED is a pattern
  if ((status == 0)) && [[ $output == $expected ]]; then
    printf 'ok      %s\n' "$what"
  else
    broken=$((broken + 1))
    printf 'BROKEN  %s (exit code %s: %s)\n        %s\n' "$what" "$status" "${output:0:300}" "$remedy"
    return 1
  fi
}

in_wine() (
  set_environment
  exec timeout 60 "${enter[@]}" "$wine" "$@"
)

# Runs winedeno as a user does, except that it repairs nothing.
winedeno() { WINEDENO_DOCTOR=yes timeout 60 "$self" "${machine[@]}" "$@"; }

exit_code_of() {
  local status=0
  winedeno eval "$1" || status=$?
  echo "$status"
}

query_registry() { has_part "$drive" && in_wine reg query 'HKCU\Software\Wine\Drivers'; }

# compile_and_run OPTION: by the compiler of winedeno OPTION.
compile_and_run() {
  local program=$home/run/doctor status=0
  echo 'int main(void) { return 42; }' >"$program.c"
  winedeno "$1" "$program.c" -o "$program.exe" && in_wine "$program.exe" || status=$?
  echo "$status"
}

# Succeeds if Wine has a part for 32-bit programs. The root file system for x64 always has it.
has_wine32() { [[ -d $home/wine/root && ! $emulated || -e $prefix/drive_c/windows/syswow64/ntdll.dll ]]; }

nats_server_answers() { start_nats -1 && echo "$nats_info" && stop_nats; }

remake() { echo "To make it again: rm -rf $(place_of "$1") and run any winedeno${machine[*]:+ ${machine[*]}} command"; }

echo "home    $home"
echo "wine    $wine$([[ -d $wine_home/root ]] && echo " in $wine_home/root" || echo " of this machine")"
is_first_prefix || echo "prefix  $prefix"
echo "jsr     $([[ -d $home/jsr/@std ]] && echo "not reachable; served from $home/jsr" || echo "reachable")"

hello='console.log(Deno.build.os, Deno.build.arch, Deno.version.deno)'
pid='console.log(Deno.dlopen("kernel32.dll", { GetCurrentProcessId: { parameters: [], result: "u32" } }).symbols.GetCurrentProcessId() === Deno.pid)'
std='import { assertEquals } from "@std/assert"; import { parseArgs } from "@std/cli/parse-args"; assertEquals(parseArgs(["-a"]).a, true); console.log("fine")'

drive=prefix nats_remedy=$(remake "$wine_part") deno_remedy=$(remake npm)
[[ ! $emulated ]] || deno_remedy=$(remake arm64)
is_first_prefix || drive=second_prefix
[[ -d $wine_home/root ]] || nats_remedy=$no_nats_server
# Prints "nats-server: v2.10.27".
nats_version=$("${enter[@]}" nats-server --version 2>/dev/null | sed 's/.*: v//') || true

cd "$project" || exit
if try "Deno for Linux" "$(remake npm)" 'linux x86_64 2.*' timeout 60 "$linux_deno" eval "$hello"; then
  try "jsr: imports on Linux" "$(remake jsr)" 'fine*' winedeno --linux eval "$std" || true
fi
[[ ! $emulated ]] || try "qemu's emulation, found by $(cat "$wine_home/way")" "$(remake arm64)" 'qemu-aarch64 version *' "$wine_home/root/usr/bin/qemu-aarch64" --version || true
try "Wine" "$(remake "$wine_part")" 'wine-*' in_wine --version || true
try "Wine's C: drive" "$(remake "$drive")" '*Graphics*null*' query_registry || true
try "the C compiler" "$(remake "$wine_part")" 42 compile_and_run --cc || true
if has_wine32; then
  try "32-bit programs" "$(remake wine)" 42 compile_and_run --cc32 || true
else
  echo "none    32-bit programs: this Wine runs 64-bit programs only"
fi
try "nats-server${nats_version:+ $nats_version}" "$nats_remedy" 'INFO *"jetstream":true*' nats_server_answers || true
if try "Deno for Windows" "$deno_remedy" "windows $architecture 2.*" winedeno eval "$hello"; then
  try "calls of the Win32 API" "$(remake "$drive")" 'true*' winedeno eval "$pid" || true
  try "jsr: imports on Windows" "$(remake jsr)" 'fine*' winedeno eval "$std" || true
  try "exit codes" "$(remake "$drive")" 42 exit_code_of "Deno.exit(42)" || true
fi

((broken == 0)) && echo "Everything works." && exit
echo "Broken parts: $broken."
exit 1
