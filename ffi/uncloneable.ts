/**
 * Objects that cannot be cloned: those whose state is handles, memory and private fields.
 *
 * @module
 */

// V8 clones an instance of a class as its public fields: memory would arrive as `{ name, created }`.
// It refuses an object with internal slots, and a WeakRef has some. That costs 30 ns for each
// instance, and inspection shows the class and the public fields as ever. `markAsUncloneable` of
// node:worker_threads takes 15 ms to import.
const Host = class Uncloneable extends WeakRef<object> {
  constructor() {
    super(Uncloneable);
  }
};
// Instances have the slots, and inherit no method that goes with them.
Object.setPrototypeOf(Host.prototype, Object.prototype);

/**
 * The base class of objects that `structuredClone` and `postMessage` refuse with a `DataCloneError`.
 * The clone would be a plain object without the methods.
 */
export const Uncloneable: new () => object = Host;
