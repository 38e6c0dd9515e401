/**
 * Lines of the library that end in `// guard: NAME`, and what the library is like without them.
 *
 * Only the mark and the shape of the line count, not the names in it: local variables and private fields
 * may be renamed. A line that is moved or put elsewhere takes its text along.
 *
 * @module
 */

/** A change for the worse of lines that are marked. */
export type Change =
  /** Leaves the line out. */
  | { readonly leaveOut: string }
  /** Puts the line before or after another one of the same file. */
  | { readonly move: string; readonly before: string }
  | { readonly move: string; readonly after: string }
  /** Puts a copy of another line of the same file in place of the line. */
  | { readonly replace: string; readonly by: string }
  /** Has the constant that the line declares be another. */
  | { readonly set: string; readonly to: "false" }
  /** Has the loop end after the line. */
  | { readonly breakAfter: string };

/** A line that is marked. */
export interface Guard {
  /** The file, from the project's folder. */
  readonly file: string;
  /** Which line it is, from 0. */
  readonly line: number;
}

const MARK = /^(.*\S)\s*\/\/ guard: (\S+)$/;

/**
 * Finds all lines that are marked.
 *
 * @param files The texts of files, by their names.
 * @throws {Error} If two lines have the same mark, or a marked line is no whole statement.
 */
export function findGuards(files: ReadonlyMap<string, string>): Map<string, Guard> {
  const guards = new Map<string, Guard>();
  for (const [file, text] of files) {
    const lines = text.split("\n");
    for (const [line, whole] of lines.entries()) {
      const [_, statement, name] = whole.match(MARK) ?? [];
      if (statement === undefined || name === undefined) continue;
      if (guards.has(name)) throw new Error(`Two lines are marked "guard: ${name}"`);
      const before = lines.slice(0, line).findLast((other) => !/^\s*(\/\/.*)?$/.test(other)) ?? "";
      if (!statement.endsWith(";") || !/[;{}]$/.test(codeOf(before))) {
        throw new Error(`What is marked "guard: ${name}" is no statement in a line of its own`);
      }
      guards.set(name, { file, line });
    }
  }
  return guards;
}

/**
 * Changes one file.
 *
 * @param files The texts of all files, by their names.
 * @returns The file's name, and its new text.
 * @throws {Error} If a line that is to be changed is not there.
 */
export function applyChange(
  files: ReadonlyMap<string, string>,
  change: Change,
): [file: string, text: string] {
  const guards = findGuards(files);
  const [name, other] = namesOf(change);
  const { file, line } = guardOf(guards, name);
  const lines = files.get(file)!.split("\n");
  const statement = codeOf(lines[line]!);
  if (other === undefined) {
    lines[line] = changedAlone(statement, change);
    return [file, lines.join("\n")];
  }
  const target = guardOf(guards, other);
  if (target.file !== file) {
    throw new Error(`The lines marked "guard: ${name}" and "guard: ${other}" are in two files`);
  }
  const there = codeOf(lines[target.line]!);
  if ("replace" in change) {
    lines[line] = there;
  } else {
    lines[line] = "";
    lines[target.line] = "before" in change ? `${statement}\n${there}` : `${there}\n${statement}`;
  }
  return [file, lines.join("\n")];
}

/** The names of the guards that a change is about: first that of the line that it takes away. */
export function namesOf(change: Change): [name: string, other?: string] {
  if ("leaveOut" in change) return [change.leaveOut];
  if ("set" in change) return [change.set];
  if ("breakAfter" in change) return [change.breakAfter];
  if ("replace" in change) return [change.replace, change.by];
  return [change.move, "before" in change ? change.before : change.after];
}

function changedAlone(statement: string, change: Change): string {
  if ("breakAfter" in change) return `${statement} break;`;
  if (!("set" in change)) return "";
  const declared = statement.match(/^(\s*const [^=]+ = )/)?.[1];
  if (declared === undefined) throw new Error(`"guard: ${change.set}" marks no constant`);
  return `${declared}${change.to};`;
}

function guardOf(guards: ReadonlyMap<string, Guard>, name: string): Guard {
  const guard = guards.get(name);
  if (guard === undefined) throw new Error(`No line of the library is marked "guard: ${name}"`);
  return guard;
}

/** A line without what is said about it. */
function codeOf(line: string): string {
  return line.replace(/\s*\/\/.*$/, "");
}
