/** The work that models do in the wire-fault runs: the repository, the answers, and what comes of all or some of them. */
import type { Files } from "../support/forge/import.ts";
import type { Turn } from "../support/models/turn.ts";

/** One the rules understand as well: they do what the first edit does. */
export const PROMPT = 'Replace "Hello" with "Grüße" in README.md';

export const BASE: Files = {
  "README.md": "# Demo\n\nHello\n",
  "docs/notes.md": "one\ntwo\n",
  "docs/old.md": "old\n",
};
/** What the rules make of the prompt. */
export const BY_RULES: Files = { "README.md": "# Demo\n\nGrüße\n" };
/** What is edited before the later answer goes wrong. */
export const SO_FAR: Files = { ...BY_RULES, "docs/greeting.md": "Grüße 😀\r\n", "docs/old.md": null };
export const ALL: Files = { ...SO_FAR, "docs/notes.md": "one\nzwei\n", "src/greet.txt": 'echo "Grüße"\n' };

/** Which answer goes wrong: faults want one with words and two calls. */
export const FAULTY = { first: 0, later: 2 } as const;

export const TURNS: readonly Turn[] = [
  {
    reasoning: "I should look first.",
    text: "I look first — naïvely 😀.",
    calls: [
      { name: "read_file", arguments: { path: "README.md" } },
      { name: "search_files", arguments: { query: "Hello" } },
    ],
  },
  {
    calls: [
      { name: "edit_file", arguments: { path: "README.md", old_text: "Hello", new_text: "Grüße" } },
      { name: "write_file", arguments: { path: "docs/greeting.md", content: "Grüße 😀\r\n" } },
      { name: "delete_file", arguments: { path: "docs/old.md" } },
    ],
  },
  {
    reasoning: "The notes too.",
    text: "Now the notes.",
    calls: [
      { name: "edit_file", arguments: { path: "docs/notes.md", old_text: "two", new_text: "zwei" } },
      { name: "write_file", arguments: { path: "src/greet.txt", content: 'echo "Grüße"\n' } },
    ],
  },
  { calls: [{ name: "finish", arguments: { title: "Greet in German", summary: "- It greets in German." } }] },
];
