import {html, type SafeHtml} from './html.js';

/** A table of texts, for a terminal or a page. */
export interface Table {
  readonly columns: readonly TableColumn[];
  /** One text per column. */
  readonly rows: readonly (readonly string[])[];
}

/** A column of a {@link Table}. */
export interface TableColumn {
  readonly title: string;
  /** Default 'right', as suits numbers. */
  readonly align?: 'left' | 'right';
}

/** The table as an HTML element that scrolls by itself where the page is narrow. */
export function htmlTable({columns, rows}: Table): SafeHtml {
  const sideOf = (i: number): string => columns[i]?.align ?? 'right';
  return html`<div class="scroll"><table>
<thead><tr>${columns.map(({title}, i) => html`<th scope="col" class="${sideOf(i)}">${title}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${row.map((cell, i) => html`<td class="${sideOf(i)}">${cell}</td>`)}</tr>
`)}</tbody>
</table></div>`;
}

/**
 * The table in plain text, columns two spaces apart. Titles wrap at their spaces, so that columns stay as narrow as
 * their numbers allow.
 *
 * @param styleHeader Applied to each line of the header, to make it bold for instance.
 */
export function textTable({columns, rows}: Table, styleHeader: (line: string) => string = (line) => line): string {
  const titles = columns.map(({title}, i) => wrap(title, Math.max(8, ...rows.map((row) => widthOf(row[i]!)))));
  const widths = columns.map((_, i) => Math.max(...[...titles[i]!, ...rows.map((row) => row[i]!)].map(widthOf)));
  const formatRow = (cells: readonly string[]): string => cells.map((cell, i) => {
    const padding = ' '.repeat(widths[i]! - widthOf(cell));
    return columns[i]!.align === 'left' ? cell + padding : padding + cell;
  }).join('  ').trimEnd();
  const headerHeight = Math.max(0, ...titles.map((lines) => lines.length));
  const header = Array.from({length: headerHeight}, (_, line) =>
    styleHeader(formatRow(titles.map((lines) => lines[line - (headerHeight - lines.length)] ?? ''))));
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [...header, rule, ...rows.map(formatRow)].join('\n');
}

/** Characters, not UTF-16 units. */
function widthOf(text: string): number {
  return Array.from(text).length;
}

/** Breaks `text` at spaces into lines of at most `width` characters, where its words allow. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
