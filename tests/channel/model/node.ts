/**
 * How far a script has come.
 *
 * @module
 */

import { type Entry, keyOf, type Progress } from "./run.ts";

/** How far a script has come, which depends on nothing but what has happened to it. */
export class Node {
  static count = 0;
  readonly id = ++Node.count;
  /** How much has happened. */
  readonly length: number;
  readonly #parent: Node | undefined;
  readonly #entry: Entry | undefined;
  readonly #next = new Map<string, Node>();
  /** How far that is, once it is known. */
  progress!: Progress;

  /**
   * @param parent How far it had come before.
   * @param entry What happened then.
   */
  constructor(parent?: Node, entry?: Entry) {
    this.#parent = parent;
    this.#entry = entry;
    this.length = parent === undefined ? 0 : parent.length + 1;
  }

  /** What has happened. */
  get entries(): Entry[] {
    const before = this.#parent?.entries ?? [];
    return this.#entry === undefined ? before : [...before, this.#entry];
  }

  /** How far it comes when something more happens; `run` finds that out the first time. */
  async after(entry: Entry, run: (node: Node) => Promise<Node>): Promise<Node> {
    const key = keyOf(entry);
    let node = this.#next.get(key);
    if (node === undefined) {
      node = await run(new Node(this, entry));
      this.#next.set(key, node);
    }
    return node;
  }
}
