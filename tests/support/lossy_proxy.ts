/**
 * A TCP proxy that loses what a server answers.
 *
 * @module
 */

/** A TCP proxy between clients and a server on this machine. */
export class LossyProxy implements AsyncDisposable {
  /** The address for clients: `127.0.0.1:PORT`. */
  readonly address: string;
  /** Whether the bytes of the server are dropped. */
  isDropping = false;
  readonly #target: number;
  readonly #listener: Deno.TcpListener;
  readonly #connections = new Set<Deno.Conn>();
  readonly #tasks: Promise<void>[] = [];

  /** @param address The server's address: `127.0.0.1:PORT`. */
  constructor(address: string) {
    this.#target = Number(address.split(":")[1]);
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.address = `127.0.0.1:${this.#listener.addr.port}`;
    this.#tasks.push(this.#accept());
  }

  /** Cuts all connections. */
  cut(): void {
    for (const connection of this.#connections) connection.close();
    this.#connections.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await Promise.all(this.#tasks);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      this.#connections.add(client);
      try {
        const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
        this.#connections.add(server);
        this.#tasks.push(this.#copy(client, server, false), this.#copy(server, client, true));
      } catch {
        this.#close(client);
      }
    }
  }

  async #copy(from: Deno.Conn, to: Deno.Conn, isOfServer: boolean): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let length; (length = await from.read(buffer)) !== null;) {
        if (isOfServer && this.isDropping) continue;
        for (let at = 0; at < length;) at += await to.write(buffer.subarray(at, length));
      }
    } catch {
      // The other direction, or the test, has cut the connection.
    }
    this.#close(from);
    this.#close(to);
  }

  #close(connection: Deno.Conn): void {
    if (this.#connections.delete(connection)) connection.close();
  }
}
