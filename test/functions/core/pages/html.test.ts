import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html } from '../../../../functions/core/pages/html.ts';

describe('markup', () => {
  it('takes what is put into it for text', () => {
    const name = `<script>alert("x")</script> & 'y'`;
    expect(html`<p title="${name}">${name}</p>`.toString()).toBe(
      '<p title="&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;">' +
        '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;</p>',
    );
  });

  it('takes markup for markup, in lists too, and escapes once', () => {
    const items = ['a<b', 'c'].map((text) => html`<b>${text}</b>`);
    expect(html`<p>${items}</p>`.toString()).toBe('<p><b>a&lt;b</b><b>c</b></p>');
    expect(html`${3}${[]}${''}`.toString()).toBe('3');
  });

  it('takes nothing for markup that only looks like it', () => {
    const impostor = { toString: () => '<b>' } as unknown as string;
    expect(() => html`${impostor}`.toString()).toThrow();
  });

  it('lets no text end an element or an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', 'a', ';', '/') }), (text) => {
        const [, attribute, content] =
          /^<p title="([^"<>']*)">([^"<>']*)<\/p>$/.exec(html`<p title="${text}">${text}</p>`.toString()) ?? [];
        expect(attribute).toBe(content);
        expect(content).toBeDefined();
      }),
    );
  });
});
