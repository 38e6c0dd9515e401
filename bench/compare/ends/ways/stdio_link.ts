/**
 * The standard input and output of a child as a link.
 *
 * @module
 */

import type { Link } from "../../link.ts";
import { ByteLink } from "./byte_link.ts";

/** The streams of a child. */
export interface ChildStreams {
  readonly stdin: WritableStream<Uint8Array<ArrayBuffer>>;
  readonly stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly status: Promise<unknown>;
}

/** Returns the arguments of Deno that run the far end as a child of this process. */
export function farArguments(name: string): string[] {
  return ["run", "--no-prompt", "--allow-all", Deno.mainModule, "far", "stdio", name];
}

/** Returns the link of the far end, which is the child. */
export function childLink(): Link {
  return new ByteLink({
    read: (into) => Deno.stdin.read(into),
    write: (bytes) => Deno.stdout.write(bytes),
    close: () => {},
  });
}

/** The link of the near end, which has started the child. */
export class ParentLink implements Link {
  readonly #child: ChildStreams;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  /** The bytes of the last chunk that no frame has taken. */
  #rest = new Uint8Array(0);
  #buffer = new Uint8Array(0);

  constructor(child: ChildStreams) {
    this.#child = child;
    this.#reader = child.stdout.getReader();
    this.#writer = child.stdin.getWriter();
  }

  send(frame: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.#writer.write(frame);
  }

  async receive(length: number): Promise<Uint8Array> {
    if (this.#buffer.length !== length) this.#buffer = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      if (this.#rest.length === 0) this.#rest = await this.#nextChunk();
      const part = this.#rest.subarray(0, length - filled);
      this.#buffer.set(part, filled);
      this.#rest = this.#rest.subarray(part.length);
      filled += part.length;
    }
    return this.#buffer;
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.#reader.cancel();
    await this.#child.status;
  }

  async #nextChunk(): Promise<Uint8Array<ArrayBuffer>> {
    const { value } = await this.#reader.read();
    if (value === undefined) throw new Error("The child has closed its standard output");
    return value;
  }
}
