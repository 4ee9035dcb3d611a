/** Text that is HTML already and must not be escaped again. */
export class SafeHtml {
  /** @param text Well-formed HTML; the caller vouches for it. */
  constructor(readonly text: string) {}
}

/** What {@link html} takes between the pieces of a template. */
export type HtmlValue = string | number | SafeHtml | readonly HtmlValue[];

/** `text` with the five characters that mean something in HTML and XML replaced, and control characters dropped. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[^\P{Cc}\t\n\r]/gu, '')
    .replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

/**
 * A template tag that escapes every value, save those that are {@link SafeHtml}; lists are joined.
 *
 * @example
 * html`<p>${'a < b'}</p>`.text; // <p>a &#60; b</p>
 */
export function html(pieces: TemplateStringsArray, ...values: readonly HtmlValue[]): SafeHtml {
  return new SafeHtml(pieces.map((piece, i) => piece + (i < values.length ? render(values[i]!) : '')).join(''));
}

function render(value: HtmlValue): string {
  if (value instanceof SafeHtml) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value));
  return value.map(render).join('');
}
