import { assertEquals } from "@std/assert";

/** Collects the rejections that nobody handles, until it is disposed of. */
export class UnhandledRejections implements AsyncDisposable {
  readonly #reasons: unknown[] = [];
  readonly #note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    this.#reasons.push(event.reason);
  };

  constructor() {
    globalThis.addEventListener("unhandledrejection", this.#note);
  }

  /** Fails if there was a rejection. */
  async [Symbol.asyncDispose](): Promise<void> {
    // The event comes at the end of the event-loop turn.
    await new Promise((resolve) => setTimeout(resolve));
    globalThis.removeEventListener("unhandledrejection", this.#note);
    assertEquals(this.#reasons, []);
  }
}
