/** Markup. Only `html` makes it, so that no text can pass for it. */
export class Html {
  readonly #markup: string;
  private constructor(markup: string) {
    this.#markup = markup;
  }

  /** Takes what it is given for markup: for `html`, and for what is written here. */
  static trusted(markup: string): Html {
    return new Html(markup);
  }

  toString(): string {
    return this.#markup;
  }
}

export type Piece = Html | string | number | readonly Piece[];

/**
 * Markup from a template. Whatever is put into it is text and is escaped, for elements and for attributes in quotes,
 * unless it is markup itself.
 */
export function html(markup: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return Html.trusted(markup.map((part, index) => part + render(pieces[index] ?? '')).join(''));
}

function render(piece: Piece): string {
  if (piece instanceof Html) return piece.toString();
  if (typeof piece === 'string' || typeof piece === 'number') return escapeText(String(piece));
  return piece.map(render).join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}
