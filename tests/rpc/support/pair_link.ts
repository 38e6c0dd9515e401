import type { LinkPeer, MessageLink } from "../../../src/rpc/mod.ts";
import { AsyncQueue } from "../../../src/wait/queue.ts";

/** Options of {@linkcode pairLinks}. */
interface PairOptions {
  /** Number of values in each direction for which `send()` does not wait. @default Infinity */
  room?: number;
  /** Maximum length of a value, in characters of its JSON. @default Infinity */
  maxLength?: number;
}

/** A link within a test, whose values and whose end the test can forge. */
export class PairLink implements MessageLink {
  readonly peer: LinkPeer = { pid: Deno.pid };
  readonly closed: Promise<void>;
  /** The values that this end has sent. */
  readonly sent: unknown[] = [];
  /** Whether each sent value is kept in `sent`. */
  isRecording = false;
  other!: PairLink;
  readonly #queue = new AsyncQueue<{ value: unknown }>();
  readonly #options: PairOptions;
  readonly #over: () => void;
  #isOver = false;
  #count = 0;
  #room = Promise.withResolvers<void>();

  constructor(options: PairOptions) {
    this.#options = options;
    ({ promise: this.closed, resolve: this.#over } = Promise.withResolvers<void>());
  }

  /** The number of values that this end has got and not read. */
  get count(): number {
    return this.#count;
  }

  async send(value: unknown): Promise<void> {
    const { room = Infinity, maxLength = Infinity } = this.#options;
    if (this.#isOver) throw new Deno.errors.BadResource("The link is closed");
    const clone: unknown = structuredClone(value);
    if (maxLength < Infinity && (JSON.stringify(clone)?.length ?? 0) > maxLength) {
      throw new RangeError("The value is too long for the link");
    }
    if (this.isRecording) this.sent.push(clone);
    if (this.other.#isOver) throw new Deno.errors.BrokenPipe("The peer has left");
    this.other.put(clone);
    while (this.other.#count > room && !this.other.#isOver) await this.other.#room.promise;
  }

  /** Lets this end receive a value that the other end has not sent. */
  put(value: unknown): void {
    this.#count++;
    this.#queue.put({ value });
  }

  /** Ends the link at both ends, as the death of this end's process does. */
  die(): void {
    this.#end();
    this.other.#queue.end(new Deno.errors.ConnectionReset("The peer has died"));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, void> {
    for (;;) {
      const next = await this.#queue.take();
      if (next === undefined || this.#isOver) return;
      this.#count--;
      this.#room.resolve();
      this.#room = Promise.withResolvers();
      yield next.value;
    }
  }

  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return;
    this.#end();
    this.other.#queue.end();
  }

  #end(): void {
    this.#isOver = true;
    this.#queue.end();
    this.#room.resolve();
    this.#over();
  }
}

/** Makes a link within the test, and returns both ends. */
export function pairLinks(options: PairOptions = {}): [PairLink, PairLink] {
  const [near, far] = [new PairLink(options), new PairLink(options)];
  near.other = far;
  far.other = near;
  return [near, far];
}
