# shellcheck shell=sh
# extract.sh FOLDER: downloads the packages PACKAGES of a new root file system, and extracts them
# there without their installation, so that no program of another processor needs to run. UNUSED has
# the options of tar that leave files out. A hook of mmdebstrap.
set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
cd "$1"
mkdir packages
cd packages
# Lists of words and patterns.
# shellcheck disable=SC2086
apt-get download -o APT::Sandbox::User=root $PACKAGES
for package in *.deb; do
  dpkg-deb --fsys-tarfile "$package" >package.tar
  # shellcheck disable=SC2086
  tar --extract --file package.tar --directory .. $UNUSED
done
cd ..
rm -r packages
