/**
 * The wait threads, as the script's thread sees them, and the choice of a thread for each job. One
 * thread waits for up to 63 objects. A job that cannot share a thread gets one to itself.
 *
 * @module
 */

import { errorFromCode } from "../../../ffi/error.ts";
import type { Handle } from "../../../ffi/handle.ts";
import { MAX_AT_ONCE } from "../../../ffi/kernel_object.ts";
import { kernel32 } from "../../../ffi/win32/kernel32.ts";
import { openThread, THREAD_SET_CONTEXT } from "../../../ffi/process_thread.ts";
import { asParent, Thread } from "../../wait/thread.ts";
import type { WaitJob } from "./job.ts";
import { SLOTS, STATE, WaitRecord, type WaitThreadData, WORD } from "./protocol.ts";
import { PROGRAM } from "./worker_program.ts";

/** A wait thread and its jobs. It accepts jobs before the thread runs. */
export class WaitHost {
  /** Resolves when the thread has ended. */
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

  /** Whether the thread has no job. */
  get idle(): boolean {
    return this.#jobs.every((job) => job === undefined);
  }

  /** Whether the thread has ended, or was asked to end. */
  get over(): boolean {
    return this.#over;
  }

  /** Whether the thread can do a job in addition to its present jobs. */
  hasRoomFor({ options: { handles, alone } }: WaitJob): boolean {
    if (this.idle) return !this.#over;
    return !this.#over && !alone && !this.#alone &&
      this.#objects + handles.length <= MAX_AT_ONCE && this.#freeSlot() < SLOTS;
  }

  /** Does a job. Resolves when the thread no longer uses the handles or mutexes of the job. */
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
    Atomics.store(this.#record.states, slot, STATE.wanted);
    this.#hold();
    this.#wake();
    job.enter({
      cancel: (looked) => this.#cancel(slot, looked),
      release: () => {
        Atomics.store(this.#record.states, slot, STATE.releasing);
        this.#wake();
      },
      hold: () => this.#hold(),
    });
  }

  /** Ends the thread, which must be idle. */
  end(): void {
    this.#over = true;
    Atomics.store(this.#record.words, WORD.over, 1);
    this.#wake();
  }

  async #start(): Promise<void> {
    try {
      const data: WaitThreadData = { buffer: this.#record.buffer, parent: asParent() };
      this.#thread = await Thread.start(PROGRAM, {
        path: "src/sync/wait_thread/worker_program.ts",
        data,
        onEnd: (error = new Error("The wait thread has ended")) => this.#end(error),
      });
      this.#hold();
      await this.#listen();
    } catch (error) {
      this.#end(error);
    }
  }

  /** Settles jobs each time the thread rings the bell. The first ring says that the thread runs. */
  async #listen(): Promise<void> {
    const { words } = this.#record;
    for (;;) {
      const rung = Atomics.load(words, WORD.bell);
      if (this.#handle === undefined && rung > 0) {
        this.#handle = openThread(Atomics.load(words, WORD.threadId), THREAD_SET_CONTEXT);
        // The thread was not woken for jobs and cancellations that came before this moment.
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

  /** Lets the thread keep the process alive while any waiting job must do so. */
  #hold(): void {
    if (this.#jobs.some((job) => job !== undefined && !job.settled && job.held)) {
      this.#thread?.ref();
    } else this.#thread?.unref();
  }

  #wake(): void {
    const { QueueUserAPC, GetCurrentThreadIdAddress } = kernel32();
    // The procedure is a harmless function: any procedure makes the thread return from its wait.
    if (this.#handle) QueueUserAPC(GetCurrentThreadIdAddress, this.#handle.value, 0n);
  }

  /** Fails all jobs, because the thread has ended or could not start. */
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

/** Maximum number of idle threads to keep, because to start one blocks the script briefly. */
const MAX_IDLE = 8;

const hosts = new Set<WaitHost>();

/** Runs a job on a wait thread that has room, or on a new wait thread. */
export function assignToThread(job: WaitJob): void {
  const host = hosts.values().find((host) => host.hasRoomFor(job)) ?? start();
  void serve(host, job);
}

function start(): WaitHost {
  const host = new WaitHost();
  hosts.add(host);
  void host.finished.then(() => hosts.delete(host));
  return host;
}

/** Runs a job on the thread of a host, and then ends that thread if too many threads are idle. */
async function serve(host: WaitHost, job: WaitJob): Promise<void> {
  await host.run(job);
  if (host.over || !host.idle) return;
  const idle = [...hosts].filter(({ idle, over }) => idle && !over);
  if (idle.length > MAX_IDLE) host.end();
}
