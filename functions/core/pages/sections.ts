import { html, type Piece } from './html.ts';

/** A section with its heading; nothing without content. */
export function section(title: string, content: Piece): Piece {
  return content === ''
    ? ''
    : html`<section>
        <h2>${title}</h2>
        ${content}
      </section>`;
}

export function list(lines: readonly Piece[]): Piece {
  return lines.length === 0
    ? ''
    : html`<ul>
        ${lines.map((line) => html`<li>${line}</li>`)}
      </ul>`;
}
