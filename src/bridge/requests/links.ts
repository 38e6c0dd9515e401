/**
 * Links from the clients of a subject: the service's end.
 *
 * @module
 */

import { assertOptions, integerFrom, type OptionChecks } from "../../../ffi/arguments.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import type { LinkSource, MessageLink } from "../../rpc/link.ts";
import { MAX_MESSAGE_LENGTH } from "../../rpc/links/content.ts";
import { linkOver } from "../../rpc/links/transport.ts";
import { within } from "../../wait/options.ts";
import { AsyncQueue } from "../../wait/queue.ts";
import type { NatsClient, NatsConnection, NatsMessage, NatsSubscription } from "../nats.ts";
import { connectionOf } from "./connection.ts";
import { LinkEnd } from "./end.ts";
import { type Greeting, greetingBytes, readGreeting, WINDOW } from "./frame.ts";
import { INBOX, MAX_SILENCE, NATS_PEER_CHECKS, type NatsPeerOptions } from "./link.ts";
import { assertQueue, assertSubject, isSubject } from "../subject.ts";
import { NatsTransport } from "./transport.ts";

/** Time for a client to take the welcome, in milliseconds. */
const MAX_HANDSHAKE = 5000;
/** Maximum number of handshakes at a time, and of links that the iteration has not taken. */
const BACKLOG = 64;
/** Default of {@linkcode NatsLinksOptions.maxLinks}: each link costs a subscription and a timer. */
const MAX_LINKS = 1024;
/** Default of {@linkcode NatsLinksOptions.queue}. */
const QUEUE = "winipc";

/** Options of {@linkcode natsLinks}. */
export interface NatsLinksOptions extends NatsPeerOptions {
  /**
   * The name of the queue group. Servers that listen on the same subject with the same queue share
   * the clients. Each link belongs to one of them. @default "winipc"
   */
  queue?: string;
  /**
   * Maximum number of links that are open at the same time. Further clients ask again, and perhaps
   * find another server, until their time is over. @default 1024
   */
  maxLinks?: number;
}

const NATS_LINKS_CHECKS: OptionChecks<NatsLinksOptions> = {
  ...NATS_PEER_CHECKS,
  queue: assertQueue,
  maxLinks: integerFrom(1, 2 ** 16),
};

/**
 * Listens on a subject of a NATS server for clients that make links by {@linkcode natsLink}, for
 * `serve()`. So the same handlers answer scripts on this machine and on others.
 *
 * It listens when the server has taken the subscription, which `await connection.flush()` waits for.
 * It goes on when the client has connected again after an interruption. The links do not.
 *
 * Whoever may call is decided by the accounts and permissions of the NATS server, and not by the
 * service: see {@linkcode natsLink}. What strangers send is data, and never code. But check it, as
 * with `validate` of `serve()`.
 *
 * The source never keeps the process alive, but the connection does. Links stay open after
 * `close()`.
 *
 * @example Serve the clients of a subject
 * ```ts ignore
 * import { connect, headers } from "@nats-io/transport-node";
 * import { natsLinks } from "@winipc/winipc/bridge";
 * import { serve } from "@winipc/winipc/rpc";
 *
 * const connection = await connect({ servers: "nats.example.com" });
 * const handlers = { add: ([a, b]: [number, number]) => a + b };
 * const service = serve(natsLinks({ connection, headers }, "calculator"), handlers);
 * await service.finished;
 * ```
 *
 * @param nats The client. The script has connected it, and closes it after the service.
 * @param subject The subject of the service, without wildcards.
 * @throws {Deno.errors.BadResource} If the connection is closed.
 * @throws {TypeError} If an argument is of the wrong kind.
 * @throws {RangeError} If an option is out of range, or the `max_payload` of the server is below
 *   256 bytes.
 */
export function natsLinks(
  nats: NatsClient,
  subject: string,
  options: NatsLinksOptions = {},
): LinkSource {
  assertSubject("subject", subject);
  assertOptions(options, NATS_LINKS_CHECKS);
  return new NatsLinkSource(connectionOf(nats), subject, options);
}

