/**
 * The tour's text in memory with a name: another process counts its words.
 *
 * @module
 */

import { ask } from "../named_memory.ts";
import type { Chapter } from "./chapter.ts";

/** Shares a text of some hundred KiB, and checks the other process's answer. */
export async function namedMemory(chapter: Chapter): Promise<void> {
  const name = `winipc-tour-${crypto.randomUUID()}`;
  const child = chapter.start("named_memory.ts", "count", "--name", name);
  const output = new Response(child.stdout).text();

  // The end of the text did not exist when the other process started.
  const text = `${await projectText()}\nCreated after the start: ${crypto.randomUUID()}\n`;
  const bytes = new TextEncoder().encode(text);
  chapter.print("sent", `${bytes.length} bytes of text in memory "${name}"`);
  const before = performance.now();
  const { words, sha256 } = await ask(name, text, chapter.signal);
  const milliseconds = Math.round(performance.now() - before);
  chapter.print(
    "answer",
    `${words} words, SHA-256 ${sha256.slice(0, 16)}…, after ${milliseconds} ms`,
  );

  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  chapter.check("the other process counted the words correctly", words === countWords(text));
  chapter.check("the other process read every byte unchanged", sha256 === digest);
  chapter.check("the other process printed the same hash", (await output).includes(sha256));
  chapter.check("the other process exited without an error", (await child.status).success);
}

/** Counts words with a different method from the example's, so that both cannot have one fault. */
function countWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}

/** Returns texts of this project, repeated to at least 400,000 characters. */
async function projectText(): Promise<string> {
  const root = new URL("../../", import.meta.url);
  const names = ["README.md", "CHANGELOG.md", "LICENSE", "src/memory/shared_memory.ts"];
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(new URL(name, root))));
  const text = texts.join("\n");
  return text.repeat(Math.ceil(400_000 / text.length));
}
