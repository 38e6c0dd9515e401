/**
 * Finds Boost for Windows programs, or installs it in the Linux below Wine.
 *
 * Boost is only installed into the Debian root file system of tools/winedeno. On any other system,
 * the C++ compiler must find the headers of Boost.
 *
 * @module
 */

import { isWine } from "../../../ffi/win32/ntdll.ts";
import { linuxPath, runOnLinux } from "../../../tests/support/run_on_linux.ts";
import { removeFolder } from "../../../tests/support/remove_folder.ts";
import { reasonOf } from "../reason.ts";
import { INSTALL_LIMIT, type InstallOptions, type NotFound } from "./install.ts";
import { probe } from "./probe.ts";

const PACKAGES = "libboost-dev and g++-mingw-w64-x86-64-win32";

/** A program that writes the version of Boost, or nothing if there are no headers. */
const PROGRAM = `#include <cstdio>
#if __has_include(<boost/version.hpp>)
#include <boost/version.hpp>
int main() {
    std::printf("%d.%d.%d", BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100);
}
#else
int main() {}
#endif
`;

/** Succeeds in the root file system of tools/winedeno, whose folder is beside that of Wine's C:. */
const IS_IN_ROOT = '[ /usr -ef "$1/../../wine/root/usr" ]';

/**
 * Downloads Boost's headers and the C++ compiler into the folder $1, and unpacks them.
 *
 * The packages are not registered: the database of dpkg is in /var, which is the machine's own
 * folder. The last step makes the name by which the compiler is found.
 */
const UNPACK = `set -e
cd "$1"
mkdir -p lists/partial archives/partial
: >status
set -- -o Dir::State="$1" -o Dir::State::status="$1/status" -o Dir::Cache="$1" \\
  -o Dir::Log="$1" -o APT::Sandbox::User=root
apt-get "$@" update
headers=$(apt-cache "$@" depends --important libboost-dev | sed -n 's/^ *Depends: //p')
apt-get "$@" download $headers g++-mingw-w64-x86-64-win32
for package in *.deb; do dpkg-deb --extract "$package" /; done
ln -sf x86_64-w64-mingw32-g++-win32 /usr/bin/x86_64-w64-mingw32-g++`;

/**
 * Finds Boost, or installs Boost if `installs` is set and this is the system of tools/winedeno.
 *
 * @returns The version of Boost, or why it is missing.
 * @throws {Error} If the compiler reports an error.
 */
export async function installBoost(
  { installs, print }: InstallOptions,
): Promise<{ version: string } | NotFound> {
  const found = await findBoost();
  if (found !== undefined) return { version: found };
  const missing = "the C++ compiler or Boost's headers were not found";
  if (!isWine()) return { missing };
  if (!await isInRoot()) return { missing: `${missing}; install Debian's ${PACKAGES}` };
  if (!installs) return { missing };
  const failure = await unpack();
  const installed = await findBoost();
  if (installed !== undefined) return { version: installed };
  if (failure !== undefined) print(reasonOf(failure));
  return { missing: `Debian's ${PACKAGES} could not be downloaded and unpacked` };
}

async function findBoost(): Promise<string | undefined> {
  return await probe("boost_version.cpp", PROGRAM);
}

/** Returns whether Wine runs in the root file system of tools/winedeno. */
async function isInRoot(): Promise<boolean> {
  try {
    await runOnLinux(["sh", "-c", IS_IN_ROOT, "sh", linuxPath("C:\\")]);
    return true;
  } catch {
    return false;
  }
}

/** Downloads and unpacks the packages. Returns the error, or `undefined`. */
async function unpack(): Promise<unknown> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    await runOnLinux(["timeout", `${INSTALL_LIMIT}`, "sh", "-c", UNPACK, "sh", linuxPath(folder)]);
  } catch (error) {
    return error;
  } finally {
    await removeFolder(folder);
  }
}
