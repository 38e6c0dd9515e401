/** Writes an image to a file in a new folder. `using` deletes both. */
export function temporaryImage(image: Uint8Array): Disposable & { readonly path: string } {
  const folder = Deno.makeTempDirSync({ prefix: "winipc-" });
  const path = `${folder}\\image.dll`;
  Deno.writeFileSync(path, image);
  return { path, [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }) };
}
