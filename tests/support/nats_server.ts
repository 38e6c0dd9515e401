/**
 * Runs a NATS server for a test.
 *
 * On Windows, the server is `nats-server.exe` on the PATH. On Wine, the server is a Linux program,
 * which tools/winedeno installs. A shell beside that program kills it when the test's process has
 * ended.
 *
 * @module
 */

import { isWine } from "../../ffi/win32/ntdll.ts";
import { linuxPath, runOnLinux } from "./run_on_linux.ts";
import { within } from "./within.ts";

/** Options of {@linkcode NatsServer.start}. */
export interface NatsServerOptions {
  /** Whether the server has streams and buckets. Their files outlive a restart. */
  readonly jetstream?: boolean;
  /** Lines of the configuration, such as `max_payload: 1000`. */
  readonly config?: readonly string[];
}

/** A process of the server. */
interface ServerProcess {
  /** Ends the process at once, as a crash would. */
  kill(): Promise<void>;
}

/** A server on this machine, with a port and a folder of its own. */
export class NatsServer implements AsyncDisposable {
  /** The address for `connect({ servers })`: `127.0.0.1:PORT`. */
  readonly address: string;
  readonly #folder: string;
  #process: ServerProcess | undefined;

  private constructor(port: number, folder: string) {
    this.address = `127.0.0.1:${port}`;
    this.#folder = folder;
  }

  /** Starts a server, and waits until it answers. */
  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const { jetstream = false, config = [] } = options;
    const port = freePort();
    const folder = await Deno.makeTempDir({ prefix: "winipc-nats-" });
    const server = new NatsServer(port, folder);
    const stored = JSON.stringify(isWine() ? linuxPath(folder) : folder);
    const lines = [
      `listen: "127.0.0.1:${port}"`,
      ...jetstream ? [`jetstream: { store_dir: ${stored} }`] : [],
      ...config,
    ];
    await Deno.writeTextFile(`${folder}\\nats.conf`, lines.join("\n"));
    await server.restart();
    return server;
  }

  /** Starts the server again, after {@linkcode kill}. */
  async restart(): Promise<void> {
    const config = `${this.#folder}\\nats.conf`;
    this.#process = isWine() ? await startOnLinux(linuxPath(config)) : startOnWindows(config);
    await within("the NATS server answers", this.#untilAnswering());
  }

  /** Kills the server, as a crash would. */
  async kill(): Promise<void> {
    await this.#process?.kill();
    this.#process = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #untilAnswering(): Promise<void> {
    const port = Number(this.address.split(":")[1]);
    for (;;) {
      try {
        using connection = await Deno.connect({ hostname: "127.0.0.1", port });
        const { value } = await connection.readable.getReader().read();
        if (value !== undefined && new TextDecoder().decode(value).startsWith("INFO ")) return;
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Returns the number of a port that is free now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

function startOnWindows(config: string): ServerProcess {
  const child = new Deno.Command("nats-server", { args: ["-c", config], stderr: "null" }).spawn();
  return {
    async kill() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

/** `$PPID` is this process: Wine starts the shell as its child. */
const START = 'nats-server -c "$0" </dev/null >/dev/null 2>&1 & server=$!; ' +
  "(while kill -0 $PPID && kill -0 $server; do sleep 0.2; done; kill -KILL $server) " +
  "</dev/null >/dev/null 2>&1 & echo $server";

/** Waits until the killed process is gone, so that its port and its files are free. */
const KILL = "kill -KILL $0; while kill -0 $0 2>/dev/null; do sleep 0.01; done";

async function startOnLinux(config: string): Promise<ServerProcess> {
  const server = (await runOnLinux(["sh", "-c", START, config])).trim();
  return {
    kill: async () => void await runOnLinux(["sh", "-c", KILL, server]),
  };
}
