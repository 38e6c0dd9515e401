# shellcheck shell=bash disable=SC1091,SC2154
# Makes the parts that a use needs and that are missing or out of date. Sourced by tools/winedeno.
# A part is made beside its place and moved there when whole, with a stamp of what it was made from,
# so one that was interrupted is made again and never half believed.

. "$tools/host.sh"
. "$tools/parts.sh"

# While set_up works, 3 is the user's stderr; 1 and 2 go to the log.
say() { echo "winedeno: $*" >&3; }

give_up() {
  say "$*"
  trap - EXIT
  exit 1
}

# part NAME STAMP WHAT: has make_NAME fill a folder, unless that part stands there whole, made from STAMP.
part() {
  local name=$1 stamp=$2 new=$home/$1.new
  making=$3
  ! has_part "$name" || [[ $(<"$home/$name/stamp") != "$stamp" ]] || return 0
  say "$making"
  rm -rf "$new"
  mkdir "$new"
  "make_$name" "$new"
  echo "$stamp" >"$new/stamp"
  rm -rf "${home:?}/$name"
  mv "$new" "$home/$name"
  made=yes
}

# run COMMAND…: waits for COMMAND in a way that hears a signal at once.
run() {
  start "$@"
  wait $!
}

# COMMAND is ended when we are, and keeps the lock (9) until it is gone. It must not have 3 to 5: mmdebstrap
# hands descriptors to sh, which knows only those below 10.
start() {
  setsid env --default-signal=INT,QUIT NO_COLOR=1 setpriv --pdeathsig KILL "$@" 3>&- 4>&- 5>&- &
  jobs+=($!)
}

# Ends what was started and takes away the part that was being made.
clean_up() {
  local job
  for job in "${jobs[@]}"; do kill -KILL -- "-$job" || true; done
  # Not for all: the reader of mmdebstrap's messages ends only with us.
  wait "${jobs[@]}" || true
  rm -rf "$home"/*.new
}

interrupted() {
  trap '' INT TERM HUP
  trap - EXIT
  clean_up
  say "set-up interrupted; the next use makes what is missing"
  trap - "$1"
  kill -s "$1" $$
}

failed() {
  clean_up
  tail -n 30 "$home/setup.log" >&3
  say "failed at: $making. Above is the end of $home/setup.log"
}

set_up() {
  local jobs=() making="starting" made=
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
    [[ $mode == linux ]] || echo "$recipe" >"$home/ready.windows"
    [[ ! $made ]] || say "ready; all of it is in $home"
  fi
  exec <&5 >&4 2>&3 3>&- 4>&- 5>&- 9>&-
  trap - INT TERM HUP EXIT
}

set_up
