import { describe, expect, test } from "vitest";
import { CANARIES, type Canary } from "./canaries.ts";
import { leaksIn, type Traces } from "./leaks.ts";

const TOKEN = CANARIES.GITHUB_TOKEN;

/** What a run leaves, with one text in one place. */
const CLEAN: Traces = {
  requests: [{ headers: "content-type: application/json", body: '{"model":"m"}' }],
  events: [
    { type: "text", delta: "I look " },
    { type: "text", delta: "first." },
    { type: "tool", output: "TOKEN=[redacted]" },
  ],
  answers: { "/runs/1": '{"status":"succeeded"}', "/runs/1/patch": "+Good morning" },
  pushed: {
    "blob app.js": 'say("Good morning");',
    commit: "Change the greeting",
    branches: "tiny-backspace/x",
  },
  pulls: [{ title: "Change the greeting", body: "## What was asked" }],
  operatorLog: "run 1: TypeError",
  store: "SQLite format 3\0",
};

const SINKS: Readonly<Record<string, (text: string) => Traces>> = {
  "the headers of request 0": (headers) => ({ ...CLEAN, requests: [{ headers, body: "" }] }),
  "the body of request 1": (body) => ({ ...CLEAN, requests: [...CLEAN.requests, { headers: "", body }] }),
  "the events": (output) => ({ ...CLEAN, events: [...CLEAN.events, { type: "tool", output }] }),
  "the answer of /runs/1/patch": (text) => ({
    ...CLEAN,
    answers: { ...CLEAN.answers, "/runs/1/patch": text },
  }),
  "pushed blob app.js": (text) => ({ ...CLEAN, pushed: { "blob app.js": text } }),
  "pushed branches": (text) => ({ ...CLEAN, pushed: { branches: text } }),
  "the title of pull request 0": (title) => ({ ...CLEAN, pulls: [{ title, body: null }] }),
  "the body of pull request 1": (body) => ({ ...CLEAN, pulls: [...CLEAN.pulls, { title: "", body }] }),
  "the operator's log": (operatorLog) => ({ ...CLEAN, operatorLog }),
  "the store": (store) => ({ ...CLEAN, store }),
};

/** A secret as others write it, each with the form it is told as. */
const DISGUISES: readonly [name: string, form: string, write: (secret: string) => string][] = [
  ["as it is", "raw", (secret) => `TOKEN=${secret}\n`],
  ["escaped for JSON", "raw", (secret) => JSON.stringify({ a: JSON.stringify(secret) })],
  [
    "escaped for JSON, sign by sign",
    "raw",
    (secret) => escaped(secret, (code) => `\\u00${code.toString(16)}`),
  ],
  ["percent-encoded", "raw", (secret) => encodeURIComponent(secret)],
  ["percent-encoded, sign by sign", "raw", (secret) => escaped(secret, (code) => `%${code.toString(16)}`)],
  ["as HTML's entities", "raw", (secret) => escaped(secret, (code) => `&#${code};`)],
  ["in capitals", "raw", (secret) => secret.toUpperCase()],
  ["as a branch's name", "raw", (secret) => secret.toLowerCase().replace(/[^a-z0-9]+/g, "-")],
  ["with zero-width spaces", "raw", (secret) => Array.from(secret).join("\u200b")],
  ["over two lines", "raw", (secret) => `${secret.slice(0, 9)}\n   ${secret.slice(9)}`],
  ["its last two thirds", "raw", (secret) => `…${secret.slice(-Math.ceil((2 * secret.length) / 3))}`],
  ["all but its last two signs", "raw", (secret) => `${secret.slice(0, -2)}…`],
  ["backwards", "reversed", (secret) => Array.from(secret).reverse().join("")],
  ["in base64", "base64", (secret) => Buffer.from(secret).toString("base64")],
  ["in base64 for URLs", "base64", (secret) => Buffer.from(secret).toString("base64url")],
  ["in base64 behind one sign", "base64 at 1", (secret) => Buffer.from(`=${secret}`).toString("base64")],
  [
    "in base64 behind five signs",
    "base64 at 2",
    (secret) => Buffer.from(`KEY: ${secret}`).toString("base64"),
  ],
  ["as git sends it", "base64", (secret) => btoa(`x-access-token:${secret}`)],
  ["in hexadecimal", "hexadecimal", (secret) => Buffer.from(secret).toString("hex").toUpperCase()],
];

test("what is clean has no leaks", () => {
  expect(leaksIn(CLEAN)).toEqual([]);
});

describe.each(Object.entries(SINKS))("in %s", (sink, plant) => {
  test.each(Object.entries(CANARIES))("%s is found", (canary, secret) => {
    expect(leaksIn(plant(`a ${secret} b`))).toEqual([
      expect.stringContaining(`${canary}, raw, is in ${sink}`),
    ]);
  });

  test.each(DISGUISES)("the token is found %s", (_name, form, write) => {
    expect(leaksIn(plant(`a ${write(TOKEN)} b`))).toEqual([
      expect.stringContaining(`GITHUB_TOKEN, ${form}, is in ${sink}`),
    ]);
  });
});

describe.each(DISGUISES)("%s", (_name, form, write) => {
  test.each(Object.entries(CANARIES))("%s is found", (canary: string, secret) => {
    expect(leaksIn({ ...CLEAN, store: write(secret) })).toEqual([
      expect.stringContaining(`${canary satisfies string as Canary}, ${form}, is in the store`),
    ]);
  });
});

describe("in pieces of the events", () => {
  const pieces = [0, 8, 16, 24].map((at) => ({ delta: TOKEN.slice(at, at + 8) }));

  test("a secret is found that is cut in four words", () => {
    const events = pieces.map((piece) => ({ type: "text", message: "…", ...piece }));
    expect(leaksIn({ ...CLEAN, events })).toEqual([
      expect.stringContaining("GITHUB_TOKEN, raw, is in the words of the events (0)"),
    ]);
  });

  test("a secret is found that is cut in a command's output", () => {
    const events = pieces.map(({ delta }) => ({ type: "output", stream: "stderr", data: delta }));
    expect(leaksIn({ ...CLEAN, events })).toEqual([
      expect.stringContaining("GITHUB_TOKEN, raw, is in the words of the events (0)"),
    ]);
  });
});

describe("with an excuse", () => {
  test("for its forms, other forms are found", () => {
    const store = `${DISGUISES[12]?.[2](TOKEN)} ${btoa(TOKEN)}`;
    expect(leaksIn({ ...CLEAN, store }, [{ forms: ["reversed"] }])).toEqual([
      expect.stringContaining("GITHUB_TOKEN, base64, is in the store"),
    ]);
  });

  test("for pieces, the whole is found", () => {
    const store = `${TOKEN.slice(0, 20)} and ${TOKEN.slice(20)}`;
    expect(leaksIn({ ...CLEAN, store }, [{ pieces: true }])).toEqual([]);
    expect(leaksIn({ ...CLEAN, store: `${store} ${TOKEN}` }, [{ pieces: true }])).toEqual([
      expect.stringContaining("GITHUB_TOKEN, raw, is in the store"),
    ]);
  });

  test("for some sinks, it is found in the others", () => {
    const traces = { ...CLEAN, store: TOKEN, operatorLog: TOKEN };
    expect(leaksIn(traces, [{ sinks: ["the store"] }])).toEqual([
      expect.stringContaining("GITHUB_TOKEN, raw, is in the operator's log"),
    ]);
  });
});

function escaped(text: string, write: (code: number) => string): string {
  return Array.from(text, (sign) => write(sign.charCodeAt(0))).join("");
}
