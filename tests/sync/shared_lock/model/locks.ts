/**
 * The modules of locks that the scripts use: the library's own, or with one changed line.
 *
 * @module
 */

import { ReadWriteWords } from "../../../../src/sync/shared_lock/read_write_lock.ts";
import { ABANDONED, LockWord } from "../../../../src/sync/shared_lock/word.ts";

/** The parts of the library that the scripts use. */
export interface LockModules {
  readonly LockWord: typeof LockWord;
  readonly ABANDONED: typeof ABANDONED;
  readonly ReadWriteWords: typeof ReadWriteWords;
}

/** The unchanged library. */
export const LOCKS: LockModules = { LockWord, ABANDONED, ReadWriteWords };

const FOLDER = new URL("../../../../src/sync/shared_lock/", import.meta.url);
const FILES = ["word.ts", "read_write_lock.ts"];

/** Returns the names of all lines that end in `// guard: NAME`. */
export async function findGuards(): Promise<string[]> {
  const texts = await Promise.all(FILES.map((file) => Deno.readTextFile(new URL(file, FOLDER))));
  return texts.flatMap((text) =>
    [...text.matchAll(/\/\/ guard: (\S+)$/gm)].map(([_, name]) => name!)
  );
}

/**
 * Loads a copy of the library.
 *
 * @param guard The name of the changed line.
 * @param by The text in place of a part of that line.
 */
export async function loadChangedLocks(
  guard: string,
  [part, by]: readonly [part: string, by: string],
): Promise<LockModules> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const url = new URL(`file:///${folder.replaceAll("\\", "/").replace(/^\//, "")}/`);
  let changes = 0;
  try {
    for (const file of FILES) {
      const text = await Deno.readTextFile(new URL(file, FOLDER));
      const lines = text.split("\n").map((line) => {
        if (!line.endsWith(`// guard: ${guard}`) || !line.includes(part)) return line;
        changes++;
        return line.replace(part, by);
      });
      // The copies use each other, and the other files of the library.
      const copy = lines.join("\n").replace(
        /(?<=from ")\.[^"]+/g,
        (path) => FILES.includes(path.slice(2)) ? path : new URL(path, FOLDER).href,
      );
      await Deno.writeTextFile(new URL(file, url), copy);
    }
    if (changes !== 1) throw new Error(`Expected one line "${part} // guard: ${guard}"`);
    const word = await import(new URL("word.ts", url).href);
    const readWrite = await import(new URL("read_write_lock.ts", url).href);
    return { ...LOCKS, LockWord: word.LockWord, ReadWriteWords: readWrite.ReadWriteWords };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
