import {mkdirSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

/** The folder of documents. */
export const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));

/** A chart as a picture of its own: it has no page to give it a ground, and its text is black. */
export function pictureOf(svg: string): string {
  return `${svg.replace('</title>', '</title>\n<rect width="100%" height="100%" fill="#fff"/>')}\n`;
}

/** Writes a chart as docs/images/NAME.svg. */
export function writePicture(name: string, svg: string): void {
  mkdirSync(`${DOCS}images`, {recursive: true});
  writeFileSync(`${DOCS}images/${name}.svg`, pictureOf(svg));
}
