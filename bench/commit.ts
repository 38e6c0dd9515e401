/**
 * Finds the commit that is measured.
 *
 * @module
 */

/**
 * Returns the checked-out commit, read from git's own files because not every machine has git.
 *
 * @param root The folder of a checkout. @default this checkout
 */
export async function findCommit(root: URL = new URL("../", import.meta.url)): Promise<string> {
  try {
    const folder = await gitFolder(root);
    const head = await readLine(new URL("HEAD", folder));
    if (!head.startsWith("ref: ")) return head;
    return await readReference(folder, head.slice("ref: ".length));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "no commit";
    throw error;
  }
}

/** Returns git's folder. A worktree has a file in its place, with the folder's path. */
async function gitFolder(root: URL): Promise<URL> {
  const git = new URL(".git", root);
  if ((await Deno.stat(git)).isDirectory) return new URL(".git/", root);
  const path = (await readLine(git)).slice("gitdir: ".length);
  return new URL(`${path}/`, root);
}

async function readReference(folder: URL, name: string): Promise<string> {
  const common = await readLine(new URL("commondir", folder)).then(
    (path) => new URL(`${path}/`, folder),
    () => folder,
  );
  try {
    return await readLine(new URL(name, common));
  } catch {
    const packed = await Deno.readTextFile(new URL("packed-refs", common));
    return packed.split("\n").find((line) => line.endsWith(` ${name}`))?.split(" ")[0] ?? name;
  }
}

async function readLine(url: URL): Promise<string> {
  return (await Deno.readTextFile(url)).trim();
}
