/**
 * Images of programs and DLLs: what is in them, and in memory.
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
import { type Machine, THIS_MACHINE } from "./pe/format.ts";
import { type ImageInfo, readImage } from "./pe/read.ts";
import { FILE_MAP_READ } from "../memory/section.ts";

const PAGE_READONLY = 0x2;
const SEC_IMAGE = 0x100_0000;

const APPLICATION_CONTROL: FailureOptions = {
  as: "PermissionDenied",
  hint: "application control refuses it: the file has to be signed, or its folder allowed",
};
const ERROR_BAD_EXE_FORMAT = 193;
const ERROR_EXE_MACHINE_TYPE_MISMATCH = 216;
/** What is known of failures to map an image. */
const FAILURES: Readonly<Record<number, FailureOptions>> = {
  [ERROR_EXE_MACHINE_TYPE_MISMATCH]: { as: "InvalidData" },
  577: APPLICATION_CONTROL, // ERROR_INVALID_IMAGE_HASH
  1260: APPLICATION_CONTROL, // ERROR_ACCESS_DISABLED_BY_POLICY
  4551: APPLICATION_CONTROL, // ERROR_SYSTEM_INTEGRITY_POLICY_VIOLATION
};

/** An image that is mapped. */
export interface MappedImage {
  /** What it says of itself. */
  readonly info: ImageInfo;
  /** The image in this process's memory. */
  readonly mapping: Mapping;
  /** The image as messages call it. */
  readonly label: string;
}

/**
 * Tells what is in an image: its image sections, whether they are shared, and what it exports.
 *
 * No code of the image is run, and all that it says is checked. The image may be for any machine.
 * `problems` lists oddities that Windows' loader accepts, such as a name in the export table that
 * cannot be read. `exports` then has all other names.
 *
 * @example
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
 * @param image The file's path, a `URL` object with `file:`, or the file's bytes.
 * @throws {Deno.errors.InvalidData} If it is no PE image, or one that Windows does not map; the message
 *   says what is wrong, and where.
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {Deno.errors.PermissionDenied} If this user may not open it, or it is a directory.
 * @throws {Deno.errors.Busy} If somebody has it open to write to it.
 * @throws {TypeError} If it is neither a path, a `file:` URL nor bytes.
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
 * Maps an image, as the loader would do it, though nothing of it is run: one for 32-bit programs is
 * mapped as well.
 *
 * @param location The file's path, or a `URL` object with `file:`.
 * @throws {Deno.errors.InvalidData} If it is no sound image, if it is unsafe to map it, or if Windows maps
 *   none for its machine.
 * @throws {Deno.errors.PermissionDenied} If application control refuses it.
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

/** Opens a file that nobody can write to meanwhile, and reads what it says of itself. */
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
 * Creates a section, the kernel object, of an image file. What may be done with its pages is what the
 * image says.
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

/** Explains a failure by the machine that an image is for, if that is another. */
function whyOfMachine(code: number, machine: Machine | number): FailureOptions | undefined {
  if (code !== ERROR_BAD_EXE_FORMAT && code !== ERROR_EXE_MACHINE_TYPE_MISMATCH) return undefined;
  if (machine === THIS_MACHINE) return undefined;
  const name = typeof machine === "string" ? machine : `0x${machine.toString(16)}`;
  return {
    as: "InvalidData",
    hint: `it is for another machine (${name}), this process is for ${THIS_MACHINE}`,
  };
}
