/**
 * Reads every image in some folders, and compares the results of inspectImage() with Windows' own
 * loader. The default folders are the system's and MinGW's.
 *
 *     deno task test:images [FOLDER…]
 *
 * @module
 */

import { type ImageInfo, inspectImage, type Machine } from "../../../mod.ts";
import { thisMachine } from "../../../src/dll/pe/headers.ts";
import { loadDll } from "./loader.ts";

const FOLDERS = [
  "C:\\windows\\system32",
  "C:\\windows\\syswow64",
  // The compiler's folders in the Linux below Wine.
  "Z:\\usr\\lib\\gcc",
  "Z:\\usr\\x86_64-w64-mingw32",
  "Z:\\usr\\i686-w64-mingw32",
];
const IMAGE = /\.(dll|exe|drv|sys|ocx|cpl|acm|ax|com|tlb|scr|ds|vxd|dll16|exe16|drv16|msstyles)$/i;
/** Errors for files that this user cannot read. Such files are skipped. */
const OTHERS = [Deno.errors.PermissionDenied, Deno.errors.Busy, Deno.errors.NotFound];

/** Counts for the images of one machine. */
class Tally {
  read = 0;
  odd = 0;
  unsafe = 0;
  mapped = 0;
  exports = 0;
}

const tallies = new Map<Machine | number, Tally>();
const faults: string[] = [];
let refused = 0;

function* imagesIn(folder: string): Generator<string> {
  for (const { name, isDirectory, isSymlink } of Deno.readDirSync(folder)) {
    const path = `${folder}\\${name}`;
    if (isDirectory) yield* imagesIn(path);
    else if (!isSymlink && IMAGE.test(name)) yield path;
  }
}

/**
 * Reads an image. Returns `undefined` if the image is refused, and notes a fault if Windows maps
 * it.
 */
function read(path: string): ImageInfo | undefined {
  try {
    return inspectImage(path);
  } catch (error) {
    if (OTHERS.some((kind) => error instanceof kind)) return undefined;
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    refused++;
    using dll = loadDll(path, "resources");
    const outcome = dll === undefined ? "and so does Windows" : "but Windows maps it";
    console.log(`refused, ${outcome}: ${error.message}`);
    if (dll !== undefined) faults.push(path);
    return undefined;
  }
}

/** Compares an image's contents with its memory. Returns the number of compared exports. */
function compare(path: string, { machine, sections, exports }: ImageInfo): number | undefined {
  using mapped = loadDll(path, "resources");
  // The image is for another machine, or tools/winedeno has turned the DLL off.
  if (mapped === undefined) return undefined;
  for (const { address, byteLength } of sections) mapped.read(address + byteLength - 1, 1);
  if (machine !== thisMachine()) return 0;
  using dll = loadDll(path, "exports");
  // Wine loads a built-in library if the file has the name of one.
  if (
    dll === undefined ||
    checksumOf((at, byteLength) => dll.read(at, byteLength)) !== checksumOfFile(path)
  ) return 0;
  const own = exports.filter(({ name, forwarder }) => name !== undefined && !forwarder);
  for (const { name, address } of own) {
    const found = dll.find(name!);
    if (found !== address) faults.push(`${path}: ${name} is at ${found}, not at ${address}`);
  }
  return own.length;
}

/** Returns the checksum in an image's header, which the loader does not change. */
function checksumOf(read: (at: number, byteLength: number) => Uint8Array<ArrayBuffer>): number {
  const u32 = (at: number) => new DataView(read(at, 4).buffer).getUint32(0, true);
  return u32(u32(60) + 88);
}

function checksumOfFile(path: string): number {
  using file = Deno.openSync(path);
  return checksumOf((at, byteLength) => {
    const bytes = new Uint8Array(byteLength);
    file.seekSync(at, Deno.SeekMode.Start);
    file.readSync(bytes);
    return bytes;
  });
}

const started = performance.now();
for (const folder of Deno.args.length > 0 ? Deno.args : FOLDERS) {
  try {
    if (!Deno.statSync(folder).isDirectory) continue;
  } catch {
    continue;
  }
  for (const path of imagesIn(folder)) {
    const info = read(path);
    if (info === undefined) continue;
    const { machine, problems } = info;
    const tally = tallies.get(machine) ?? new Tally();
    tallies.set(machine, tally);
    tally.read++;
    if (problems.length > 0) {
      tally.odd++;
      console.log(`${path}: ${problems[0]!.message}`);
    }
    if (problems.some(({ unsafe }) => unsafe)) tally.unsafe++;
    const compared = compare(path, info);
    if (compared === undefined) continue;
    tally.mapped++;
    tally.exports += compared;
  }
}
for (const fault of faults) console.error(`FAILED: ${fault}`);
for (const [machine, { read, odd, unsafe, mapped, exports }] of tallies) {
  console.log(
    `${machine}: ${read} images read, ${odd} of them odd, ${unsafe} unsafe to load; ` +
      `Windows maps ${mapped}, and finds the same ${exports} exports`,
  );
}
const total = [...tallies.values()].reduce((sum, { read }) => sum + read, 0);
console.log(`${refused} refused, ${Math.round(performance.now() - started)} ms`);
console.log(`Images: ${total} passed, ${faults.length} failed`);
Deno.exit(faults.length > 0 || total === 0 ? 1 : 0);
