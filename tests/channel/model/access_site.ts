/**
 * Names the places in the library that access memory, so that a fault can weaken one of them.
 *
 * @module
 */

/**
 * A place in the library: the file, the function, and the text of the line, such as
 * `channel/ring/writer.ts: Atomics.store(this.#words, WORD.tail, this.#published);`. If the access
 * is in a function for several algorithms, the line that calls it follows.
 */
export type AccessSite = string;

const ROOT = new URL("../../../", import.meta.url);
/** Functions that make an access for their caller. */
const FOR_CALLERS = ["fence", "afterStore", "readPosition", "get newest", "get holder"];
const MAX_FRAMES = 12;
const texts = new Map<string, readonly string[]>();

/** Returns the place in the library that makes an access now. */
export function siteOf(): AccessSite {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = MAX_FRAMES;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = before;
  const parts: string[] = [];
  for (const frame of stack.split("\n")) {
    const match = frame.match(/at (?:(.+?) \()?file:\/\/.*?\/src\/(channel|sync)\/([^:]+):(\d+):/);
    if (match === null) continue;
    const [_, name = "", room, file, line] = match;
    parts.push(`${room}/${file}: ${textOf(`src/${room}/${file}`, Number(line))}`);
    if (!FOR_CALLERS.some((caller) => name.endsWith(caller))) break;
  }
  return parts.join(" in ");
}

/** Returns the text of a line of the library, without its comment. */
export function textOf(file: string, line: number): string {
  let lines = texts.get(file);
  if (lines === undefined) {
    lines = Deno.readTextFileSync(new URL(file, ROOT)).split("\n");
    texts.set(file, lines);
  }
  return lines[line - 1]!.trim().replace(/\s*\/\/.*$/, "");
}
