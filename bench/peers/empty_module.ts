/**
 * An empty module, whose import shows what any import costs.
 *
 * @module
 */

export {};
