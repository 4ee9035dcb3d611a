/** What the tests read out of Markdown files. */

/** One fenced block of code. */
export interface CodeBlock {
  /** First word of the fence: `js`, `ts`, `sh`, … */
  readonly language: string;
  /** The fence's other words. */
  readonly marks: readonly string[];
  readonly code: string;
  /** Line of the fence, counted from 1. */
  readonly line: number;
}

/** The fenced blocks of a text, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: {fence: string; words: string[]; lines: string[]; line: number} | undefined;
  markdown.split('\n').forEach((text, index) => {
    const fence = /^\s*(```+|~~~+)\s*(.*)$/.exec(text);
    if (open === undefined) {
      if (fence) open = {fence: fence[1]!, words: fence[2]!.split(/\s+/).filter(Boolean), lines: [], line: index + 1};
    } else if (text.trim().startsWith(open.fence) && text.trim() === open.fence) {
      const [language = '', ...marks] = open.words;
      blocks.push({language, marks, code: `${open.lines.join('\n')}\n`, line: open.line});
      open = undefined;
    } else {
      open.lines.push(text);
    }
  });
  if (open !== undefined) throw new Error(`Line ${open.line}: a code block is not closed.`);
  return blocks;
}

/** Targets of the links and pictures of a text that lead to files beside it, without their anchors. */
export function relativeLinks(markdown: string): string[] {
  const prose = markdown.replace(/^\s*(```+|~~~+)[\s\S]*?^\s*\1\s*$/gm, '').replace(/`[^`\n]*`/g, '');
  const inline = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const referenced = [...prose.matchAll(/^\s*\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)/gm)];
  const tags = [...prose.matchAll(/\b(?:src|href)="([^"]+)"/g)];
  return [...inline, ...referenced, ...tags]
    .map(match => decodeURI(match[1]!.replace(/#.*$/, '')))
    .filter(target => target !== '' && !/^[a-z][a-z0-9+.-]*:/i.test(target));
}
