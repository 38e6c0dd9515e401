/**
 * Reads and maps the images of programs and DLLs.
 *
 * @module
 */

import { type ByteSource, copyOfBytes } from "../../ffi/arguments.ts";
import { errorFromCode, type FailureOptions, lastErrorCode } from "../../ffi/error.ts";
import { Handle } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { openFile, SHARE_READ } from "../memory/mapped_file.ts";
import { Mapping } from "../memory/mapping.ts";
import { mapView } from "../memory/mapped_view.ts";
import { type Machine, thisMachine } from "./pe/headers.ts";
import { type ImageInfo, readImage } from "./pe/read.ts";
import { FILE_MAP_READ } from "../memory/section.ts";

const PAGE_READONLY = 0x2;
const SEC_IMAGE = 0x100_0000;

const APPLICATION_CONTROL: FailureOptions = {
  as: "PermissionDenied",
  hint: "application control refuses it: sign the file, or allow its folder",
};
const ERROR_BAD_EXE_FORMAT = 193;
const ERROR_EXE_MACHINE_TYPE_MISMATCH = 216;
/** How failures to map an image are reported, by error code. */
const FAILURES: Readonly<Record<number, FailureOptions>> = {
  [ERROR_EXE_MACHINE_TYPE_MISMATCH]: { as: "InvalidData" },
  577: APPLICATION_CONTROL, // ERROR_INVALID_IMAGE_HASH
  1260: APPLICATION_CONTROL, // ERROR_ACCESS_DISABLED_BY_POLICY
  4551: APPLICATION_CONTROL, // ERROR_SYSTEM_INTEGRITY_POLICY_VIOLATION
};

/** A mapped image. */
export interface MappedImage {
  /** The contents of the image's headers and tables. */
  readonly info: ImageInfo;
  /** The image in this process's memory. */
  readonly mapping: Mapping;
  /** The name of the image in messages. */
  readonly label: string;
}

/**
 * Reads the contents of an image: its image sections, whether they are shared, and its exports.
 *
 * The function runs no code of the image, and checks everything that it reads. The image can be
 * for any machine. `problems` lists oddities that Windows' loader accepts, such as an unreadable
 * name in the export table. In that case `exports` contains all other names.
 *
 * @example List the shared image sections and the exports of a DLL
 * ```ts
 * import { buildSharedSection, inspectImage } from "@winipc/winipc/dll";
 * import { assertEquals } from "@std/assert";
 *
 * const image = buildSharedSection({ section: ".ASHARE", variables: { counter: "i32" } });
 * const { sections, exports, problems } = inspectImage(image);
 * assertEquals(sections.filter(({ shared }) => shared).map(({ name }) => name), [".ASHARE"]);
 * assertEquals(exports.map(({ name, section }) => [name, section]), [["counter", ".ASHARE"]]);
 * assertEquals(problems, []);
 * ```
 *
 * @param image The path of the file, a `file:` URL, or the bytes of the file.
 * @throws {Deno.errors.InvalidData} If the file is not a PE image, or Windows cannot map it. The
 *   message contains the fault and its offset in the file.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {Deno.errors.PermissionDenied} If this user has no right to read the file, or the path is
 *   a directory.
 * @throws {Deno.errors.Busy} If a process has the file open for writing.
 * @throws {TypeError} If `image` is neither a path, a `file:` URL nor bytes.
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format}
 */
export function inspectImage(image: string | URL | ByteSource): ImageInfo {
  if (typeof image !== "string" && !(image instanceof URL)) {
    return readImage(copyOfBytes("an image without a path", image), "these bytes");
  }
  using file = openImage(image);
  return file.info;
}

/**
 * Maps an image as Windows' loader does, but runs no code of it. A 64-bit process can also map an
 * image for 32-bit programs.
 *
 * @param location The path of the file, or a `file:` URL.
 * @throws {Deno.errors.InvalidData} If the image is corrupt, or unsafe to map, or Windows does
 *   not map images for its machine.
 * @throws {Deno.errors.PermissionDenied} If application control refuses the image.
 */
export function mapImage(location: string | URL): MappedImage {
  using file = openImage(location);
  const { info, label } = file;
  const unsafe = info.problems.find(({ unsafe }) => unsafe);
  if (unsafe !== undefined) {
    throw new Deno.errors.InvalidData(
      `Cannot load ${label}: ${unsafe.message}, at offset ${unsafe.offset}`,
    );
  }
  using section = createSectionOfImage(file.handle, label, info.machine);
  const mapping = new Mapping(section.value, FILE_MAP_READ, undefined, `Cannot map ${label}`);
  return { info, mapping, label };
}

/** Opens a file so that no process can write to it, and reads its headers and tables. */
function openImage(location: string | URL) {
  const memory = openFile(location, {}, SHARE_READ);
  const { file: handle, section, label } = memory;
  const close = () => {
    section.close();
    handle.close();
  };
  try {
    using view = mapView(memory);
    return { handle, label, info: readImage(view.bytes, label), [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Creates a section (the kernel object) from an image file. The image's headers decide how its
 * pages can be accessed.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/memoryapi/nf-memoryapi-createfilemappingw}
 */
function createSectionOfImage(file: Handle, label: string, machine: Machine | number): Handle {
  const { CreateFileMappingW } = kernel32();
  const value = CreateFileMappingW(file.value, null, PAGE_READONLY | SEC_IMAGE, 0, 0, null);
  if (value !== 0n) return new Handle(value, label);
  const code = lastErrorCode();
  throw errorFromCode(
    code,
    "CreateFileMappingW",
    `Cannot map ${label} as an image`,
    whyOfMachine(code, machine) ?? FAILURES[code],
  );
}

/** Returns the explanation of a failure if the image is for another machine. */
function whyOfMachine(code: number, machine: Machine | number): FailureOptions | undefined {
  if (code !== ERROR_BAD_EXE_FORMAT && code !== ERROR_EXE_MACHINE_TYPE_MISMATCH) return undefined;
  if (machine === thisMachine()) return undefined;
  const name = typeof machine === "string" ? machine : `0x${machine.toString(16)}`;
  return {
    as: "InvalidData",
    hint: `it is for another machine (${name}), this process is for ${thisMachine()}`,
  };
}
