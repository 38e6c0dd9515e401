import { decodeWide } from "../../ffi/wide.ts";
import { SharedMemory, spawn, type SpawnOptions } from "../../mod.ts";
import { type Bits, compileC } from "../support/compile_c.ts";
import { peerUrl } from "../support/peer_url.ts";

/** Opens a program that reports how it was started, and the memory for its report. */
export async function openStartReporter(bits: Bits = 64) {
  const program = await compileC(peerUrl("process/peers/report_start.c"), { bits });
  const memory = SharedMemory.anonymous(2 ** 20);
  const view = memory.map();
  const words = new Uint32Array(view.buffer);
  return {
    path: program.path,
    memory,
    start: (options: SpawnOptions) => {
      words.fill(0);
      return spawn(program.path, { ...options, inherit: { ...options.inherit, told: memory } });
    },
    /** Reads the report: the arguments, and the texts that follow them. */
    read: () => {
      let at = 1;
      const texts: string[] = [];
      while (texts.length < words[0]! || words[at] !== 0) {
        const length = words[at]!;
        texts.push(decodeWide(new Uint16Array(view.buffer, (at + 1) * 4, length)));
        at += 1 + Math.ceil(length / 2);
      }
      return { args: texts.slice(0, words[0]), more: texts.slice(words[0]) };
    },
    [Symbol.asyncDispose]: async () => {
      view.close();
      memory.close();
      await program[Symbol.asyncDispose]();
    },
  };
}
