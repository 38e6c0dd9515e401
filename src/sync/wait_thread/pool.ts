/**
 * The threads that wait, as the script's own thread sees them, and which of them waits for what: one for
 * each 63 objects, and one for each wait that Windows can only do alone.
 *
 * @module
 */

import { errorFromCode } from "../../../ffi/error.ts";
import type { Handle } from "../../../ffi/handle.ts";
import { kernel32 } from "../../../ffi/win32/kernel32.ts";
import { openThread, THREAD_SET_CONTEXT } from "../../../ffi/process_thread.ts";
import { asParent, Thread } from "../../wait/thread.ts";
import type { WaitJob } from "./job.ts";
import { MAX_AT_ONCE, SLOTS, STATE, WaitRecord, type WaitThreadData, WORD } from "./protocol.ts";

/** A wait thread and the jobs that it has; it takes jobs from its beginning, before it runs. */
export class WaitHost {
  /** Is fulfilled when the thread has ended. */
  readonly finished: Promise<void>;
  readonly #record = new WaitRecord();
  readonly #jobs: (WaitJob | undefined)[] = [];
  readonly #finished = Promise.withResolvers<void>();
  #thread: Thread | undefined;
  #handle: Handle | undefined;
  #objects = 0;
  #alone = false;
  #failure: unknown;
  #over = false;

  /** Starts a thread. */
  constructor() {
    this.finished = this.#finished.promise;
    void this.#start();
  }

  /** Whether it has nothing to do. */
  get idle(): boolean {
    return this.#jobs.every((job) => job === undefined);
  }

  /** Whether it has ended, or is to end. */
  get over(): boolean {
    return this.#over;
  }

  /** Whether it can do a job beside those that it has. */
  hasRoomFor({ options: { handles, alone } }: WaitJob): boolean {
    if (this.idle) return !this.#over;
    return !this.#over && !alone && !this.#alone &&
      this.#objects + handles.length <= MAX_AT_ONCE && this.#freeSlot() < SLOTS;
  }

  /** Does a job; over when the thread has let go of all that the job took. */
  async run(job: WaitJob): Promise<void> {
    this.#put(job);
    await job.gone;
  }

  #put(job: WaitJob): void {
    const { handles, mutexes, all, alone } = job.options;
    const slot = this.#freeSlot();
    const at = this.#record.at(slot);
    this.#jobs[slot] = job;
    this.#objects += handles.length;
    this.#alone = alone;
    this.#record.handles.set(handles, at);
    this.#record.mutexes.set(mutexes.map(Number), at);
    this.#record.counts[slot] = handles.length;
    this.#record.alls[slot] = all ? 1 : 0;
    job.place = {
      cancel: (looked) => this.#cancel(slot, looked),
      release: () => {
        Atomics.store(this.#record.states, slot, STATE.releasing);
        this.#wake();
      },
      hold: () => this.#hold(),
    };
    Atomics.store(this.#record.states, slot, STATE.wanted);
    this.#hold();
    this.#wake();
  }

  /** Ends the thread, which has nothing to do. */
  end(): void {
    this.#over = true;
    Atomics.store(this.#record.words, WORD.over, 1);
    this.#wake();
  }

  async #start(): Promise<void> {
    try {
      const data: WaitThreadData = { buffer: this.#record.buffer, parent: asParent() };
      this.#thread = await Thread.start(import.meta.resolve("./worker.ts"), {
        data,
        onEnd: (error = new Error("The wait thread has ended")) => this.#end(error),
      });
      this.#hold();
      await this.#listen();
    } catch (error) {
      this.#end(error);
    }
  }

