# shellcheck shell=bash disable=SC2154
# Finds the machine's own Wine, and installs missing tools. Sourced by setup.sh.

# Prints the path and version of the machine's own Wine, if the version is 9 or newer.
find_own_wine() {
  local wine version
  for wine in /usr/lib/wine/wine64 wine64 wine; do
    wine=$(readlink -f "$(command -v "$wine")") || continue
    version=$("$wine" --version 2>/dev/null) || continue
    if [[ $version =~ ^wine-([0-9]+) ]] && ((BASH_REMATCH[1] >= 9)); then
      echo "$wine $version"
      return
    fi
  done
}

# Installs the tools that the set-up needs. OWN_WINE is the machine's own Wine, or empty.
install_host_tools() {
  local own_wine=$1 missing=()
  lacks npm && missing+=(npm)
  if [[ $mode != linux && ! $own_wine ]]; then
    lacks bwrap && missing+=(bubblewrap)
    lacks mmdebstrap && missing+=(mmdebstrap)
    # Ubuntu does not have Debian's keys.
    [[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] || missing+=(debian-archive-keyring)
    if ((EUID != 0)); then
      lacks newuidmap && missing+=(uidmap)
      may_make_namespaces || refuse_namespaces
    fi
  fi
  [[ ${missing[*]} ]] || return 0
  ((EUID == 0)) || give_up "this machine lacks tools. Run once: sudo apt-get install --yes ${missing[*]}"
  say "installing ${missing[*]} with apt-get"
  export DEBIAN_FRONTEND=noninteractive
  # Not by run: an interruption must not kill apt-get half way.
  apt-get update
  apt-get install --yes --no-install-recommends "${missing[@]}"
}

has_nats_server() { (PATH=$PATH:/usr/sbin && ! lacks nats-server); }

lacks() { ! command -v "$1" >/dev/null; }

# Succeeds if a user other than root can make the namespaces that bubblewrap needs. Ubuntu 24.04 and
# newer restrict that.
may_make_namespaces() { unshare --user --map-root-user --mount true; }

refuse_namespaces() {
  local candidate
  candidate=$(apt-cache policy wine64 | sed -n 's/^ *Candidate: *\([0-9]*\).*/\1/p')
  if ((${candidate:-0} >= 9)); then
    give_up "users cannot make namespaces here, so winedeno needs this machine's own Wine. Run once: sudo apt-get install --yes wine64"
  fi
  give_up "users cannot make namespaces here, and there is no Wine 9 or newer. Run winedeno once as root"
}
