/**
 * Shares memory by name. One process writes a text, and another process counts its words.
 *
 *     deno run --allow-ffi examples/named_memory.ts count --name words
 *     deno run --allow-ffi examples/named_memory.ts ask --name words --text "to be or not to be"
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type MappedView, SharedMemory } from "@winipc/winipc";

/** The answer of the process that counts. */
export interface Count {
  /** The number of words. */
  words: number;
  /** The SHA-256 of the text's bytes, in hexadecimal. */
  sha256: string;
}

// The memory begins with a header of 64 bytes, and the text follows. The header has three Int32:
// the state, the text's length in bytes, and the number of words. The SHA-256 is at offset 16.
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
  // After Atomics.store(), a process that reads the new state also reads all writes before it.
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

/** Returns the bytes of the text. Checks the length, because another process wrote it. */
function textOf(view: MappedView, length: number): Uint8Array<ArrayBuffer> {
  if (length < 0 || HEADER_BYTES + length > view.byteLength) {
    throw new Deno.errors.InvalidData(
      `Expected a text that fits into the memory, but its length is ${length} bytes`,
    );
  }
  return view.bytes.subarray(HEADER_BYTES, HEADER_BYTES + length);
}

/** Waits until the other process has stored a state. Checks the memory every millisecond. */
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
