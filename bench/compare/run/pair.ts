/**
 * A pair of ends, whose near end does tasks.
 *
 * @module
 */

import { type Answer, readAnswer } from "./answers.ts";
import { EndProcess } from "./end_process.ts";
import { FOLDER_VARIABLE } from "../ends/ways/temp_path.ts";
import { removeFolder } from "../../../tests/support/remove_folder.ts";
import { reasonOf } from "../reason.ts";
import type { Side } from "../link.ts";
import { STARTS_FAR, type WayName } from "../ways.ts";

/** Time limit for an end to open, in milliseconds. The first start of Wine takes seconds. */
const START_LIMIT = 60_000;
/**
 * Time limit for an answer, besides the time of the task, in milliseconds. An end gives up after
 * 20 s without its peer, so that its own error comes first.
 */
const ANSWER_LIMIT = 60_000;
/** Time limit for both ends to end after the last task, in milliseconds. */
const END_LIMIT = 30_000;
/** Time for a far end to fail after its near end, in milliseconds. Both errors are then shown. */
const EXPLANATION_LIMIT = 1000;

/** The tasks of a near end. */
export type TaskName = "validate" | "trips" | "stream" | "paced";

/** A task of a near end, with its numbers. */
export interface Task {
  readonly name: TaskName;
  /** Length of each frame, in bytes. */
  readonly length: number;
  /** Time that the task is to take. The task `validate` ignores this. */
  readonly milliseconds: number;
}

/** Options of {@linkcode Pair.start}. */
export interface PairOptions {
  readonly way: WayName;
  /** The program and its first arguments. The side, the way and a name follow. */
  readonly command: readonly string[];
  /** Ends both processes at once. */
  readonly signal?: AbortSignal;
}

/** The two ends of a way, in one or two processes. */
export class Pair implements AsyncDisposable {
  /** Time until both ends were open, in nanoseconds. */
  readonly setUp: number;
  readonly #near: EndProcess;
  /** The far end, unless the near end has started the far end. */
  readonly #far: EndProcess | undefined;
  readonly #stack: AsyncDisposableStack;

  private constructor(ends: {
    setUp: number;
    near: EndProcess;
    far: EndProcess | undefined;
    stack: AsyncDisposableStack;
  }) {
    this.setUp = ends.setUp;
    this.#near = ends.near;
    this.#far = ends.far;
    this.#stack = ends.stack;
  }

  /**
   * Starts both ends, the far end first. The pair has a folder for files, which is removed after
   * both ends have ended.
   *
   * @throws {Error} If an end does not open.
   */
  static async start({ way, command, signal }: PairOptions): Promise<Pair> {
    await using stack = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir({ prefix: "winipc-" });
    stack.defer(() => removeFolder(folder));
    const name = crypto.randomUUID();
    const startEnd = (side: Side) =>
      stack.use(
        new EndProcess({
          name: `${side} end`,
          command: [...command, side, way, name],
          env: { [FOLDER_VARIABLE]: folder },
          signal,
        }),
      );
    const far = STARTS_FAR.has(way) ? undefined : startEnd("far");
    const farSetUp = far === undefined ? 0 : await untilReady(far);
    const near = startEnd("near");
    const nearSetUp = await withPeer(untilReady(near), far);
    return new Pair({ setUp: farSetUp + nearSetUp, near, far, stack: stack.move() });
  }

  /**
   * Lets the near end do a task, and returns the fields of its answer.
   *
   * @throws {Error} If the answer is an error, an end ends, or there is no answer in time.
   */
  async ask({ name, length, milliseconds }: Task): Promise<Answer> {
    const answer = async () => {
      await this.#near.send(`${name} ${length} ${milliseconds}`);
      return readAnswer(await this.#near.nextLine(ANSWER_LIMIT + milliseconds));
    };
    return await withPeer(answer(), this.#far);
  }

  /**
   * Ends the pair after its last task, and waits until both processes have ended.
   *
   * @throws {Error} If an exit code is not 0, or an end does not end in time.
   */
  async finish(): Promise<void> {
    await this.#near.closeInput();
    await Promise.all([this.#near.finish(END_LIMIT), this.#far?.finish(END_LIMIT)]);
  }

  /** Ends both processes at once, and removes their folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

/** Returns the time in nanoseconds in which an end opened. */
async function untilReady(end: EndProcess): Promise<number> {
  const line = await end.nextLine(START_LIMIT);
  const time = line.match(/^ready (\d+)$/)?.[1];
  if (time !== undefined) return Number(time);
  readAnswer(line);
  throw new Error(`expected "ready NANOSECONDS" from an end, got ${JSON.stringify(line)}`);
}

/**
 * Waits for something from the near end.
 *
 * @throws {Error} If either end fails first. The error has the reasons of both ends.
 */
async function withPeer<T>(fromNear: Promise<T>, far: EndProcess | undefined): Promise<T> {
  if (far === undefined) return await fromNear;
  const farFailure = far.failure();
  try {
    return await Promise.race([fromNear, farFailure]);
  } catch (error) {
    const reasons = new Set([reasonOf(error), await messageWithin(EXPLANATION_LIMIT, farFailure)]);
    throw new Error([...reasons].filter(Boolean).join("\n"), { cause: error });
  }
}

/** Returns the message of a failure, or an empty text if nothing fails in time. */
async function messageWithin(limit: number, failure: Promise<never>): Promise<string> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(""), limit);
  const message = await Promise.race([failure.catch(reasonOf), late]);
  clearTimeout(timer);
  return message;
}
