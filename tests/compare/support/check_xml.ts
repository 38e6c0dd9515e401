/** Any part of a document: a comment, a tag, or text up to the next tag. */
const PARTS = /<!--.*?-->|<[^>]*>|[^<]+/gs;
const OPENING = /^<([\w:-]+)((?:\s+[\w:-]+="(?:[^"<&]|&[\w#]+;)*")*)\s*(\/?)>$/;
const CLOSING = /^<\/([\w:-]+)\s*>$/;
const TEXT = /^(?:[^<>&]|&[\w#]+;)*$/;

/**
 * Checks that a text is a well-formed XML document of elements, attributes and text.
 *
 * @throws {SyntaxError} If it is not.
 */
export function checkXml(source: string): void {
  const open: string[] = [];
  let roots = 0;
  for (const part of source.trim().match(PARTS) ?? []) {
    if (part.startsWith("<!--")) continue;
    const opening = OPENING.exec(part);
    const closing = CLOSING.exec(part);
    if (opening !== null) {
      const [, name = "", attributes = "", isEmpty] = opening;
      const names = [...attributes.matchAll(/\s([\w:-]+)=/g)].map(([, name]) => name);
      if (new Set(names).size < names.length) throw new SyntaxError(`An attribute twice: ${part}`);
      if (open.length === 0) roots++;
      if (isEmpty === "") open.push(name);
    } else if (closing !== null) {
      if (open.pop() !== closing[1]) throw new SyntaxError(`An end without a start: ${part}`);
    } else if (part.startsWith("<") || !TEXT.test(part) || open.length === 0) {
      throw new SyntaxError(`Not well-formed: ${part}`);
    }
  }
  if (open.length > 0) throw new SyntaxError(`Elements without an end: ${open}`);
  if (roots !== 1) throw new SyntaxError(`${roots} root elements`);
}
