/**
 * A stream of a NATS server, and the client that a test gives to a bridge.
 *
 * @module
 */

import {
  jetstream,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  type StreamConfig,
} from "@nats-io/jetstream";
import {
  connect,
  type ConnectionOptions,
  headers,
  type NatsConnection,
} from "@nats-io/transport-node";
import { randomName } from "./random_name.ts";
import { until } from "./until.ts";

/** A stream with the one subject `NAME.lines`, and a connection. */
export class TestStream implements AsyncDisposable {
  readonly connection: NatsConnection;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly name: string;
  readonly subject: string;
  readonly headers = headers;

  private constructor(connection: NatsConnection, manager: JetStreamManager, name: string) {
    this.connection = connection;
    this.jetstream = jetstream(connection);
    this.manager = manager;
    this.name = name;
    this.subject = `${name}.lines`;
  }

  /** Connects, and creates a stream in files. */
  static async create(
    servers: string,
    settings: Partial<StreamConfig> = {},
  ): Promise<TestStream> {
    const connection = await connectTo(servers);
    const manager = await jetstreamManager(connection);
    const name = randomName();
    await manager.streams.add({ name, subjects: [`${name}.lines`], ...settings });
    return new TestStream(connection, manager, name);
  }

  /** The numbers that the stream's messages hold, in the stream's order. */
  async numbers(): Promise<number[]> {
    const { state: { messages } } = await this.manager.streams.info(this.name);
    if (messages === 0) return [];
    const consumer = await this.jetstream.consumers.get(this.name);
    const found: number[] = [];
    for await (const { data } of await consumer.fetch({ max_messages: messages })) {
      found.push(numberIn(data));
    }
    return found;
  }

  /** Waits until the stream has a number of messages. */
  async untilStored(count: number): Promise<void> {
    const stored = async () => (await this.manager.streams.info(this.name)).state.messages;
    await until(async () => await stored() >= count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
  }
}

/** Connects to a server, and tries for ever to connect again, often. */
export async function connectTo(
  servers: string,
  options: ConnectionOptions = {},
): Promise<NatsConnection> {
  return await connect({ servers, maxReconnectAttempts: -1, reconnectTimeWait: 20, ...options });
}

/** Closes a connection at the end of an `await using` block. */
export function closing(connection: NatsConnection): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => connection.close() };
}

/** Returns a message that holds a number. */
export function messageOf(number: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint32Array.of(number).buffer);
}

/** Returns the number that a message holds. */
export function numberIn(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** Returns the numbers from 0 up to a count. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}
