import { assert, assertEquals } from "@std/assert";
import { RECEIVER, WORD } from "../../src/channel/ring_header.ts";
import { announceSleep, rise, takeSleeper } from "../../src/channel/sleep.ts";

/** Where the two ends are, and what both see; each step of an end is one call of the library's. */
interface State {
  header: Int32Array<ArrayBuffer>;
  isSet: boolean;
  sender: number;
  receiver: "look" | "announce" | "second look" | "rise" | "wait" | "done";
  mustWake: boolean;
  read: number;
}

const MESSAGES = 3;

/** What the sender can do next. */
function sendStep(state: State): State | undefined {
  const next = { ...state, header: state.header.slice(), sender: state.sender + 1 };
  if (state.sender === MESSAGES * 3) return undefined;
  if (state.sender % 3 === 0) Atomics.add(next.header, WORD.tail, 1);
  if (state.sender % 3 === 1) next.mustWake = takeSleeper(next.header, RECEIVER);
  if (state.sender % 3 === 2 && state.mustWake) next.isSet = true;
  return next;
}

/** What the receiver can do next. */
function receiveStep(state: State, secondLook: boolean): State | undefined {
  const next = { ...state, header: state.header.slice() };
  const tail = next.header[WORD.tail]!;
  const take = () => {
    next.read = tail;
    next.receiver = tail === MESSAGES ? "done" : "look";
  };
  if (state.receiver === "done") return undefined;
  if (state.receiver === "look") {
    if (tail > state.read) take();
    else next.receiver = "announce";
  } else if (state.receiver === "announce") {
    announceSleep(next.header, RECEIVER);
    next.receiver = secondLook ? "second look" : "wait";
  } else if (state.receiver === "second look") {
    next.receiver = tail > state.read ? "rise" : "wait";
  } else if (state.receiver === "rise") {
    rise(next.header, RECEIVER);
    next.receiver = "look";
  } else {
    if (!state.isSet) return undefined;
    next.isSet = false;
    next.receiver = "look";
  }
  return next;
}

/** Goes through all orders of steps; gives how many states there are, and those where it stops too early. */
function explore(secondLook: boolean): { states: number; stuck: State[] } {
  const first: State = {
    header: new Int32Array(256),
    isSet: false,
    sender: 0,
    receiver: "look",
    mustWake: false,
    read: 0,
  };
  const seen = new Set<string>();
  const stuck: State[] = [];
  const open = [first];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const { header, ...rest } = state;
    const key = JSON.stringify([rest, header[WORD.tail], header[RECEIVER.sleeping]]);
    if (seen.has(key)) continue;
    seen.add(key);
    const next = [sendStep(state), receiveStep(state, secondLook)]
      .filter((state) => state !== undefined);
    if (next.length === 0 && state.receiver !== "done") stuck.push(state);
    open.push(...next);
  }
  return { states: seen.size, stuck };
}

Deno.test("No order of steps lets an end sleep on while there is something for it", () => {
  const { states, stuck } = explore(true);
  assert(states > 100);
  assertEquals(stuck, []);
});

Deno.test("Without the second look, there is an order of steps in which an end sleeps on", () => {
  assert(explore(false).stuck.length > 0);
});
