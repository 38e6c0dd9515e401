/**
 * The base relocations of an image: where Windows changes it when it is moved.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#the-reloc-section-image-only}
 * @module
 */

import { struct } from "../struct.ts";
import type { ImageSections } from "./image_sections.ts";
import type { ImageSource } from "./image_source.ts";

const IMAGE_BASE_RELOCATION = struct({ VirtualAddress: "u32", SizeOfBlock: "u32" });
/** An entry that is there to fill a block up. */
const IMAGE_REL_BASED_ABSOLUTE = 0;
/** The widest change, in bytes. */
const WIDEST = 8;

/**
 * Throws unless relocations change nothing but what is in sections.
 *
 * They have to be right before the image is mapped. Wine 10 follows them wherever they lead; when that
 * ends in a fault, it keeps a lock, and the process stands still at its next allocation.
 *
 * @param source The image.
 * @param sections Its sections.
 * @param directory Where the relocations are.
 */
export function assertSoundRelocations(
  source: ImageSource,
  sections: ImageSections,
  directory: { VirtualAddress: number; Size: number },
): void {
  if (directory.VirtualAddress === 0 || directory.Size === 0) return;
  const what = "the table of relocations";
  const { offset: start, end: sectionEnd } = sections.locate(directory.VirtualAddress, what);
  const end = start + directory.Size;
  if (end > sectionEnd) source.fail(`${what} ends beyond its section`, start);
  for (let at = start; at < end;) {
    const { VirtualAddress: page, SizeOfBlock: size } = source.read(
      IMAGE_BASE_RELOCATION,
      at,
      what,
    );
    if (size < IMAGE_BASE_RELOCATION.byteLength || size % 2 !== 0 || at + size > end) {
      source.fail(`a block of relocations has ${size} bytes`, at);
    }
    const entriesAt = at + IMAGE_BASE_RELOCATION.byteLength;
    for (const entry of source.table(entriesAt, (at + size - entriesAt) / 2, 2, what)) {
      if (entry >>> 12 === IMAGE_REL_BASED_ABSOLUTE) continue;
      const address = page + (entry & 0xfff);
      const section = sections.at(address);
      if (section === undefined || section !== sections.at(address + WIDEST - 1)) {
        source.fail(`a relocation is at address ${address}, which is in no section`, at);
      }
    }
    at += size;
  }
}
