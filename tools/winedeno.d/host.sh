# shellcheck shell=bash disable=SC2154
# What the machine itself has and lacks. Sourced by setup.sh.

# Prints the path and version of the machine's own Wine if it is 9 or newer.
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

# Sees that the tools are there which the set-up calls, given the machine's own Wine or none.
install_host_tools() {
  local own_wine=$1 missing=()
  lacks npm && missing+=(npm)
  if [[ $mode != linux && ! $own_wine ]]; then
    lacks bwrap && missing+=(bubblewrap)
    lacks mmdebstrap && missing+=(mmdebstrap)
    # Ubuntu does not know Debian's keys by itself.
    [[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] || missing+=(debian-archive-keyring)
    if ((EUID != 0)); then
      lacks newuidmap && missing+=(uidmap)
      may_make_namespaces || refuse_namespaces
    fi
  fi
  [[ ${missing[*]} ]] || return 0
  ((EUID == 0)) || give_up "this machine lacks what it takes. Run once: sudo apt-get install --yes ${missing[*]}"
  say "installing ${missing[*]} with apt-get"
  export DEBIAN_FRONTEND=noninteractive
  # Not by run: apt-get is not to be killed half way.
  apt-get update
  apt-get install --yes --no-install-recommends "${missing[@]}"
}

lacks() { ! command -v "$1" >/dev/null; }

# Whether a user who is not root may do what bubblewrap does; Ubuntu 24.04 and newer restrict it.
may_make_namespaces() { unshare --user --map-root-user --mount true; }

refuse_namespaces() {
  local candidate
  candidate=$(apt-cache policy wine64 | sed -n 's/^ *Candidate: *\([0-9]*\).*/\1/p')
  if ((${candidate:-0} >= 9)); then
    give_up "users may not make namespaces here, so Wine must be this machine's own. Run once: sudo apt-get install --yes wine64"
  fi
  give_up "users may not make namespaces here, and there is no Wine 9 or newer. Run winedeno once as root"
}
