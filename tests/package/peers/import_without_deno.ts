/**
 * Imports modules where there is no `Deno`, as in another runtime, and prints their number.
 *
 * @module
 */

const urls = Deno.args;
for (const name of ["Deno", "navigator"]) Reflect.deleteProperty(globalThis, name);
for (const url of urls) await import(url);
console.log(`imported ${urls.length} with ${typeof Deno} and ${typeof navigator}`);
