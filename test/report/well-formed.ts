/**
 * The names of all elements of an XML text, in order of opening.
 *
 * @throws Error where tags do not nest, an attribute is not quoted, or a bare `<` or `&` is left.
 */
export function elementsOf(xml: string): string[] {
  const tag = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/gy;
  const names: string[] = [], open: string[] = [];
  let at = 0;
  while (at < xml.length) {
    const next = xml.indexOf('<', at), text = xml.slice(at, next < 0 ? xml.length : next);
    if (/&(?!#\d+;)/.test(text)) throw new Error(`bare ampersand in: ${text}`);
    if (next < 0) break;
    tag.lastIndex = next;
    const match = tag.exec(xml);
    if (match === null) throw new Error(`no tag at: ${xml.slice(next, next + 60)}`);
    const [whole, slash, name, , selfClosing] = match;
    if (slash === '/') {
      if (open.pop() !== name) throw new Error(`</${name ?? ''}> closes nothing`);
    } else {
      names.push(name ?? '');
      if (selfClosing !== '/') open.push(name ?? '');
    }
    at = next + whole.length;
  }
  if (open.length > 0) throw new Error(`left open: ${open.join(', ')}`);
  return names;
}
