/**
 * Reads what PE images say of themselves, and believes none of it unseen.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format}
 * @module
 */

import {
  IMAGE_DIRECTORY_ENTRY_BASERELOC,
  IMAGE_DIRECTORY_ENTRY_EXPORT,
  IMAGE_DIRECTORY_ENTRY_IAT,
  IMAGE_DIRECTORY_ENTRY_IMPORT,
  type Machine,
} from "./format.ts";
import { type Directory, readHeaders } from "./headers.ts";
import { type ImageProblem, ImageProblems } from "./image_problem.ts";
import { type ImageSection, ImageSections } from "./image_sections.ts";
import { ImageSource } from "./image_source.ts";
import { type ImageExport, readExports } from "./read_exports.ts";
import { checkRelocations } from "./relocations.ts";

/** What an image says of itself. */
export interface ImageInfo {
  /** The machine that it is for; one that winipc has no name for, by its number. */
  readonly machine: Machine | number;
  /** Whether it is a DLL. */
  readonly dll: boolean;
  /** Its sections, in the order of their addresses. */
  readonly sections: readonly ImageSection[];
  /** What others can find in it, by their ordinals. */
  readonly exports: readonly ImageExport[];
  /** Oddities that Windows' loader accepts: at most 100, the unsafe ones first. */
  readonly problems: readonly ImageProblem[];
}

/** `IMAGE_FILE_DLL` */
const DLL = 0x2000;
const NO_DIRECTORY: Directory = { VirtualAddress: 0, Size: 0 };

/**
 * Reads an image.
 *
 * @param bytes The file's bytes.
 * @param label What it is, for messages: `file "C:\\one.dll"`.
 * @throws {Deno.errors.InvalidData} If it is no PE image, or one that Windows cannot map; the message
 *   says what is wrong, and where.
 */
export function readImage(bytes: Uint8Array<ArrayBuffer>, label: string): ImageInfo {
  const source = new ImageSource(bytes, label);
  const problems = new ImageProblems();
  const headers = readHeaders(source, problems);
  const sections = new ImageSections(source, headers, problems);
  const directory = (index: number) => headers.directories[index] ?? NO_DIRECTORY;
  const relocations = directory(IMAGE_DIRECTORY_ENTRY_BASERELOC);
  checkRelocations(sections, relocations, headers.machine, problems);
  for (const index of [IMAGE_DIRECTORY_ENTRY_IMPORT, IMAGE_DIRECTORY_ENTRY_IAT]) {
    checkImports(sections, directory(index), problems);
  }
  return {
    machine: headers.machine,
    dll: (headers.characteristics & DLL) !== 0,
    sections: sections.all,
    exports: readExports(sections, directory(IMAGE_DIRECTORY_ENTRY_EXPORT), problems),
    problems: problems.all,
  };
}

/**
 * Adds an unsafe problem if imports are in shared data. Windows' loader would write each process's
 * addresses there; Wine 10 gives each process a copy of those pages, whatever else is in them.
 */
function checkImports(
  sections: ImageSections,
  { VirtualAddress: address }: Directory,
  problems: ImageProblems,
): void {
  const section = sections.at(address);
  if (address === 0 || !section?.shared || !section.writable) return;
  problems.addUnsafe(
    `section ${JSON.stringify(section.name)} is shared, and has the table of imports, which each ` +
      `process fills in for itself`,
    sections.span(address)?.offset ?? 0,
  );
}
