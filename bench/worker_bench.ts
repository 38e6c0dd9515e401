/**
 * Measures the start of a Worker, with and without an object of winipc. The first object starts a
 * thread, which closes the objects of the Worker when the Worker has ended. Also measures tokens,
 * which hand objects over to a Worker.
 *
 * @module
 */

import { RingChannel, SharedMemory } from "../mod.ts";

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

// Not using: the benchmarks run after the module.
const memory = SharedMemory.anonymous(4096);
const channel = RingChannel.anonymous({ capacity: 1024 });

Deno.bench("memory is handed over by a token, and closed", { group: "token" }, () => {
  SharedMemory.fromWorker(memory.forWorker()).close();
});
Deno.bench("memory is handed over by a clone of a token", { group: "token" }, () => {
  SharedMemory.fromWorker(structuredClone(memory.forWorker())).close();
});
Deno.bench("a channel is handed over by a token", { group: "token" }, () => {
  RingChannel.fromWorker(channel.forWorker()).close();
});
