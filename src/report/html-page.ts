import {html, SafeHtml} from './html.js';

const STYLE = `
:root { color-scheme: light dark; --text: #1c2024; --muted: #5a6270; --page: #ffffff; --panel: #f5f6f8; --rule: #d9dde3;
  --series-1: #0072b2; --series-2: #c2410c; --series-3: #00795a; --series-4: #a3497e; --series-5: #8a6100; --series-6: #26769f; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e7eaee; --muted: #a2abb8; --page: #14171b; --panel: #1d2127; --rule: #363d47;
    --series-1: #56b4e9; --series-2: #ff9d5c; --series-3: #35c99a; --series-4: #e59cc6; --series-5: #f0c04a; --series-6: #9ad0f0; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 3rem; max-width: 66rem; background: var(--page); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .5rem; }
p { margin: .5rem 0; max-width: 46rem; text-wrap: pretty; }
.muted, figcaption { color: var(--muted); font-size: .9rem; }
figure { margin: .75rem 0; }
figcaption { margin-top: .35rem; }
.chart { display: block; width: 100%; min-width: 34rem; height: auto; padding: .5rem; background: var(--panel); border-radius: 8px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--rule); vertical-align: bottom; white-space: nowrap; }
th { white-space: normal; min-width: 5rem; }
th.left, td.left { text-align: left; padding-left: 0; }
th.right, td.right { text-align: right; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: .5rem 0; font-size: .9rem; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
`;

/** What {@link htmlPage} puts together. */
export interface HtmlPageOptions {
  readonly title: string;
  /** Everything under the title. */
  readonly body: SafeHtml | readonly SafeHtml[];
}

/** A whole self-contained HTML page, light or dark as the reader prefers; its policy forbids it to load anything. */
export function htmlPage({title, body}: HtmlPageOptions): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new SafeHtml(STYLE)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.text;
}

/** A chart with a caption under it. @param svg What `lineChart` returned. */
export function figure(svg: string, caption: string): SafeHtml {
  return html`<figure>
<div class="scroll">
${new SafeHtml(svg)}
</div>
<figcaption>${caption}</figcaption>
</figure>`;
}

/** A heading and what stands under it. */
export function section(heading: string, ...content: readonly SafeHtml[]): SafeHtml {
  return html`<section>
<h2>${heading}</h2>
${content}
</section>
`;
}

/** A list of names and values. */
export function definitionList(entries: readonly (readonly [name: string, value: string])[]): SafeHtml {
  return html`<dl>
${entries.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>
`)}</dl>`;
}
