/**
 * A process with Workers. Arguments: `SCRIPT FIRST`, the URL of the script of the Workers, and the
 * number of the first one. The script calls `work()` of crew_member.ts. Tasks:
 *
 * - `hire COUNT`: starts Workers until there are COUNT.
 * - `ask COUNT WORDS…`: posts the words to the first Workers. Returns the number that each answers.
 *
 * @module
 */

import { serve } from "./serve.ts";

const [script, first] = Deno.args as [string, string];
const members: Member[] = [];
const failure = Promise.withResolvers<never>();
failure.promise.catch(() => {});

/** A Worker that answers each message with a number. */
class Member {
  readonly #worker: Worker;
  #answer = Promise.withResolvers<number>();

  constructor(number: number) {
    this.#worker = new Worker(script, { type: "module", name: `${number}` });
    this.#worker.onmessage = ({ data }) => this.#answer.resolve(Number(data));
    this.#worker.onerror = (event) => {
      event.preventDefault();
      failure.reject(new Error(event.message));
    };
  }

  answer(): Promise<number> {
    return Promise.race([this.#answer.promise, failure.promise]);
  }

  ask(words: readonly string[]): Promise<number> {
    this.#answer = Promise.withResolvers();
    this.#worker.postMessage(words);
    return this.answer();
  }
}

await serve({
  async hire(count) {
    const hired: Member[] = [];
    while (members.length < Number(count)) {
      const member = new Member(Number(first) + members.length);
      hired.push(member);
      members.push(member);
    }
    return await Promise.all(hired.map((member) => member.answer()));
  },
  ask: (count, ...words) =>
    Promise.all(members.slice(0, Number(count)).map((member) => member.ask(words))),
});
