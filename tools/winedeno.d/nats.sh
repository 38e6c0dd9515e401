# shellcheck shell=bash disable=SC2154
# Runs nats-server beside a program. Sourced by tools/winedeno, doctor.sh and setup.sh.

no_nats_server="this machine has no nats-server. Run once: sudo apt-get install --yes nats-server"

# Starts nats-server with streams at a port of 127.0.0.1, and waits until it answers. The port -1
# stands for any free port. Sets "nats_info" to the server's answer. The server has its own session,
# so that a Ctrl-C of the terminal does not end it before the program.
start_nats() {
  local port=$1 tries
  "${enter[@]}" sh -c 'command -v nats-server' >/dev/null || {
    echo "winedeno: $no_nats_server" >&2
    return 1
  }
  nats_store=$(mktemp -d "$home/run/nats.XXXXXX")
  : >"$nats_store/log"
  setsid setpriv --pdeathsig KILL "${enter[@]}" sh -c "$if_alive" $$ \
    nats-server --addr 127.0.0.1 --port "$port" --jetstream --store_dir "$nats_store" \
    </dev/null >>"$nats_store/log" 2>&1 &
  nats=$! nats_info=
  for ((tries = 0; tries < 500; tries++)); do
    kill -0 "$nats" 2>/dev/null || break
    if grep --quiet 'Server is ready' "$nats_store/log"; then
      port=$(sed -n 's/.*Listening for client connections on 127.0.0.1://p' "$nats_store/log")
      read -r -t 10 nats_info <"/dev/tcp/127.0.0.1/$port" && return
      break
    fi
    sleep 0.02
  done
  if grep --quiet 'address already in use' "$nats_store/log"; then
    echo "winedeno: another program has the port 127.0.0.1:$port, perhaps another nats-server. End it, or name another port in WINEDENO_NATS_PORT" >&2
  else
    echo "winedeno: nats-server does not answer at 127.0.0.1:$port. The end of its log:" >&2
    tail -n 5 "$nats_store/log" >&2
  fi
  stop_nats
  return 1
}

# Kills the server, waits until it is gone, and deletes what it has stored.
stop_nats() {
  local program
  program=$(program_of "$nats")
  kill -KILL "${program:-$nats}" 2>/dev/null || true
  wait "$nats" 2>/dev/null || true
  rm -rf "$nats_store"
}
