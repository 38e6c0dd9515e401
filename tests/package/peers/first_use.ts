/**
 * Imports the modules that the arguments name, then uses shared memory for the
 * first time and says what came of it.
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
