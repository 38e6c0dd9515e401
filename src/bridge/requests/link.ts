/**
 * Links to a service by its subject: the client's end.
 *
 * 1. The client subscribes to a subject of its own, and says hello on the subject of the service.
 * 2. One server of the service subscribes to a subject for the link, and welcomes the client.
 *
 * Each side tells a random number that later messages to its subject must carry.
 *
 * @module
 */

import { assertOptions, integerFrom, type OptionChecks } from "../../../ffi/arguments.ts";
import type { MessageLink } from "../../rpc/link.ts";
import { LINK_CHECKS, type LinkOptions, MAX_MESSAGE_LENGTH } from "../../rpc/links/content.ts";
import { linkOver } from "../../rpc/links/transport.ts";
import {
  deadlineAfter,
  MAX_TIMER,
  sleep,
  timeLeft,
  WAIT_CHECKS,
  type WaitOptions,
} from "../../wait/options.ts";
import { AsyncQueue } from "../../wait/queue.ts";
import type { NatsClient, NatsConnection, NatsMessage } from "../nats.ts";
import { assertOpen, connectionOf } from "./connection.ts";
import { asError, isNobody, LinkEnd } from "./end.ts";
import { greetingBytes, readGreeting, WINDOW } from "./frame.ts";
import { assertSubject } from "../subject.ts";
import { NatsTransport } from "./transport.ts";

/** Default time for the answer of a service, in milliseconds. */
const MAX_ANSWER = 5000;
/** Pause before a server is asked again that was busy, or not reached, in milliseconds. */
const PAUSE = 50;
/** Default of {@linkcode NatsPeerOptions.maxSilence}, in milliseconds. */
export const MAX_SILENCE = 10_000;
/** Default of {@linkcode NatsPeerOptions.inboxPrefix}, which NATS itself uses. */
export const INBOX = "_INBOX";

/** Options of both ends of a link over NATS. */
export interface NatsPeerOptions extends LinkOptions {
  /**
   * Time in milliseconds after which a peer that sends nothing counts as dead, at least 2000, or
   * `Infinity`. Each end sends something each second, unless its script computes without a pause.
   * The death of a process is usually seen within a second or two. @default 10_000
   */
  maxSilence?: number;
  /**
   * The beginning of clients' subjects. A service answers only on such subjects, so that no client
   * can make it publish on others. @default "_INBOX"
   */
  inboxPrefix?: string;
}

/** The checks of {@linkcode NatsPeerOptions}. */
export const NATS_PEER_CHECKS: OptionChecks<NatsPeerOptions> = {
  ...LINK_CHECKS,
  maxSilence(name, value) {
    if (value !== Infinity) integerFrom(2000, MAX_TIMER)(name, value);
  },
  inboxPrefix: assertSubject,
};

/** Options of {@linkcode natsLink}. */
export interface NatsLinkOptions extends NatsPeerOptions, WaitOptions {}

const NATS_LINK_CHECKS: OptionChecks<NatsLinkOptions> = { ...NATS_PEER_CHECKS, ...WAIT_CHECKS };

/**
 * Makes a link to a service, wherever it runs, through a NATS server. The service listens by
 * {@linkcode natsLinks}. If several servers listen on the subject, the link is to one of them.
 *
 * The link ends with `ConnectionReset` when the peer dies, when either end loses its connection to
 * the NATS server, or when a message is lost. Make another link then. Values can be longer than the
 * `max_payload` of the server: they go in parts.
 *
 * Whoever may use the subjects is decided by the accounts and permissions of the NATS server. A
 * client publishes on `SUBJECT` and `SUBJECT.*`, and subscribes to `_INBOX.*`. A service subscribes
 * to `SUBJECT` and `SUBJECT.*`, and publishes on `_INBOX.*`.
 *
 * The link never keeps the process alive, but the connection does.
 *
 * @example Call a service on any machine
 * ```ts ignore
 * import { connect, headers } from "@nats-io/transport-node";
 * import { natsLink } from "@winipc/winipc/bridge";
 * import { client } from "@winipc/winipc/rpc";
 *
 * type Handlers = { add: (args: [number, number]) => number };
 *
 * const connection = await connect({ servers: "nats.example.com" });
 * {
 *   const link = await natsLink({ connection, headers }, "calculator", { timeout: 2000 });
 *   await using calculator = client<Handlers>(link);
 *   console.log(await calculator.call("add", [1, 2])); // 3
 * }
 * await connection.close();
 * ```
 *
 * @param nats The client. The script has connected it, and closes it after the link.
 * @param subject The subject of the service, without wildcards.
 * @param options `timeout` is 5000 by default.
 * @throws {Deno.errors.NotFound} If nobody listens on the subject.
 * @throws {Deno.errors.TimedOut} If no service answered in time, or the server was not reached.
 * @throws {Deno.errors.ConnectionReset} If the connection was lost during the handshake.
 * @throws {Deno.errors.BadResource} If the connection is closed.
 * @throws {TypeError} If an argument is of the wrong kind.
 * @throws {RangeError} If an option is out of range, or the `max_payload` of the server is below
 *   256 bytes.
 */
export async function natsLink(
  nats: NatsClient,
  subject: string,
  options: NatsLinkOptions = {},
): Promise<MessageLink> {
  assertSubject("subject", subject);
  assertOptions(options, NATS_LINK_CHECKS);
  options.signal?.throwIfAborted();
  const handshake = new Handshake(connectionOf(nats), subject, options);
  try {
    return linkOver(await handshake.run());
  } catch (error) {
    await handshake.abort();
    throw error;
  }
}

