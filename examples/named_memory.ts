/**
 * Memory by name: one process shares a text, another counts its words.
 *
 *     deno run --allow-ffi examples/named_memory.ts count --name words
 *     deno run --allow-ffi examples/named_memory.ts ask --name words --text "to be or not to be"
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type MappedView, SharedMemory } from "@winipc/winipc";

/** What the word counter found. */
export interface Count {
  /** How many words the text has. */
  words: number;
  /** The SHA-256 of the text's bytes, in hexadecimal. */
  sha256: string;
}

// The memory begins with a header that both processes know: three Int32 (the state, the text's length in
// bytes, the count of words), and from byte 16 on 32 bytes of SHA-256. The text follows.
const HEADER_BYTES = 64;
const STATE = 0;
const LENGTH = 1;
const WORDS = 2;
const SHA256 = 16;

const ASKED = 1;
const ANSWERED = 2;

/** Shares a text and waits for the answer. */
export async function ask(name: string, text: string, signal: AbortSignal): Promise<Count> {
  const bytes = new TextEncoder().encode(text);
  using memory = SharedMemory.create(name, HEADER_BYTES + bytes.length);
  using view = memory.map();
  const header = new Int32Array(view.buffer, 0, 4);
  view.bytes.set(bytes, HEADER_BYTES);
  header[LENGTH] = bytes.length;
  // Atomics.store promises that who sees the state also sees what was written before it.
  Atomics.store(header, STATE, ASKED);
  await state(header, ANSWERED, signal);
  return { words: header[WORDS]!, sha256: view.bytes.slice(SHA256, SHA256 + 32).toHex() };
}

/** Waits for a text, counts its words, and answers. */
export async function count(name: string, signal: AbortSignal): Promise<Count> {
  using memory = await SharedMemory.waitFor(name, { access: "readwrite", signal });
  using view = memory.map();
  const header = new Int32Array(view.buffer, 0, 4);
  await state(header, ASKED, signal);
  const text = textOf(view, header[LENGTH]!);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const words = new TextDecoder().decode(text).match(/\S+/g)?.length ?? 0;
  view.bytes.set(digest, SHA256);
  header[WORDS] = words;
  Atomics.store(header, STATE, ANSWERED);
  return { words, sha256: digest.toHex() };
}

/** The text in the memory; its length comes from another process, so it is not believed blindly. */
function textOf(view: MappedView, length: number): Uint8Array<ArrayBuffer> {
  if (length < 0 || HEADER_BYTES + length > view.byteLength) {
    throw new Deno.errors.InvalidData(`The memory cannot hold a text of ${length} bytes`);
  }
  return view.bytes.subarray(HEADER_BYTES, HEADER_BYTES + length);
}

/** Looks each millisecond whether the other process has come to a state. */
async function state(header: Int32Array, wanted: number, signal: AbortSignal): Promise<void> {
  while (Atomics.load(header, STATE) !== wanted) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

if (import.meta.main) {
  const { _: [role], name, text, timeout } = parseArgs(Deno.args, {
    string: ["name", "text", "timeout"],
    default: { name: "winipc-words", text: "to be or not to be", timeout: "30000" },
  });
  const signal = AbortSignal.timeout(Number(timeout));
  if (role === "count") {
    console.log(`Process ${Deno.pid} waits for a text in "${name}"`);
    console.log("Counted", await count(name, signal));
  } else if (role === "ask") {
    console.log("Answered", await ask(name, text, signal));
  } else {
    console.error("Usage: named_memory.ts count|ask [--name NAME] [--text TEXT] [--timeout MS]");
    Deno.exit(2);
  }
}
