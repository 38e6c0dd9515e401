import { bridge, type Route } from "../bridge/mod.ts";
import { Board } from "./bridge/board.ts";
import { connectClient, type Connection } from "./bridge/client.ts";
import { type EndOptions, openSink, openSource } from "./bridge/ends.ts";
import { assertFits, type BridgeOptions } from "./bridge/fits.ts";
import { RouteMeter } from "./bridge/record.ts";
import { parseRoutes, type RouteWords } from "./bridge/route_words.ts";
import { parseServers, type ServerAddress } from "./bridge/server.ts";
import type { Invocation } from "./command_line/command.ts";
import type { SpecOf } from "./commands.ts";
import { EXIT, exitCodeOf, messageOf } from "./command_line/failure.ts";
import { TimeLimit } from "./waiting/limits.ts";
import { pause } from "./waiting/pause.ts";
import { formatOf } from "./printing/records.ts";
import { ifMissing } from "./targets/not_found.ts";

type Call = Invocation<SpecOf<"bridge">>;

/** Runs `winipc bridge`. */
export async function run({ args, options, output, signal }: Call): Promise<number> {
  const format = formatOf(options);
  const words = parseRoutes(args.route);
  assertFits(words, options);
  const server = parseServers(options.nats);
  const credentials = options.creds === undefined ? undefined : await Deno.readFile(options.creds);
  using limit = new TimeLimit(signal, options.timeout);
  await using stack = new AsyncDisposableStack();
  const routes: Route[] = [];
  const { take, messages } = options;
  const ends = { output, wait: { signal: limit.signal }, take, messages };
  for (const route of words) routes.push(await openRoute(route, { options, ends, stack }));
  const streams = options.stream !== undefined || options.durable !== undefined;
  const nats = await connectClient({ server, credentials, streams });
  stack.defer(() => nats.connection.close());
  limit.signal.throwIfAborted();
  using board = new Board(output, format);
  const running = bridge(nats, routes, {
    onError(error, { route }) {
      const at = running.stats.findIndex((stats) => stats.error === error && stats.route === route);
      board.say(`${words[at]?.text}: ${messageOf(error)}`);
    },
  });
  stack.use(running);
  // After that, the server knows the subscriptions, also if it goes away meanwhile.
  nats.connection.flush().then(() => board.say(`Connected to ${server.label}`), () => {});
  void sayChanges(nats.connection, server, board);
  const meter = new RouteMeter(words.map(({ text }) => text), performance.now());
  const look = () => board.show(meter.measure(running.stats, performance.now()));
  const over = running.closed.then(() => EXIT.done, exitCodeOf);
  let code: number | undefined;
  try {
    while (code === undefined) {
      const pausing = new AbortController();
      const paused = pause(options.interval, AbortSignal.any([limit.signal, pausing.signal]));
      try {
        code = await Promise.race([over, paused.then(() => undefined)]);
      } finally {
        pausing.abort();
      }
      if (code === undefined) look();
    }
  } finally {
    // The routes deliver what they have taken, also after Ctrl-C.
    await running[Symbol.asyncDispose]();
    look();
  }
  return code;
}

/** Opens the channel of a route, which is closed after the bridge. */
async function openRoute(
  route: RouteWords,
  { options, ends, stack }: {
    options: BridgeOptions;
    ends: EndOptions;
    stack: AsyncDisposableStack;
  },
): Promise<Route> {
  const { subject } = route;
  const { stream, durable, "in-flight": inFlight, "drop-long": drops } = options;
  if ("from" in route) {
    const { end, close } = await ifMissing(route.from, () => openSource(route.from, ends));
    stack.defer(close);
    return {
      from: end,
      subject,
      ...(stream !== undefined && {
        delivery: { stream, ...(inFlight !== undefined && { inFlight }) },
      }),
      ...(drops && { tooLong: "drop" }),
    };
  }
  const { end, close } = await ifMissing(route.to, () => openSink(route.to, ends));
  stack.defer(close);
  return { subject, to: end, ...(durable !== undefined && { durable }) };
}

/** Says when the server goes away and comes back, until the connection is closed. */
async function sayChanges(
  connection: Connection,
  { label }: ServerAddress,
  board: Board,
): Promise<void> {
  for await (const { type, error } of connection.status()) {
    if (type === "disconnect") {
      board.say(`The NATS server at ${label} is away: winipc tries again every second`);
    } else if (type === "reconnect") board.say(`The NATS server at ${label} is back`);
    else if (type === "error") board.say(`The NATS server says: ${error?.message}`);
  }
}
