import { sha256 } from '../words/sha256.ts';

export const REPORT_STYLE = `
:root { color-scheme: light dark; --back: #fff; --fore: #1a1f26; --soft: #4d5661; --line: #c9ced6; --box: #f2f4f7;
  --bad: #b3261e; --link: #0b57a4; --on: #fff; --c0: #1f5fa8; --c1: #b5460f; --c2: #2c7a4b; --c3: #8a3f97; --c4: #6f6a1d;
  --c5: #a3326a; --rest: #5b6470; }
@media (prefers-color-scheme: dark) { :root { --back: #14181d; --fore: #e8ebef; --soft: #aeb7c2; --line: #3c4550;
  --box: #1e242b; --bad: #ff9c94; --link: #8fc1ff; --on: #14181d; --c0: #7db4f0; --c1: #f0a070; --c2: #7fcf9f;
  --c3: #d39be0; --c4: #d0c86f; --c5: #f08fb8; --rest: #98a2ae; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; background: var(--back);
  color: var(--fore); overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0.2rem 0 0.6rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
h3 { font-size: 1rem; margin: 1.1rem 0 0.2rem; }
p { margin: 0.4rem 0; } ul, ol { margin: 0.3rem 0; padding-left: 1.3rem; }
.soft { color: var(--soft); } .bad { color: var(--bad); fill: var(--bad); }
.stages { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 0.6rem; margin: 0.8rem 0; padding: 0; }
.stages div { background: var(--box); padding: 0.5rem 0.7rem; border-radius: 0.4rem; }
.stages dt { font-weight: bold; } .stages dd { margin: 0; } .stages .long { font-size: 1.3rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; color: var(--soft); }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.6rem 0.25rem 0; border-bottom: 1px solid var(--line); }
.numbers th, .numbers td { white-space: nowrap; } .scroll .numbers { min-width: 0; }
.scroll { overflow-x: auto; } .scroll table { min-width: 34rem; } .scroll th, .scroll td { overflow-wrap: normal; }
.scroll bdi { overflow-wrap: anywhere; } .scroll th[scope="row"] { min-width: 9rem; }
.times { list-style: none; padding: 0; } .times li { display: grid; grid-template-columns: 5.2rem 1fr; gap: 0.6rem; padding: 0.15rem 0; }
.times .act { font-weight: bold; } .times .sign > span { color: var(--bad); }
details { margin: 0.4rem 0; border: 1px solid var(--line); border-radius: 0.4rem; padding: 0.3rem 0.7rem; }
summary { cursor: pointer; padding: 0.2rem 0; } summary:focus-visible { outline: 2px solid var(--link); }
.todo { list-style: none; padding-left: 0; } .todo li { padding: 0.15rem 0 0.15rem 1.7rem; position: relative; }
.todo li::before { content: ""; position: absolute; left: 0.1rem; top: 0.45rem; width: 0.9rem; height: 0.9rem;
  border: 2px solid var(--soft); border-radius: 0.15rem; }
.blank { border: 2px dashed var(--soft); border-radius: 0.4rem; padding: 0.5rem 0.7rem 2.6rem; margin: 0.6rem 0; }
.blank b::before { content: "\\270E  "; }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, sans-serif; fill: var(--fore); }
svg path { fill: none; stroke: var(--fore); }
svg .axis path { stroke: var(--line); } svg .axis text { fill: var(--soft); }
svg .area { stroke: var(--back); stroke-width: 1; }
svg .c0 { fill: var(--c0); } svg .c1 { fill: var(--c1); } svg .c2 { fill: var(--c2); } svg .c3 { fill: var(--c3); }
svg .c4 { fill: var(--c4); } svg .c5 { fill: var(--c5); } svg .rest { fill: var(--rest); }
svg .l0 { stroke: var(--c0); } svg .l1 { stroke: var(--c1); } svg .l2 { stroke: var(--c2); } svg .l3 { stroke: var(--c3); }
svg .l4 { stroke: var(--c4); } svg .l5 { stroke: var(--c5); } svg .held { stroke-width: 2; }
svg .letter { fill: var(--on); font-weight: bold; }
svg .usable { stroke-width: 2; } svg .trigger { stroke-dasharray: 7 4; } svg .relief { stroke-dasharray: 2 4; stroke-width: 2; }
svg .usual { stroke-dasharray: 5 4; stroke: var(--soft); } svg .ground { stroke: var(--line); }
svg .on { paint-order: stroke; stroke: var(--back); stroke-width: 4px; }
svg .refused { fill: var(--bad); } svg .full { stroke: var(--bad); stroke-width: 2.5; }
svg .mark path { stroke-dasharray: 4 3; } svg .mark circle { fill: var(--fore); } svg .mark text { fill: var(--back); font-weight: bold; }
.narrow { max-width: 34rem; } .wide { display: none; }
@media (min-width: 900px) { .narrow { display: none; } .wide { display: block; } }
.key { list-style: none; padding: 0; } .key b { display: inline-block; width: 1.5rem; text-align: center; color: var(--on);
  border-radius: 0.2rem; margin-right: 0.5rem; } .key .k0 { background: var(--c0); } .key .k1 { background: var(--c1); }
.key .k2 { background: var(--c2); } .key .k3 { background: var(--c3); } .key .k4 { background: var(--c4); }
.key .k5 { background: var(--c5); } .key .kr { background: var(--rest); }
.smalls { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 0.8rem; margin: 0.6rem 0; }
figure { margin: 0; } figcaption { font-size: 0.9rem; }
@media print { :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 10pt; }
  .narrow { display: none; } .wide { display: block; } h2 { break-after: avoid; } figure, .blank, svg { break-inside: avoid; }
  details::details-content { content-visibility: visible; display: block; height: auto; } }
`;

/** For the policy that allows this style and nothing else. */
export const REPORT_STYLE_HASH = sha256(REPORT_STYLE, 'base64');
