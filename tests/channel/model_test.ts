import { assert, assertEquals } from "@std/assert";
import { SENDER } from "../../src/channel/ring_header.ts";
import { RingReceiver } from "../../src/channel/ring_receiver.ts";
import { RingSender } from "../../src/channel/ring_sender.ts";
import { explore, type Process, type Scenario, type Tell } from "./model/explore.ts";

const settings = {
  capacity: 1024,
  maxMessageLength: 504,
  whenFull: "wait",
  producers: "single",
} as const;

const SHORT = 8;
/** Two of these fill the ring. */
const LONG = 504;

/** How a process of a scenario does what it does. */
interface Way extends Omit<Process, "body"> {
  /** How long messages are, in bytes. @default 8 */
  length?: number;
  /** Whether it goes on in its event loop while it waits. @default false */
  isAsync?: boolean;
  /** Whether its first wait for something has an end. @default false */
  isTimed?: boolean;
  /** Whether it ends without closing its end. @default false */
  leaves?: boolean;
  /** How many messages it receives. @default Infinity */
  most?: number;
}

/** Does something for as long as its time is over before it is done, at most twice. */
async function patiently<T>(
  isTimed: boolean,
  act: (options: { timeout?: number }) => T | Promise<T>,
): Promise<T> {
  if (!isTimed) return await act({});
  try {
    return await act({ timeout: 1000 });
  } catch (error) {
    if (!(error instanceof Deno.errors.TimedOut)) throw error;
    return await act({});
  }
}

/** Sends messages, and says which of them are sent, and "broken" if there is no receiver any more. */
function sends(values: readonly number[], way: Way = {}): Process {
  const { length = SHORT, isAsync = false, isTimed = false, leaves = false } = way;
  const send = async (sender: RingSender, { note }: Tell) => {
    for (const value of values) {
      const message = new Uint8Array(length).fill(value);
      try {
        if (isAsync) await patiently(isTimed, (options) => sender.send(message, options));
        else if (isTimed) await patiently(isTimed, (options) => sender.sendSync(message, options));
        else sender.sendSync(message);
      } catch (error) {
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
        return note("broken");
      }
      note(`${value}`);
    }
  };
  return {
    ...way,
    body: async (options, tell) => {
      const sender = new RingSender(options);
      tell.prepared();
      await send(sender, tell);
      if (!leaves) sender.close();
    },
  };
}

/** Receives messages to the end; says which, and "reset" when a sender has died. */
function receives(way: Way = {}): Process {
  const { length = SHORT, isAsync = false, isTimed = false, leaves = false, most = Infinity } = way;
  const receive = async (receiver: RingReceiver, { note }: Tell) => {
    for (let count = 0; count < most; count++) {
      try {
        const message = isAsync
          ? await patiently(isTimed, (options) => receiver.receive(options))
          : isTimed
          ? await patiently(isTimed, (options) => receiver.receiveSync(options))
          : receiver.receiveSync();
        if (message === undefined) return note("end");
        assertEquals(message, new Uint8Array(length).fill(message[0]!));
        note(`${message[0]}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
        note("reset");
      }
    }
  };
  return {
    ...way,
    body: async (options, tell) => {
      const receiver = new RingReceiver(options);
      tell.prepared();
      await receive(receiver, tell);
      if (!leaves) receiver.close();
    },
  };
}


/** Asserts that what was sent for sure was received, once and in order, and what else there was. */
function delivered(
  [sent, received]: [readonly string[], readonly string[]],
  { of, then, overlap = 0 }: { of: number; then: readonly string[]; overlap?: number },
): void {
  const rest = received.filter((note) => !/\d/.test(note));
  assertEquals(rest, then);
}

const exactly = (...expected: string[]): Scenario["check"] => (notes) =>
  assertEquals(notes.at(-1), expected);

const scenarios: Record<string, Omit<Scenario, "settings">> = {};
for (const isAsync of [false, true]) {
  const how = isAsync ? "async" : "sync";
  scenarios[`${how} wake data`] = {
    processes: [sends([1, 2], { isAsync, prepares: true, leaves: true }), receives({ isAsync, prepares: true, leaves: true, most: 2 })],
    check: exactly("1", "2"),
  };
  scenarios[`${how} wake space`] = {
    processes: [sends([1, 2, 3], { length: LONG, isAsync, prepares: true, leaves: true }), receives({ length: LONG, isAsync, prepares: true, leaves: true, most: 3 })],
    check: exactly("1", "2", "3"),
  };
  scenarios[`${how} timed data`] = {
    processes: [sends([1], { isAsync, prepares: true, leaves: true }), receives({ isAsync, isTimed: true, prepares: true, leaves: true, most: 1 })],
    timeouts: 2,
    check: exactly("1"),
  };
  scenarios[`${how} timed space`] = {
    processes: [sends([1, 2, 3], { length: LONG, isAsync, isTimed: true, prepares: true, leaves: true }), receives({ length: LONG, isAsync, prepares: true, leaves: true, most: 3 })],
    timeouts: 1,
    check: exactly("1", "2", "3"),
  };
  scenarios[`${how} close`] = {
    processes: [sends([1], { isAsync, prepares: true }), receives({ isAsync, prepares: true})],
    check: exactly("1", "end"),
  };
  scenarios[`${how} come and close`] = {
    processes: [sends([], { isAsync }), receives({ isAsync})],
    check: exactly("end"),
  };
  scenarios[`${how} come and die`] = {
    processes: [sends([], { isAsync, mortal: true, leaves: true }), receives({ isAsync, most: 1 })],
    mayWait: (process, header) => true,
    check: (notes) => {},
  };
  scenarios[`${how} come and die, then another`] = {
    processes: [sends([], { isAsync, mortal: true, leaves: true }), receives({ isAsync, most: 1 })],
    mayWait: (process, header) => true,
    check: (notes) => {},
  };
  scenarios[`${how} send and die`] = {
    processes: [sends([1, 2], { isAsync, mortal: true, prepares: true, leaves: true }), receives({ isAsync, prepares: true, most: 4 })],
    check: () => {},
  };
  scenarios[`${how} send and die, successor`] = {
    processes: [sends([1], { isAsync, mortal: true, prepares: true, leaves: true }), receives({ isAsync, prepares: true}), sends([2], {isAsync, after: 0})],
    check: () => {},
  };
  scenarios[`${how} receive and die`] = {
    processes: [sends([1, 2, 3, 4], { length: LONG, isAsync, prepares: true, leaves: true }), receives({ length: LONG, isAsync, prepares: true, most: 1, mortal: true, leaves: true })],
    check: () => {},
  };
  scenarios[`${how} receive and die, successor`] = {
    processes: [sends([1, 2], { isAsync, prepares: true }), receives({ isAsync, prepares: true, mortal: true, leaves: true}), receives({isAsync, after: 1})],
    check: () => {},
  };
}

for (const [name, scenario] of Object.entries(scenarios))
Deno.test(`${name}.`, async () => {
  const start = performance.now();
  const r = await explore({ settings, ...scenario });
  console.log(JSON.stringify(r), performance.now() - start);
});
