/**
 * The progress of a script, in a tree of all that can happen to it.
 *
 * @module
 */

import { type Entry, keyOf, type Progress } from "./run.ts";

/** The progress of a script. It depends only on the entries that have happened to the script. */
export class Node {
  static count = 0;
  readonly id = ++Node.count;
  /** The number of entries that have happened. */
  readonly length: number;
  readonly #parent: Node | undefined;
  readonly #entry: Entry | undefined;
  readonly #next = new Map<string, Node>();
  /** The state of the script here. It is set when the script has been run to this node. */
  progress!: Progress;

  /**
   * @param parent The node before the last entry.
   * @param entry The last entry that has happened.
   */
  constructor(parent?: Node, entry?: Entry) {
    this.#parent = parent;
    this.#entry = entry;
    this.length = parent === undefined ? 0 : parent.length + 1;
  }

  /** All entries that have happened, in order. */
  get entries(): Entry[] {
    const before = this.#parent?.entries ?? [];
    return this.#entry === undefined ? before : [...before, this.#entry];
  }

  /** Returns the node after one more entry. The first time, `run` runs the script to that node. */
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
