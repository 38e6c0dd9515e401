/**
 * Serves any number of clients at the speed of memory. Each client sends measurements, and the
 * server answers with the mean of that client's measurements so far.
 *
 *     deno run --allow-ffi examples/ring_server.ts serve --clients 2
 *     deno run --allow-ffi examples/ring_server.ts measure 3 4 5
 *     deno run --allow-ffi examples/ring_server.ts measure 10 20
 *
 * Client and server meet at a named pipe. There the server hands over two channels without names,
 * so no other program can read or write them. If a process ends, its peer learns it at once.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { connectRing, listenRing, type RingConnection } from "@winipc/winipc";

/** Serves a number of clients, several at a time. Returns the number of all measurements. */
export async function serve(name: string, clients: number, signal: AbortSignal): Promise<number> {
  using listener = listenRing(name);
  const served: Promise<number>[] = [];
  while (served.length < clients) {
    const connection = await listener.accept({ signal });
    // Not awaited, so that the next client does not wait for this one.
    served.push(serveClient(connection, signal));
  }
  const counts = await Promise.all(served);
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Answers a client until it closes its end or dies. Returns the number of its measurements. */
async function serveClient(connection: RingConnection, signal: AbortSignal): Promise<number> {
  using client = connection;
  let [count, sum] = [0, 0];
  try {
    for (let bytes; (bytes = await client.receiver.receive({ signal })) !== undefined;) {
      sum += new DataView(bytes.buffer).getFloat64(0, true);
      count++;
      await client.sender.sendValue({ count, mean: sum / count }, { signal });
    }
  } catch (error) {
    signal.throwIfAborted();
    // A client that dies or sends nonsense must not end the server.
    console.error(`Process ${client.peer.pid}: ${error}`);
  }
  return count;
}

/** Sends measurements, and returns the server's answers. */
export async function measure(
  name: string,
  values: readonly number[],
  signal: AbortSignal,
): Promise<unknown[]> {
  using server = await connectRing(name, { waitForServer: true, signal });
  const answers: unknown[] = [];
  for (const value of values) {
    await server.sender.send(Float64Array.of(value), { signal });
    const answer = await server.receiver.receiveValue({ signal });
    answers.push(answer?.value);
  }
  return answers;
}

if (import.meta.main) {
  const { _: [role, ...values], name, clients, timeout } = parseArgs(Deno.args, {
    string: ["name", "clients", "timeout"],
    default: { name: "winipc-means", clients: "1", timeout: "30000" },
  });
  const signal = AbortSignal.timeout(Number(timeout));
  if (role === "serve") {
    const count = await serve(name, Number(clients), signal);
    console.log(`Served ${clients} clients with ${count} measurements`);
  } else if (role === "measure" && values.length > 0) {
    for (const answer of await measure(name, values.map(Number), signal)) console.log(answer);
  } else {
    console.error(
      "Usage: ring_server.ts serve [--name NAME] [--clients N] [--timeout MS]\n" +
        "       ring_server.ts measure VALUE… [--name NAME] [--timeout MS]",
    );
    Deno.exit(2);
  }
}