  /** Hears of outcomes, from when the thread rings first, to tell that it runs. */
  async #listen(): Promise<void> {
    const { words } = this.#record;
    for (;;) {
      const rung = Atomics.load(words, WORD.bell);
      if (this.#handle === undefined && rung > 0) {
        this.#handle = openThread(Atomics.load(words, WORD.threadId), THREAD_SET_CONTEXT);
        // What was put and cancelled meanwhile, nobody has told it.
        this.#wake();
      }
      for (const slot of this.#jobs.keys()) this.#settle(slot);
      if (this.#failure !== undefined || (this.#over && this.idle)) return;
      await Atomics.waitAsync(words, WORD.bell, rung).value;
    }
  }

  #settle(slot: number): void {
    const job = this.#jobs[slot];
    if (job === undefined) return;
    switch (Atomics.load(this.#record.states, slot)) {
      case STATE.satisfied: {
        if (job.settled) return;
        const index = this.#record.results[slot]!;
        job.satisfy({ index, abandoned: this.#record.abandoned[slot] === 1 });
        this.#objects -= job.options.handles.length;
        if (job.keeps) return this.#hold();
        return this.#free(slot);
      }
      case STATE.released:
        return this.#free(slot);
      case STATE.cancelled:
        this.#objects -= job.options.handles.length;
        this.#free(slot);
        return job.fail(undefined);
      case STATE.failed:
        this.#objects -= job.options.handles.length;
        this.#free(slot);
        return job.fail(
          errorFromCode(
            this.#record.results[slot]!,
            "WaitForMultipleObjectsEx",
            `Cannot wait for ${job.options.label}`,
          ),
        );
    }
  }

  #cancel(slot: number, looked: boolean): void {
    if (!looked && this.#record.move(slot, STATE.wanted, STATE.hurried)) return;
    for (const state of [STATE.wanted, STATE.hurried]) {
      if (this.#record.move(slot, state, STATE.cancelled)) return this.#settle(slot);
    }
    if (this.#record.move(slot, STATE.taken, STATE.cancelling)) this.#wake();
  }

  #free(slot: number): void {
    this.#jobs[slot]?.leave();
    this.#jobs[slot] = undefined;
    Atomics.store(this.#record.states, slot, STATE.free);
    this.#hold();
    if (this.idle) this.#alone = false;
  }

  #freeSlot(): number {
    const slot = this.#jobs.findIndex((job) => job === undefined);
    return slot < 0 ? this.#jobs.length : slot;
  }

  /** The process lives for as long as a job that holds it waits. */
  #hold(): void {
    if (this.#jobs.some((job) => job !== undefined && !job.settled && job.held)) {
      this.#thread?.ref();
    } else this.#thread?.unref();
  }

  #wake(): void {
    const { QueueUserAPC, GetCurrentThreadIdAddress } = kernel32();
    // A procedure that does nothing: the thread only has to return from its wait.
    if (this.#handle) QueueUserAPC(GetCurrentThreadIdAddress, this.#handle.value, 0n);
  }

  /** The thread is no more, or never was. */
  #end(error: unknown): void {
    this.#over = true;
    this.#failure = error;
    this.#handle?.close();
    this.#handle = undefined;
    for (const [slot, job] of this.#jobs.entries()) {
      this.#jobs[slot] = undefined;
      if (job !== undefined && !job.settled) job.fail(error);
      job?.leave();
    }
    this.#finished.resolve();
    Atomics.notify(this.#record.words, WORD.bell);
  }
}

/** How many threads without a job are kept: a script blocks for a moment while it starts one. */
const MAX_IDLE = 8;

const hosts = new Set<WaitHost>();

/** Has a thread do a job. */
export function waitOnThread(job: WaitJob): void {
  const host = hosts.values().find((host) => host.hasRoomFor(job)) ?? start();
  void serve(host, job);
}

function start(): WaitHost {
  const host = new WaitHost();
  hosts.add(host);
  void host.finished.then(() => hosts.delete(host));
  return host;
}

/** Has a thread do a job, and ends the thread if it then is one too many without a job. */
async function serve(host: WaitHost, job: WaitJob): Promise<void> {
  await host.run(job);
  if (host.over || !host.idle) return;
  const idle = [...hosts].filter(({ idle, over }) => idle && !over);
  if (idle.length > MAX_IDLE) host.end();
}
