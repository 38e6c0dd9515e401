/**
 * Imports the modules that its arguments name. Then it uses shared memory for the first time, and
 * prints the result.
 *
 * @module
 */

for (const module of Deno.args) await import(module);
console.log(`imported ${Deno.args.length}`);

const { SharedMemory } = await import("../../../mod.ts");
try {
  SharedMemory.anonymous(1).close();
  console.log("worked");
} catch (error) {
  console.log(String(error));
}
