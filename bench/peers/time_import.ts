/**
 * Prints the time to import the module of the first argument, in milliseconds.
 *
 * @module
 */

const begin = performance.now();
await import(Deno.args[0]!);
console.log(performance.now() - begin);
