/**
 * Loads a copy of the library in which marked lines are changed.
 *
 * @module
 */

import { applyChange, type Change } from "./guards.ts";
import { LIBRARY, type Library } from "./library.ts";

const ROOT = new URL("../../../", import.meta.url);
const FOLDERS = ["ffi", "src"];
/** The folder of the files with marked lines. */
const MARKED = "src/channel/";

/** Reads the files of the folder with marked lines. */
export async function readMarkedFiles(): Promise<Map<string, string>> {
  const files = await readFiles();
  return new Map([...files].filter(([file]) => file.startsWith(MARKED)));
}

/**
 * Loads a changed copy of the library.
 *
 * @param change The change of a marked line.
 * @param edit Returns a new text for each file of the folder with marked lines, before the change.
 */
export async function loadChanged(
  change: Change,
  edit: (text: string) => string = (text) => text,
): Promise<Library> {
  const files = await readFiles();
  const marked = new Map(
    [...files].filter(([file]) => file.startsWith(MARKED)).map((
      [file, text],
    ) => [file, edit(text)]),
  );
  const [changed, text] = applyChange(marked, change);
  return await importCopy(new Map([...files, ...marked, [changed, text]]), load);
}

/**
 * Writes a copy of the library, and imports modules of it.
 *
 * @param files The texts of all files.
 * @param load Imports the modules. It gets the URL of the folder `src`.
 */
export async function importCopy<T>(
  files: ReadonlyMap<string, string>,
  load: (root: string) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    for (const [file, text] of files) await write(`${folder}/${file}`, text);
    return await load(`file:///${folder.replaceAll("\\", "/").replace(/^\//, "")}/src/`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Imports the modules that scripts use. */
export async function load(root: string): Promise<Library> {
  return {
    ...LIBRARY,
    broadcastReceiver: await import(`${root}channel/broadcast/receiver.ts`),
    broadcastSender: await import(`${root}channel/broadcast/sender.ts`),
    eventLoop: await import(`${root}wait/event_loop.ts`),
    flushQueue: await import(`${root}channel/peer/windows.ts`),
    frameLayout: await import(`${root}channel/frame/layout.ts`),
    frameReader: await import(`${root}channel/frame/reader.ts`),
    frameWriter: await import(`${root}channel/frame/latest.ts`),
    latestLayout: await import(`${root}channel/latest/layout.ts`),
    latestPublisher: await import(`${root}channel/latest/value.ts`),
    latestReader: await import(`${root}channel/latest/reader.ts`),
    ringReceiver: await import(`${root}channel/ring/receiver.ts`),
    ringSender: await import(`${root}channel/ring/sender.ts`),
    wakeEvents: await import(`${root}channel/peer/wake.ts`),
  };
}

/** Reads all files of the library. */
export async function readFiles(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const folder of FOLDERS) {
    for await (const file of filesIn(folder)) {
      files.set(file, await Deno.readTextFile(new URL(file, ROOT)));
    }
  }
  return files;
}

async function* filesIn(folder: string): AsyncGenerator<string, void, void> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, ROOT))) {
    if (isDirectory) yield* filesIn(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

async function write(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}
