/**
 * Reads the telemetry of a game that knows nothing of winipc, and draws it 60 times a second. The
 * game of this example writes under a seqlock, as rFactor 2 does.
 *
 *     deno run --allow-ffi examples/telemetry.ts simulate --name game
 *     deno run --allow-ffi examples/telemetry.ts show --name game --frames 600
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { array, readConsistent, SharedMemory, struct, utf8, waitUntil } from "@winipc/winipc";

/** The beginning of the memory, as a header file of the game describes it. */
const Header = struct({
  signature: utf8(4, { terminated: false }),
  carsOffset: "u32",
  carSize: "u32",
  carCount: "u32",
});
/** The fields of a car that this version knows. A newer game can have more. */
const carFields = { updated: "f64", name: utf8(16), speed: "f32", gear: "i8" } as const;

/** Describes the whole memory, with the sizes that the header gives. */
export function telemetryOf(carsOffset: number, carSize: number, carCount: number) {
  return struct({
    header: Header,
    begin: "u32",
    end: "u32",
    time: "f64",
    cars: {
      type: array(struct(carFields, { byteLength: carSize }), carCount),
      offset: carsOffset,
    },
  });
}

const DRIVERS = ["Ada", "Grace", "Katherine", "Margaret"];
/** The game's memory. Its cars have 16 bytes more than {@linkcode carFields}. */
const Telemetry = telemetryOf(64, 64, DRIVERS.length);

/** Returns the cars at a time, in seconds. */
export function carsAt(time: number) {
  return DRIVERS.map((name, i) => {
    const speed = 180 + 100 * Math.sin(time * (0.5 + i / 10) + i);
    return { updated: time, name, speed, gear: Math.round(speed / 50) };
  });
}

/** A game that writes its telemetry to shared memory. */
export class Game implements Disposable {
  readonly #stack = new DisposableStack();
  readonly #words: Int32Array;
  readonly #next = new Int32Array(Telemetry.byteLength / 4);

  constructor(name: string) {
    const memory = this.#stack.use(SharedMemory.create(name, Telemetry.byteLength));
    const view = this.#stack.use(memory.map());
    this.#words = new Int32Array(view.buffer, view.bytes.byteOffset, this.#next.length);
    Header.write(view, { carsOffset: 64, carSize: 64, carCount: DRIVERS.length });
    this.publish(0);
    // The signature is written last, so that no reader uses a half-written header.
    Header.write(view, { signature: "GAME" });
  }

  /** Writes the cars of a time, in seconds, between two increments. */
  publish(time: number): void {
    Telemetry.write(this.#next, { time, cars: carsAt(time) });
    const [begin, end] = [Telemetry.offsetOf("begin") / 4, Telemetry.offsetOf("end") / 4];
    Atomics.add(this.#words, begin, 1);
    // Only Atomics keep the order of these stores on ARM64. C has a fence for that.
    for (let i = end + 1; i < this.#next.length; i++) {
      Atomics.store(this.#words, i, this.#next[i]!);
    }
    Atomics.add(this.#words, end, 1);
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}

/** The counts of a reader. */
export interface Seen {
  /** The number of pictures that it drew. */
  pictures: number;
  /** The number of torn values, in which a car is of another time. */
  torn: number;
}

const BAR = 28;
const MAX_SPEED = 300;

/** Returns the lines of a picture: a bar for the speed of each car. */
export function draw({ time, cars }: { time: number; cars: readonly Car[] }): string[] {
  return [
    `Race time ${time.toFixed(1)} s`,
    ...cars.map(({ name, speed, gear }) => {
      const full = Math.round(Math.max(Math.min(speed / MAX_SPEED, 1), 0) * BAR);
      const bar = "█".repeat(full) + "░".repeat(BAR - full);
      return `${name.padEnd(10)} ${bar} ${speed.toFixed(0).padStart(3)} km/h  gear ${gear}`;
    }),
  ];
}

/** The fields of a car that a picture shows. */
interface Car {
  readonly name: string;
  readonly speed: number;
  readonly gear: number;
}

/** Draws pictures of the game until `frames` are drawn. */
export async function show(name: string, frames: number, signal: AbortSignal): Promise<Seen> {
  using memory = await SharedMemory.waitFor(name, { signal });
  using view = memory.map();
  const header = Header.view(view);
  await waitUntil(() => header.signature === "GAME", { signal });
  const layout = telemetryOf(header.carsOffset, header.carSize, header.carCount);
  const seen: Seen = { pictures: 0, torn: 0 };
  using screen = new Screen();
  for (let frame = 0, next = performance.now(); frame < frames; frame++) {
    signal.throwIfAborted();
    const telemetry = readConsistent(view, layout, { begin: "begin", end: "end" });
    // If the game wrote all the time, the last picture stays for another frame.
    if (telemetry !== undefined) {
      seen.pictures++;
      if (telemetry.cars.some(({ updated }) => updated !== telemetry.time)) seen.torn++;
      screen.show(draw(telemetry));
    }
    // The next frame has a fixed time. So a late timer does not delay all later frames.
    next += 1000 / 60;
    await sleep(Math.max(next - performance.now(), 0));
  }
  return seen;
}

/** The lower part of the terminal, which is redrawn in place. */
class Screen implements Disposable {
  readonly #isTerminal = Deno.stdout.isTerminal();
  #lines: readonly string[] = [];

  /** Replaces the lines of the last picture. Into a file or a pipe, only the last picture goes. */
  show(lines: readonly string[]): void {
    if (this.#isTerminal) write(redraw(lines, this.#lines.length));
    this.#lines = lines;
  }

  [Symbol.dispose](): void {
    if (!this.#isTerminal) write(redraw(this.#lines, 0));
  }
}

/** Returns the text that draws lines over the last `count` lines of a terminal. */
export function redraw(lines: readonly string[], count: number): string {
  const up = count > 0 ? `\x1b[${count}A` : "";
  const eraseRest = count > 0 ? "\x1b[K" : "";
  return up + lines.map((line) => `${line}${eraseRest}\n`).join("");
}

function write(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Races until the standard input ends. */
async function simulate(name: string): Promise<void> {
  using game = new Game(name);
  const start = performance.now();
  const timer = setInterval(() => game.publish((performance.now() - start) / 1000), 5);
  for await (const _ of Deno.stdin.readable);
  clearInterval(timer);
}

if (import.meta.main) {
  const { _: [role], name, frames, timeout } = parseArgs(Deno.args, {
    string: ["name", "frames", "timeout"],
    default: { name: "winipc-game", frames: "600", timeout: "30000" },
  });
  if (role === "simulate") {
    console.log("Racing until the standard input ends");
    await simulate(name);
  } else if (role === "show") {
    const { pictures, torn } = await show(
      name,
      Number(frames),
      AbortSignal.timeout(Number(timeout)),
    );
    console.log(`Drew ${pictures} pictures, ${torn} were torn`);
  } else {
    console.error("Usage: telemetry.ts simulate|show [--name NAME] [--frames N] [--timeout MS]");
    Deno.exit(2);
  }
}
