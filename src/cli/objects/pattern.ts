/**
 * Patterns for names: `*` is any text, and `?` is one character.
 *
 * @module
 */

/** Returns a function that tells whether a name matches a pattern. Upper and lower case differ. */
export function matcherOf(pattern: string): (name: string) => boolean {
  const source = pattern.replace(/\*+|[^*]/gsu, (part) => {
    if (part.startsWith("*")) return ".*";
    return part === "?" ? "." : part.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
  });
  const whole = new RegExp(`^${source}$`, "su");
  return (name) => whole.test(name);
}
