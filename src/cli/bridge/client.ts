/**
 * Loads the NATS client, and connects it. Only `winipc bridge` needs the client, so no other
 * subcommand downloads or loads it.
 *
 * @module
 */

import { messageOf } from "../command_line/failure.ts";
import type { NatsClient, NatsConnection, NatsHeaders, NatsJetStream } from "../../bridge/mod.ts";
import type { ServerAddress } from "./server.ts";

/**
 * The packages, as in deno.json. They are not named in `import()` itself: Deno would download what
 * it finds there before the command runs.
 */
export const PACKAGES = {
  client: "npm:@nats-io/transport-node@^3.4.0",
  streams: "npm:@nats-io/jetstream@^3.4.0",
} as const;

/** Maximum time for the first connection, in milliseconds. */
const CONNECT_TIMEOUT = 5000;
/** The time between two tries to reach a server that is away, in milliseconds. */
const RETRY_INTERVAL = 1000;

/** A change of the connection. */
interface Status {
  readonly type: string;
  /** The error of the server, if the type is `"error"`. */
  readonly error?: Error;
}

/** A connection, with the parts that only the command uses. */
export interface Connection extends NatsConnection {
  status(): AsyncIterable<Status>;
  close(): Promise<void>;
}

/** The parts of `@nats-io/transport-node` that the command uses. */
interface ClientModule {
  connect(options: Record<string, unknown>): Promise<Connection>;
  headers(): NatsHeaders;
  credsAuthenticator(file: Uint8Array): unknown;
}

/** The parts of `@nats-io/jetstream` that the command uses. */
interface StreamsModule {
  jetstream(connection: NatsConnection): NatsJetStream;
}

/** How {@linkcode connectClient} connects. */
export interface ConnectOptions {
  readonly server: ServerAddress;
  /** The contents of a file of credentials. */
  readonly credentials: Uint8Array | undefined;
  /** Whether routes use streams. */
  readonly streams: boolean;
}

/** A client whose connection the command closes. */
export interface ConnectedClient extends NatsClient {
  readonly connection: Connection;
}

/**
 * Loads the client, and connects to the server. Later, the client tries again whenever the server is
 * away.
 *
 * @throws {Deno.errors.NotCapable} If a permission is missing.
 * @throws {Deno.errors.PermissionDenied} If the server refuses the user.
 * @throws {Error} If the client cannot be loaded, or the server cannot be reached.
 */
export async function connectClient(
  { server, credentials, streams }: ConnectOptions,
): Promise<ConnectedClient> {
  const client = await load<ClientModule>(PACKAGES.client);
  const streamsModule = streams ? await load<StreamsModule>(PACKAGES.streams) : undefined;
  const { servers, tls, user, password, label } = server;
  try {
    const connection = await client.connect({
      servers: [...servers],
      name: "winipc bridge",
      timeout: CONNECT_TIMEOUT,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RETRY_INTERVAL,
      ...(tls && { tls: {} }),
      ...(password === undefined ? { token: user } : { user, pass: password }),
      ...(credentials && { authenticator: client.credsAuthenticator(credentials) }),
    });
    const jetstream = streamsModule?.jetstream(connection);
    return { connection, headers: client.headers, jetstream };
  } catch (error) {
    throw failureOf(error, label);
  }
}

/** @typeParam Module The type of the package, which is not checked. */
async function load<Module>(name: string): Promise<Module> {
  try {
    return await import(name);
  } catch (cause) {
    throw new Error(
      `Cannot load the NATS client ${name}: ${messageOf(cause)}. ` +
        "Deno downloads the client from npm at its first use",
      { cause },
    );
  }
}

function failureOf(error: unknown, label: string): unknown {
  if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) return error;
  if (error.name === "AuthorizationError" || error.name === "UserAuthenticationExpiredError") {
    return new Deno.errors.PermissionDenied(
      `The NATS server at ${label} refuses the user: ${error.message}; check the user and the ` +
        "password in --nats, or the file of --creds",
    );
  }
  const why = error.name === "TimeoutError"
    // The client also waits in vain if the server closes the connection to a user at once.
    ? "no answer, or no user with this password"
    : error.message;
  return new Error(
    `Cannot connect to the NATS server at ${label}: ${why}; check that nats-server runs ` +
      "there, and that --nats has its address",
    { cause: error },
  );
}
