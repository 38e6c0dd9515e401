/**
 * The addresses of the NATS server, as the user types them.
 *
 * @module
 */

import { UsageError } from "../command_line/failure.ts";

/** The schemes of addresses; `tls:` insists on TLS. */
const SCHEMES = ["nats:", "tls:"];
const DEFAULT_PORT = "4222";

/** The servers of one cluster, and the name of the user. */
export interface ServerAddress {
  /** The addresses without names and passwords, for people: `nats.example.com:4222`. */
  readonly label: string;
  /** The addresses: `nats.example.com:4222`. */
  readonly servers: readonly string[];
  /** Whether the connection must have TLS. */
  readonly tls: boolean;
  /** The name of the user, or the token if there is no password. */
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/**
 * Reads addresses with commas between them: `nats://USER:PASSWORD@HOST:PORT`. The scheme, the user
 * and the port can be missing.
 *
 * @throws {UsageError} If an address is invalid. The error does not show the address, which can have
 *   a password.
 */
export function parseServers(text: string): ServerAddress {
  const urls = text.split(",").map((part) => urlOf(part.trim()));
  const servers = urls.map(({ hostname, port }) => `${hostname}:${port || DEFAULT_PORT}`);
  const { username, password } = urls.find(({ username }) => username !== "") ?? urls[0]!;
  return {
    label: servers.join(", "),
    servers,
    tls: urls.some(({ protocol }) => protocol === "tls:"),
    user: decoded(username),
    password: decoded(password),
  };
}

function urlOf(part: string): URL {
  const url = URL.parse(part.includes("://") ? part : `nats://${part}`);
  const isPlain = url !== null && ["", "/"].includes(url.pathname) && url.search === "" &&
    url.hash === "" && url.hostname !== "";
  if (isPlain && SCHEMES.includes(url.protocol)) return url;
  throw invalid();
}

function decoded(text: string): string | undefined {
  if (text === "") return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid();
  }
}

function invalid(): UsageError {
  return new UsageError(
    "Expected --nats to be the address of a NATS server: nats://HOST:PORT, or " +
      "nats://USER:PASSWORD@HOST:PORT with special characters as in URLs (%40 is @)",
  );
}
