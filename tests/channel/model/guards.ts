/**
 * Finds and changes the lines of the library that end in `// guard: NAME`.
 *
 * Only the mark and the form of the line count, so its variables and private fields can be renamed.
 * A line that is moved or copied keeps its text.
 *
 * @module
 */

/** A change of a marked line that breaks the library. */
export type Change =
  /** Leaves the line out. */
  | { readonly leaveOut: string }
  /** Moves the line before or after another marked line of the same file. */
  | { readonly move: string; readonly before: string }
  | { readonly move: string; readonly after: string }
  /** Replaces the line by a copy of another marked line of the same file. */
  | { readonly replace: string; readonly by: string }
  /** Sets the constant that the line declares. */
  | { readonly set: string; readonly to: "false" }
  /** Ends the loop after the line. */
  | { readonly breakAfter: string };

/** A marked line. */
export interface Guard {
  /** The path of the file in the project. */
  readonly file: string;
  /** The index of the line, from 0. */
  readonly line: number;
}

const MARK = /^(.*\S)\s*\/\/ guard: (\S+)$/;

/**
 * Finds all marked lines.
 *
 * @param files The texts of files by their paths.
 * @returns The marked lines by the names of their marks.
 * @throws {Error} If two lines have the same mark, or a marked line is not a whole statement.
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
        throw new Error(`The line marked "guard: ${name}" is not a whole statement`);
      }
      guards.set(name, { file, line });
    }
  }
  return guards;
}

/**
 * Applies a change to its file.
 *
 * @param files The texts of all files by their paths.
 * @returns The path of the changed file, and its new text.
 * @throws {Error} If a line of the change does not exist.
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

/** Returns the names of the guards in a change. The first name is of the line that is changed. */
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

/** Returns a line without its comment. */
function codeOf(line: string): string {
  return line.replace(/\s*\/\/.*$/, "");
}
