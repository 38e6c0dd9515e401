/**
 * Measures the start of a Worker, with and without an object of winipc. The first object starts a
 * thread, which closes the objects of the Worker when the Worker has ended.
 *
 * @module
 */

const MODULE = JSON.stringify(import.meta.resolve("../mod.ts"));
const CODE = {
  "imports winipc": `import ${MODULE}; postMessage(0);`,
  "opens its first memory": `
    import { SharedMemory } from ${MODULE};
    using memory = SharedMemory.anonymous(4096);
    postMessage(0);`,
};

for (const [what, code] of Object.entries(CODE)) {
  Deno.bench(`a Worker starts, ${what}, and is terminated`, { group: "worker" }, async () => {
    const url = `data:text/javascript,${encodeURIComponent(code)}`;
    const worker = new Worker(url, { type: "module" });
    await new Promise((resolve) => worker.onmessage = resolve);
    worker.terminate();
  });
}
