/**
 * Plays random connections, and checks that nothing is lost, invented or left hanging.
 *
 * @module
 */

import {
  connectPipe,
  listenPipe,
  type PipeConnection,
  type PipeListener,
} from "../../../src/pipe/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { within } from "../../support/within.ts";
import { checkReports } from "./check.ts";
import { playEnd, type Report } from "./end.ts";
import { type Kind, KINDS, type Plan, planOf, randomFor } from "./plan.ts";

/** Time limit of a connection, in milliseconds: far more than the time limit of close(). */
const PATIENCE = 60_000;
/** Maximum number of connections at a time. */
const MAX_CONNECTIONS = 6;
/** A killed client is in every round with this number. */
const KILL_INTERVAL = 30;
/** Each time after this number of rounds, the listeners close, and others listen by their names. */
const RELISTEN_INTERVAL = 10;

/** Options of {@linkcode fuzz}. */
export interface Fuzz {
  seed: number;
  /** The number of calls of both ends, after which no more connections begin. */
  steps: number;
  /** Whether the clients are in another process, which is killed now and then. */
  isFar: boolean;
  /** Called after each round. */
  onRound?: (steps: number) => void;
}

/** Connections that are played at the same time. */
export interface Round {
  seed: number;
  name: string;
  first: number;
  count: number;
}

/** Plays random connections. Returns the number of connections. */
export async function fuzz({ seed, steps, isFar, onRound }: Fuzz): Promise<number> {
  const name = randomName();
  let listeners = listen(name);
  let peer: Peer | undefined;
  let [made, first] = [0, 0];
  try {
    for (let round = 1; made < steps; round++) {
      if (round % RELISTEN_INTERVAL === 0) {
        close(listeners);
        listeners = listen(name);
      }
      const random = randomFor(seed, round, 5);
      const count = 1 + random.below(MAX_CONNECTIONS);
      const kills = isFar && round % KILL_INTERVAL === 0;
      const task = { seed, name, first, count };
      const peerOfRound = isFar
        ? peer ??= await Peer.start("pipe/fuzz/peers/clients.ts")
        : undefined;
      const what = `round ${round} with connections ${first} to ${
        first + count - 1
      } of seed ${seed} ends`;
      const playing = playRound(task, { listeners, peer: peerOfRound, kills, random });
      made += await within(what, playing, PATIENCE);
      if (kills) {
        await peer?.[Symbol.asyncDispose]();
        peer = undefined;
        // Clients of the killed process can still be in the listeners' queues.
        close(listeners);
        listeners = listen(name);
      }
      first += count;
      onRound?.(made);
    }
  } finally {
    close(listeners);
    await peer?.[Symbol.asyncDispose]();
  }
  return first;
}

type Listeners = Record<Kind, PipeListener>;

function listen(name: string): Listeners {
  const of = (kind: Kind) => listenPipe({ name: `${name}-${kind}`, ...KINDS[kind] });
  return { bytes: of("bytes"), messages: of("messages"), end: of("end") };
}

function close(listeners: Listeners): void {
  for (const listener of Object.values(listeners)) listener.close();
}

/** Plays connections at both ends, and compares. Returns the number of steps. */
async function playRound(
  round: Round,
  { listeners, peer, kills, random }: {
    listeners: Listeners;
    peer: Peer | undefined;
    kills: boolean;
    random: ReturnType<typeof randomFor>;
  },
): Promise<number> {
  const killed = new AbortController();
  const serving = serve(round, listeners, killed.signal);
  serving.catch(() => {});
  let clients: (Report | null)[] = [];
  // If one side fails, the other one can wait for ever.
  if (peer === undefined) [clients] = await Promise.all([playClients(round), serving]);
  else {
    await peer.send(JSON.stringify(round));
    if (!kills) [clients] = await Promise.all([peer.nextLine().then(JSON.parse), serving]);
    else {
      await new Promise((resolve) => setTimeout(resolve, random.below(60)));
      peer.kill();
      await peer.gone();
      killed.abort();
    }
  }
  const servers = await serving;
  let steps = 0;
  for (let index = 0; index < round.count; index++) {
    const plan = planOf(round.seed, round.first + index);
    const reports = { server: servers.get(plan.id), client: clients[index] ?? undefined };
    if (plan.ending === "vanish") continue;
    if (!kills && reports.server === undefined) throw new Error(`No client ${plan.id} came`);
    checkReports(round.seed, plan, reports);
    steps += stepsOf(reports.server) + stepsOf(reports.client);
  }
  return steps + round.count;
}

function stepsOf(report: Report | undefined): number {
  // The connect and the close are steps, too.
  return report === undefined ? 0 : report.sent.steps + report.received.steps + 2;
}

/** Plays the server's end of all connections of a round. */
async function serve(
  round: Round,
  listeners: Listeners,
  killed: AbortSignal,
): Promise<Map<number, Report>> {
  const reports = new Map<number, Report>();
  await Promise.all(
    plansOf(round).map(async ({ kind }) => {
      let connection: PipeConnection;
      try {
        connection = await listeners[kind].accept({ signal: killed });
      } catch (error) {
        if (error === killed.reason) return;
        throw error;
      }
      const id = await readId(connection);
      if (id === undefined) return connection.close();
      const plan = planOf(round.seed, id);
      reports.set(id, await playEnd(connection, { seed: round.seed, plan, side: "server" }));
    }),
  );
  return reports;
}

/** Plays the client's end of all connections of a round. */
export async function playClients(round: Round): Promise<(Report | null)[]> {
  const { seed, name } = round;
  return await Promise.all(
    plansOf(round).map(async (plan) => {
      const { kind } = plan;
      const connection = await connectPipe(`${name}-${kind}`, {
        ...KINDS[kind],
        timeout: PATIENCE,
      });
      if (plan.ending === "vanish") {
        connection.close();
        return null;
      }
      await connection.write(Uint32Array.of(plan.id));
      return await playEnd(connection, { seed, plan, side: "client" });
    }),
  );
}

function plansOf({ seed, first, count }: Round): Plan[] {
  return Array.from({ length: count }, (_, index) => planOf(seed, first + index));
}

/** Reads the number that a client begins with, or returns `undefined` if there is none. */
async function readId(connection: PipeConnection): Promise<number | undefined> {
  const bytes = new Uint8Array(4);
  for (let at = 0; at < bytes.length;) {
    const length = await connection.read(bytes.subarray(at));
    if (length === null) return undefined;
    at += length;
  }
  return new Uint32Array(bytes.buffer)[0];
}