/** The links of a service. */
class NatsLinkSource extends Uncloneable implements LinkSource {
  readonly #connection: NatsConnection;
  readonly #subject: string;
  readonly #options: NatsLinksOptions;
  readonly #subscription: NatsSubscription;
  readonly #ready = new AsyncQueue<MessageLink>();
  /** The links whose clients have not sent anything yet. */
  readonly #opening = new Set<NatsTransport>();
  /** The number of links that the iteration has not taken. */
  #waiting = 0;
  /** The number of links that are not closed. */
  #open = 0;
  #isClosed = false;

  constructor(connection: NatsConnection, subject: string, options: NatsLinksOptions) {
    super();
    this.#connection = connection;
    this.#subject = subject;
    this.#options = options;
    const { queue = QUEUE } = options;
    this.#subscription = connection.subscribe(subject, {
      queue,
      callback: (error, message) => {
        if (error === null) this.#hear(message);
        else this.#end(error.message, error);
      },
    });
    this.#subscription.closed.then(
      () => this.#end("the connection to the NATS server is closed"),
      (error) => this.#end(String(error)),
    );
  }

  /** Takes link after link, until the source is closed. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<MessageLink> {
    try {
      for (let link; (link = await this.#ready.take()) !== undefined;) {
        this.#waiting--;
        yield link;
      }
    } finally {
      // Nobody takes links any more.
      this.close();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#subscription.unsubscribe();
    this.#ready.end();
    for (const transport of this.#opening) void transport.abort();
    for (const link of this.#ready.takeAll()) void link[Symbol.asyncDispose]();
  }

  /** Whether there are as many clients as the source can have. */
  get #isFull(): boolean {
    const { maxLinks = MAX_LINKS } = this.#options;
    const { size } = this.#opening;
    return this.#waiting + size >= BACKLOG || this.#open + size >= maxLinks;
  }

  /** Ends the iteration with an error. */
  #end(why: string, cause?: Error): void {
    this.#ready.end(
      new Deno.errors.ConnectionReset(
        `Cannot listen on the subject "${this.#subject}": ${why}`,
        cause && { cause },
      ),
    );
    this.close();
  }

  #hear({ data, reply = "" }: NatsMessage): void {
    const hello = readGreeting(data);
    const { inboxPrefix = INBOX } = this.#options;
    // A client must not make this process publish on subjects that the client may not use.
    if (hello?.kind !== "hello" || !reply.startsWith(inboxPrefix) || !isSubject(reply)) return;
    try {
      if (this.#isFull) this.#connection.publish(reply, answerTo(hello, { kind: "busy" }));
      else this.#welcome(hello, reply);
    } catch {
      // The connection is closed: nobody gets the answer.
    }
  }

  /** Makes this end of a link, and tells the client of it. */
  #welcome(hello: Greeting, inbox: string): void {
    const { maxMessageLength: maxLength = MAX_MESSAGE_LENGTH, maxSilence = MAX_SILENCE } =
      this.#options;
    const connection = this.#connection;
    const near = new LinkEnd(connection, this.#subject, { hear() {}, deafen() {} });
    const transport = new NatsTransport({
      connection,
      label: `link over NATS from a client of "${this.#subject}"`,
      near,
      far: { ...hello, subject: inbox },
      maxLength,
      maxSilence,
    });
    this.#opening.add(transport);
    void this.#passOn(transport);
    const { subject: reply, token } = near;
    const welcome = answerTo(hello, { kind: "welcome", token, maxLength });
    connection.publish(inbox, welcome, { reply });
  }

  /** Passes a link on when its client has sent something. */
  async #passOn(transport: NatsTransport): Promise<void> {
    await within(transport.opened, MAX_HANDSHAKE);
    this.#opening.delete(transport);
    if (!transport.isOpen || this.#isClosed) return void transport.abort();
    const link = linkOver(transport);
    this.#open++;
    void link.closed.then(() => this.#open--);
    this.#waiting++;
    this.#ready.put(link);
  }
}

function answerTo(
  { token: to }: Greeting,
  { kind, token = 0n, maxLength = 0 }: Pick<Greeting, "kind"> & Partial<Greeting>,
): Uint8Array {
  return greetingBytes({ kind, to, token, maxLength, window: WINDOW });
}