/**
 * Time in milliseconds after which a hello without an answer is said again. The NATS server can
 * pass the hello on to a service whose machine has just vanished.
 */
const REPEAT = 1000;

/** Something that happens during the handshake. */
type Happening = "reached" | "not reached" | "busy" | "nobody" | "unanswered" | NatsTransport;

/** The handshake of a client. */
class Handshake {
  readonly #connection: NatsConnection;
  readonly #subject: string;
  readonly #options: NatsLinkOptions;
  readonly #near: LinkEnd;
  readonly #happenings: AsyncQueue<Happening>;
  #transport: NatsTransport | undefined;
  /** Whether a busy answer is not handled yet: several services can answer each hello. */
  #isBusy = false;
  /** Says why there may be no answer. */
  #doubt = "the NATS server is not reached";

  constructor(connection: NatsConnection, subject: string, options: NatsLinkOptions) {
    this.#connection = connection;
    this.#subject = subject;
    this.#options = options;
    const { timeout = MAX_ANSWER, inboxPrefix = INBOX } = options;
    this.#happenings = new AsyncQueue(() =>
      new Deno.errors.TimedOut(
        `Waited ${timeout} ms for a service on the subject "${subject}": ${this.#doubt}`,
      )
    );
    this.#near = new LinkEnd(connection, inboxPrefix, {
      hear: (message) => this.#hear(message),
      deafen: (why, cause) => this.#happenings.end(this.#failed(why, cause)),
    });
  }

  /** Says hello until a service answers, and returns the transport of the link. */
  async run(): Promise<NatsTransport> {
    const again = setInterval(() => this.#happenings.put("unanswered"), REPEAT);
    try {
      return await this.#greet();
    } finally {
      clearInterval(again);
    }
  }

  async #greet(): Promise<NatsTransport> {
    const { timeout = MAX_ANSWER, signal } = this.#options;
    const deadline = deadlineAfter(timeout);
    let hasSaidHello = false;
    this.#reach();
    for (;;) {
      const happened = await this.#happenings.take({
        timeout: Math.ceil(timeLeft(deadline)),
        ...(signal && { signal }),
      });
      switch (happened) {
        case "reached":
          this.#doubt = "what listens there may not be natsLinks(), or this client may not publish";
          this.#sayHello();
          hasSaidHello = true;
          break;
        case "unanswered":
          if (hasSaidHello) this.#sayHello();
          break;
        case "not reached":
          // The client connects again. What it has published meanwhile is lost.
          await sleep(PAUSE, signal);
          assertOpen(this.#connection);
          this.#reach();
          break;
        case "busy":
          this.#doubt =
            "its servers have as many links as maxLinks, or as they can begin at a time";
          await sleep(PAUSE, signal);
          this.#isBusy = false;
          this.#sayHello();
          break;
        case "nobody":
          throw new Deno.errors.NotFound(
            `Nobody listens on the subject "${this.#subject}": start the service, and check that ` +
              "both use the same subject, and the same account of the NATS server",
          );
        case undefined:
          throw this.#failed("the connection to the NATS server is closed");
        default:
          return happened;
      }
    }
  }

  /** Closes this end. */
  async abort(): Promise<void> {
    this.#near[Symbol.dispose]();
    await this.#transport?.abort();
  }

  /** Makes sure that the client is connected, and that the server has taken the subscription. */
  #reach(): void {
    const tell = (happened: Happening) => this.#happenings.put(happened);
    this.#connection.flush().then(() => tell("reached"), () => tell("not reached"));
  }

  #sayHello(): void {
    const { maxMessageLength: maxLength = MAX_MESSAGE_LENGTH } = this.#options;
    const { subject: reply, token } = this.#near;
    const hello = greetingBytes({ kind: "hello", to: 0n, token, maxLength, window: WINDOW });
    try {
      this.#connection.publish(this.#subject, hello, { reply });
    } catch (error) {
      throw this.#failed("the NATS client does not take a message", asError(error));
    }
  }

  #hear(message: NatsMessage): void {
    if (isNobody(message)) return this.#happenings.put("nobody");
    const greeting = readGreeting(message.data);
    // Anybody can publish on this end's subject.
    if (greeting?.to !== this.#near.token) return;
    if (greeting.kind === "busy") {
      if (!this.#isBusy) this.#happenings.put("busy");
      this.#isBusy = true;
      return;
    }
    const { reply } = message;
    if (greeting.kind !== "welcome" || reply === undefined || reply === "") return;
    const { maxMessageLength: maxLength = MAX_MESSAGE_LENGTH, maxSilence = MAX_SILENCE } =
      this.#options;
    this.#transport = new NatsTransport({
      connection: this.#connection,
      label: `link over NATS to "${this.#subject}"`,
      near: this.#near,
      far: { ...greeting, subject: reply },
      maxLength,
      maxSilence,
    });
    this.#transport.beat();
    this.#happenings.put(this.#transport);
  }

  #failed(why: string, cause?: Error): Deno.errors.ConnectionReset {
    return new Deno.errors.ConnectionReset(
      `Cannot make a link over NATS to "${this.#subject}": ${why}`,
      cause && { cause },
    );
  }
}
