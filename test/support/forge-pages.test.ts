/** The local forge's pages: they show what there is, and nothing in a repository can act on them. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { diffHtml } from "./forge/diff-html.ts";
import { markdown } from "./forge/markdown.ts";
import { type LocalForge, startForge } from "./forge/server.ts";
import { callRest } from "./rest-client.ts";

let forge: LocalForge;

beforeEach(async () => {
  forge = await startForge({ tokens: { token: { login: "ann" } } });
  const app = await forge.addRepository("ann/app", { files: { "a.txt": "one\ntwo\n", "b/c.txt": "" } });
  await app.commit(
    { "a.txt": "one\n<b>2</b>\n", "b/c.txt": null },
    { branch: "fix/it", message: "Fix <it>" },
  );
  await app.commit({ "later.txt": "on main only\n" });
  const input = { title: "Fix <it>", body: "It is `fixed`.", head: "fix/it", base: "main" };
  await callRest(forge, "token", "POST", "/repos/ann/app/pulls", input);
});

afterEach(() => forge.close());

async function get(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(forge.url + path);
  return { status: response.status, text: await response.text() };
}

test("a pull request's page shows its words, its commits and its diff since it left the base", async () => {
  const { status, text } = await get("/ann/app/pull/1");
  expect(status).toBe(200);
  expect(text).toContain("Fix &lt;it&gt;");
  expect(text).toContain("<p>It is <code>fixed</code>.</p>");
  expect(text).toContain('<span class="d">-two</span><span class="a">+&lt;b&gt;2&lt;/b&gt;</span>');
  expect(text).toContain('<span class="m">deleted file mode 100644</span>');
  expect(text).not.toContain("later.txt");
  expect(text).not.toContain("<it>");
});

test("a pull request's diff and patch can be had as git takes them", async () => {
  const app = forge.repository("ann/app");
  const merged = await app.git("merge-base", "main", "fix/it");
  expect((await get("/ann/app/pull/1.diff")).text).toBe(`${await app.git("diff", merged, "fix/it")}\n`);
  expect((await get("/ann/app/pull/1.patch")).text).toContain("Subject: [PATCH] Fix <it>\n");
});

test("a repository's page leads to its branches and pull requests", async () => {
  const { text } = await get("/ann/app");
  expect(text).toContain('<a href="/ann/app/pull/1">Fix &lt;it&gt; <span class="muted">#1</span></a>');
  expect(text).toContain('<a href="/ann/app/tree/fix/it">fix/it</a>');
  expect((await get("/")).text).toContain('<a href="/ann/app">ann/app</a>');
});

test("a branch's page lists its files and a commit's page its diff", async () => {
  const tree = await get("/ann/app/tree/fix%2Fit");
  expect(tree.text).toContain("<li><code>a.txt</code></li>");
  expect(tree.text).not.toContain("b/c.txt");
  const commit = await forge.repository("ann/app").git("rev-parse", "fix/it");
  expect((await get(`/ann/app/commit/${commit}`)).text).toContain('<span class="d">-two</span>');
});

test("what is not there is not found, a private repository included", async () => {
  await forge.addRepository("ann/secret", { files: { a: "" }, private: true });
  const paths = [
    "/ann/none",
    "/ann/app/pull/2",
    "/ann/app/tree/none",
    "/ann/app/commit/0000000",
    "/ann/secret",
    "/x",
  ];
  for (const path of paths) expect([path, (await get(path)).status]).toEqual([path, 404]);
});

test("pages run no script, whatever they show", async () => {
  const response = await fetch(`${forge.url}/ann/app/pull/1`);
  expect(response.headers.get("content-security-policy")).toBe(
    "default-src 'none'; style-src 'unsafe-inline'",
  );
});

test("a description's Markdown becomes HTML and its HTML becomes text", () => {
  const source = [
    "## What & why",
    "",
    "A **bold**, *slanted* `<code> **as is**` and [link](https://example.com/?a=1&b=2).",
    "<script>alert(1)</script>",
    "",
    "- one",
    "- two",
    "",
    "1. first",
    "",
    "```js",
    "**not bold** <b>",
    "```",
    "> quoted",
    "| A | B |",
    "| --- | --- |",
    "| 1 | 2 |",
    "<!-- unseen -->",
    "[bad](javascript:alert(1)) #5 snake_case_name 2*3*4",
  ].join("\n");
  expect(markdown(source).split("\n")).toEqual([
    "<h3>What &amp; why</h3>",
    '<p>A <strong>bold</strong>, <em>slanted</em> <code>&lt;code&gt; **as is**</code> and <a href="https://example.com/?a=1&amp;b=2" rel="nofollow">link</a>.<br>&lt;script&gt;alert(1)&lt;/script&gt;</p>',
    "<ul><li>one</li><li>two</li></ul>",
    "<ol><li>first</li></ol>",
    "<pre><code>**not bold** &lt;b&gt;</code></pre>",
    '<blockquote class="muted">quoted</blockquote>',
    "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>",
    "<p>[bad](javascript:alert(1)) #5 snake_case_name 2*3*4</p>",
  ]);
});

test("a link's address cannot leave its attribute", () => {
  expect(markdown('[x](https://e.com/"onclick="alert(1))')).toBe(
    '<p><a href="https://e.com/&quot;onclick=&quot;alert(1" rel="nofollow">x</a>)</p>',
  );
  expect(markdown("[x](https://e.com/**a**_b_)")).not.toContain('<a href="https://e.com/<');
});

test("a diff is a box a file, named by where the file is now", () => {
  const diff = [
    "diff --git a/old.txt b/new.txt",
    "similarity index 50%",
    "rename from old.txt",
    "rename to new.txt",
    "index 1..2 100644",
    "--- a/old.txt",
    "+++ b/new.txt",
    "@@ -1,2 +1,2 @@ <top>",
    " same",
    "--- a removed line that looks like a header",
    "+++ an added one",
    "\\ No newline at end of file",
    "",
  ].join("\n");
  const shown = diffHtml(diff);
  expect(shown).toContain("<code>new.txt</code>");
  expect(shown).toContain('<span class="plus">+1</span> <span class="minus">−1</span>');
  expect(shown).toContain(
    '<span class="h">@@ -1,2 +1,2 @@ &lt;top&gt;</span><span> same</span><span class="d">--- a removed line that looks like a header</span><span class="a">+++ an added one</span><span class="m">\\ No newline at end of file</span>',
  );
});
