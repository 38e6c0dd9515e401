/** A file of an image, in a folder of its own; it is deleted by `using`. */
export function temporaryImage(image: Uint8Array): Disposable & { readonly path: string } {
  const folder = Deno.makeTempDirSync({ prefix: "winipc-" });
  const path = `${folder}\\image.dll`;
  Deno.writeFileSync(path, image);
  return { path, [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }) };
}
