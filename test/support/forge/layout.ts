/** The frame of the forge's pages: escaping, one style sheet for light and dark, no script and nothing fetched. */

/** Text made harmless in HTML, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** A path's segments percent-encoded, its slashes kept. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** A whole page. `title` is text; `main` is HTML. */
export function page(title: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${main}
</main>
</body>
</html>
`;
}

const STYLE = `
:root {
  color-scheme: light dark;
  --text: light-dark(#1f2328, #e6edf3);
  --muted: light-dark(#59636e, #9198a1);
  --ground: light-dark(#ffffff, #0d1117);
  --panel: light-dark(#f6f8fa, #161b22);
  --line: light-dark(#d1d9e0, #3d444d);
  --link: light-dark(#0969da, #4493f8);
  --added: light-dark(#dafbe1, #12361f);
  --removed: light-dark(#ffebe9, #4b1b1e);
  --hunk: light-dark(#ddf4ff, #12263f);
  --open: light-dark(#1a7f37, #238636);
  --closed: light-dark(#cf222e, #da3633);
  --draft: light-dark(#59636e, #656c76);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.6 system-ui, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 32px 20px 64px; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
h1 { font-size: 26px; line-height: 1.3; margin: 8px 0 12px; font-weight: 600; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 32px 0 8px; font-weight: 600; }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
p code, li code, td code, .meta code { background: var(--panel); border-radius: 4px; padding: 2px 5px; }
.muted, .meta { color: var(--muted); }
.meta { margin: 0 0 20px; }
.badge { color: #fff; border-radius: 999px; padding: 3px 12px; font-size: 13px; font-weight: 600; margin-right: 6px; }
.badge.open { background: var(--open); } .badge.closed { background: var(--closed); }
.badge.draft { background: var(--draft); }
.box { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; margin: 12px 0; }
.box > header { background: var(--panel); border-bottom: 1px solid var(--line); padding: 8px 14px;
  display: flex; justify-content: space-between; gap: 16px; overflow-wrap: anywhere; }
.box > .prose { padding: 4px 18px; }
ul.rows { list-style: none; margin: 0; padding: 0; }
ul.rows li { padding: 8px 14px; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
ul.rows li:first-child { border-top: 0; }
.prose pre { background: var(--panel); border-radius: 6px; padding: 12px; overflow-x: auto; }
.prose table { border-collapse: collapse; } .prose td, .prose th { border: 1px solid var(--line); padding: 4px 10px; }
.diff { overflow-x: auto; }
.diff pre { margin: 0; min-width: max-content; }
.diff span { display: block; padding: 0 14px; white-space: pre; }
.diff .a { background: var(--added); } .diff .d { background: var(--removed); }
.diff .h { background: var(--hunk); color: var(--muted); } .diff .m { color: var(--muted); }
.plus { color: var(--open); } .minus { color: var(--closed); }
`;
