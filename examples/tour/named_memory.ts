/**
 * The tour's text in memory by name: another process counts its words.
 *
 * @module
 */

import { ask } from "../named_memory.ts";
import type { Chapter } from "./chapter.ts";

/** Shares a text of some hundred KiB and checks what the other process found in it. */
export async function namedMemory(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const child = chapter.start("named_memory.ts", "count", "--name", name);
  const output = new Response(child.stdout).text();

  // The text ends with something that did not exist when the other process was started.
  const text = `${await projectText()}\nMade afterwards: ${crypto.randomUUID()}\n`;
  const bytes = new TextEncoder().encode(text);
  chapter.tell("sent", `${bytes.length} bytes of text in memory "${name}"`);
  const before = performance.now();
  const { words, sha256 } = await ask(name, text, chapter.signal);
  const milliseconds = Math.round(performance.now() - before);
  chapter.tell(
    "answer",
    `${words} words, SHA-256 ${sha256.slice(0, 16)}…, after ${milliseconds} ms`,
  );

  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  chapter.check("the other process counted as many words as are here", words === countWords(text));
  chapter.check("it saw every byte as it was sent", sha256 === digest);
  chapter.check("it told the same on its own output", (await output).includes(sha256));
  chapter.check("it ended well", (await child.status).success);
}

/** Counts by another rule than the example does, so that both can't be wrong alike. */
function countWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}

/** The texts of this project, as often as it takes to make some hundred KiB. */
async function projectText(): Promise<string> {
  const root = new URL("../../", import.meta.url);
  const names = ["README.md", "CHANGELOG.md", "LICENSE", "src/memory/shared_memory.ts"];
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(new URL(name, root))));
  const text = texts.join("\n");
  return text.repeat(Math.ceil(400_000 / text.length));
}
