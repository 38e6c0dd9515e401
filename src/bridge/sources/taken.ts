/**
 * Sources that hand each message over once: pipes, mailslots, listeners and iterables. The script
 * has opened them, and closes them.
 *
 * @module
 */

import type { CopyDataListener } from "../../messages/listen/listener.ts";
import { formOf, type PipeConnection } from "../../pipe/connection.ts";
import type { Mailslot } from "../../pipe/mailslot.ts";
import { newIdentity } from "../identity.ts";
import type { RouteSource, SourceMessage } from "../source.ts";

/** How a source of this kind is read. */
export interface TakenForm {
  readonly label: string;
  /** Waits for the next message; `undefined` if no message can come any more. */
  readonly take: (signal: AbortSignal) => Promise<Uint8Array | undefined>;
  /** Takes the next message if it is there already. */
  readonly tryTake?: () => Uint8Array | undefined;
  readonly close?: () => Promise<void> | void;
}

/** A source whose messages are gone when they are taken. */
export class TakenSource implements RouteSource {
  readonly label: string;
  readonly identity: string = newIdentity();
  /** The limits of these sources only guard against hostile peers. Long messages are counted. */
  readonly maxMessageLength = undefined;
  readonly missed = 0;
  readonly #form: TakenForm;
  #next = 0;

  constructor(form: TakenForm) {
    this.label = form.label;
    this.#form = form;
  }

  async next(signal: AbortSignal): Promise<SourceMessage | undefined> {
    signal.throwIfAborted();
    try {
      return this.#number(await this.#form.take(signal));
    } catch (error) {
      // The script has closed the source, so it has come to its end.
      if (error instanceof Deno.errors.BadResource) return undefined;
      throw error;
    }
  }

  tryNext(): SourceMessage | undefined {
    return this.#number(this.#form.tryTake?.());
  }

  release(): void {}

  close(): Promise<void> | void {
    return this.#form.close?.();
  }

  #number(bytes: Uint8Array | undefined): SourceMessage | undefined {
    return bytes && { bytes, number: this.#next++ };
  }
}

/**
 * Makes the source for a connection over a pipe of messages.
 *
 * @throws {TypeError} If the connection carries bytes.
 */
export function pipeSource(connection: PipeConnection): TakenSource {
  const { label, hasMessages } = formOf(connection);
  if (!hasMessages) {
    throw new TypeError(
      `Cannot bridge the ${label}: it carries bytes without boundaries of messages; open both ends ` +
        'with { mode: "messages" }, or pass an async iterable that yields messages',
    );
  }
  return new TakenSource({
    label,
    take: async (signal) => await connection.readMessage({ signal }) ?? undefined,
  });
}

/** Makes the source for a mailslot. */
export function mailslotSource(mailslot: Mailslot): TakenSource {
  return new TakenSource({
    label: `mailslot "${mailslot.path}"`,
    take: (signal) => mailslot.receive({ signal }),
  });
}

/** Makes the source for a listener for WM_COPYDATA. */
export function copyDataSource(listener: CopyDataListener): TakenSource {
  return new TakenSource({
    label: `window of class "${listener.class}"`,
    take: async (signal) => (await listener.receive({ signal }))?.bytes,
  });
}
