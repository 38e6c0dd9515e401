/** Serves the project's files, as a registry does. Threads then start without `--allow-read`. */
export function serveProject(): Deno.HttpServer<Deno.NetAddr> {
  const root = new URL("../../", import.meta.url);
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const path = new URL(request.url).pathname.slice(1);
    const headers = { "content-type": "application/typescript" };
    return new Response(await Deno.readFile(new URL(path, root)), { headers });
  });
}
