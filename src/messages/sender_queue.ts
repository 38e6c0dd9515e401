/**
 * The order in which the sends to one window go out.
 *
 * @module
 */

/** A send, as far as its place in the order goes. */
interface Send {
  /** Its number among all sends, in the order in which they began. */
  readonly number: number;
  /** How many sends had begun when the handler began that sends this; 0 if none does. */
  readonly since: number;
  /** Whether nobody waits for its answer any more. */
  readonly over: boolean;
}

/** The sends of the same handlers to one window, in order; the first may be on its way. */
export interface Lane<S extends Send> {
  /** How many sends had begun when the handlers began; 0 for sends of no handler. */
  readonly since: number;
  /** The sends, of which the first is the next. */
  readonly jobs: S[];
  /** Whether the first is on its way, or is to be as soon as there is a thread for it. */
  isTaken: boolean;
}

/**
 * What is to be sent to one window.
 *
 * A send waits for all sends that began before it. A handler's send has an exception. As long as a
 * send that began before the handler is unanswered, the handler's send waits only for sends whose
 * handlers began no earlier than its own.
 */
export class SenderQueue<S extends Send> {
  #lanes: Lane<S>[] = [];

  /** Whether nothing is to be sent. */
  get isEmpty(): boolean {
    return this.#lanes.length === 0;
  }

  /** Adds a send, which has begun after all that are here. */
  add(job: S): void {
    const lane = this.#lanes.find(({ since }) => since === job.since);
    if (lane !== undefined) lane.jobs.push(job);
    else this.#lanes.push({ since: job.since, jobs: [job], isTaken: false });
  }

  /** Takes the lanes whose first send can go out now. */
  takeReady(): Lane<S>[] {
    const ready = this.#ready().filter((lane) => !lane.isTaken);
    for (const lane of ready) lane.isTaken = true;
    return ready;
  }

  /** Takes the first send out of a lane, which is answered or given up, and what is given up behind it. */
  finish(lane: Lane<S>): void {
    do lane.jobs.shift(); while (lane.jobs[0]?.over);
    lane.isTaken = false;
    if (lane.jobs.length === 0) this.#lanes = this.#lanes.filter((other) => other !== lane);
  }

  /** The lanes whose first send waits for no other. */
  #ready(): Lane<S>[] {
    if (this.#lanes.length < 2) return this.#lanes;
    const oldest = Math.min(...this.#lanes.map(firstNumber));
    let earliest = Infinity;
    const ready: Lane<S>[] = [];
    for (const lane of this.#lanes.toSorted((a, b) => b.since - a.since)) {
      const number = firstNumber(lane);
      // Of those whose handlers began no earlier, this one began first.
      const isNext = number < earliest;
      if (number === oldest || (oldest <= lane.since && isNext)) ready.push(lane);
      earliest = Math.min(earliest, number);
    }
    return ready;
  }
}

function firstNumber({ jobs }: Lane<Send>): number {
  return jobs[0]!.number;
}
