# shellcheck shell=bash disable=SC1091,SC2154
# Makes the parts that are needed and are missing or out of date. Sourced by tools/winedeno.
# A part is made beside its place and moved there when it is complete, with a stamp of its sources.
# So an interrupted part is never used, and is made again.

. "$tools/host.sh"
. "$tools/parts.sh"
. "$tools/nats.sh"

# During set_up, descriptor 3 is the user's stderr, and 1 and 2 go to the log.
say() { echo "winedeno: $*" >&3; }

give_up() {
  say "$*"
  trap - EXIT
  exit 1
}

# part NAME STAMP WHAT: makes a part by make_NAME, unless the part is there and was made from STAMP.
# WHAT describes the work for messages.
part() {
  local name=$1 stamp=$2 place new
  place=$(place_of "$1") new=$home/$1.new
  [[ $name != second_prefix ]] || new=$new_prefix
  making=$3
  ! has_part "$name" || [[ $(<"$place/stamp") != "$stamp" ]] || return 0
  say "$making"
  rm -rf "$new"
  mkdir "$new"
  "make_$name" "$new"
  echo "$stamp" >"$new/stamp"
  rm -rf "${place:?}"
  mv "$new" "$place"
  made=yes
}

# run COMMAND…: runs COMMAND and waits for it. A signal is handled at once, and not after COMMAND.
run() {
  start "$@"
  wait $!
}

# start COMMAND…: starts COMMAND, which dies with this process and keeps the lock (9) until then.
# Descriptors 3 to 5 are closed for it: mmdebstrap passes descriptors to sh, which can use only
# numbers below 10.
start() {
  setsid env --default-signal=INT,QUIT NO_COLOR=1 setpriv --pdeathsig KILL "$@" 3>&- 4>&- 5>&- &
  jobs+=($!)
}

# Kills the started commands, and deletes the unfinished part.
clean_up() {
  local job
  for job in "${jobs[@]}"; do kill -KILL -- "-$job" || true; done
  # Waits only for these jobs: the reader of mmdebstrap's messages ends with this process.
  wait "${jobs[@]}" || true
  rm -rf "$home"/*.new "$new_prefix"
}

interrupted() {
  trap '' INT TERM HUP
  trap - EXIT
  clean_up
  say "set-up interrupted; the next use makes the missing parts"
  trap - "$1"
  kill -s "$1" $$
}

failed() {
  clean_up
  tail -n 30 "$home/setup.log" >&3
  say "set-up failed at: $making. The lines above are the end of $home/setup.log"
}

set_up() {
  # Not local: a failure ends this function before its trap runs.
  jobs=() making="starting" made='' new_prefix=$prefix.winedeno-new
  mkdir -p "$home/run"
  chmod 700 "$home/run"
  exec 3>&2 4>&1 5<&0 </dev/null >>"$home/setup.log" 2>&1
  trap failed EXIT
  trap 'interrupted INT' INT
  trap 'interrupted TERM' TERM
  trap 'interrupted HUP' HUP
  exec 9>"$home/lock"
  flock --nonblock 9 || { say "waiting for another set-up of $home" && flock 9; }
  if ! is_ready; then
    : >"$home/setup.log"
    make_parts
    echo "$recipe" >"$home/ready.linux"
    echo "$recipe" >"$home/ready.$needs"
    [[ ! $made ]] || say "ready; all parts are in $home"
  fi
  exec <&5 >&4 2>&3 3>&- 4>&- 5>&- 9>&-
  trap - INT TERM HUP EXIT
}

set_up
