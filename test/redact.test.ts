/** Attack 15: secrets are found in every form and however text is cut; ordinary text comes through untouched. */
import { describe, expect, it } from "vitest";
import { createRedactor, createStreamRedactor, type Redactor, redactOutputs } from "../src/redact.ts";
import type { RunEvent } from "../src/run/events.ts";
import { collect } from "./support/collect.ts";
import { randomNumbers, randomText } from "./support/random.ts";

const SECRET = 'canary+5/f3A~9b é"7d?';
const PLAIN = "canary_0123456789ABCDEFxyz";

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const url64 = (text: string) => base64(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const hex = (text: string) =>
  Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
const everyByte = (text: string) => hex(text).replace(/../g, "%$&");

/** Text with base64 of the secret among other bytes, and what stays: the characters that depend on those. */
function encoded(before: string, secret: string, after: string, encode = base64): [string, string] {
  const text = encode(before + secret + after);
  const start = new TextEncoder().encode(before).length;
  const end = start + new TextEncoder().encode(secret).length;
  return [
    text,
    `${text.slice(0, Math.ceil((start * 8) / 6))}[redacted]${text.slice(Math.floor((end * 8) / 6))}`,
  ];
}

/** The same with a line break after each few characters that depend on the secret alone. */
function inLines(
  [text, redacted]: readonly [string, string],
  width: number,
  lineBreak: string,
): [string, string] {
  const [before = "", after = ""] = redacted.split("[redacted]");
  const core = text.slice(before.length, text.length - after.length);
  return [before + broken(core, width, lineBreak) + after, redacted];
}

function broken(text: string, width: number, lineBreak = "\n"): string {
  return text.replace(new RegExp(`.{${width}}(?=.)`, "g"), `$&${lineBreak}`);
}

/** Every form of a secret that must not survive, and what the form becomes. */
function forms(secret: string): [name: string, form: string, redacted: string][] {
  const whole = (name: string, form: string): [string, string, string] => [name, form, "[redacted]"];
  return [
    whole("itself", secret),
    whole("JSON", JSON.stringify(secret).slice(1, -1)),
    whole("git's basic credentials", base64(`x-access-token:${secret}`)),
    whole("git's basic credentials in base64url", url64(`x-access-token:${secret}`)),
    whole("hexadecimal", hex(secret)),
    whole("hexadecimal in capitals", hex(secret).toUpperCase()),
    whole("percent-encoding", encodeURIComponent(secret)),
    whole(
      "percent-encoding in lower case",
      encodeURIComponent(secret).replace(/%../g, (byte) => byte.toLowerCase()),
    ),
    whole("percent-encoding of every byte", everyByte(secret)),
    whole("percent-encoding of every byte in capitals", everyByte(secret).toUpperCase()),
    whole(
      "percent-encoding of one byte more",
      everyByte(secret).slice(0, 3) + encodeURIComponent(secret).slice(1),
    ),
    ["base64", ...encoded("", secret, "")],
    ["base64, one byte in", ...encoded(".", secret, ".")],
    ["base64, two bytes in", ...encoded("..", secret, "..")],
    ["base64url", ...encoded("", secret, "", url64)],
    ["base64url, one byte in", ...encoded(".", secret, ".", url64)],
    ["base64url, two bytes in", ...encoded("..", secret, "..", url64)],
    ["base64 in lines", ...inLines(encoded("..", secret, ".."), 8, "\n")],
    ["base64 in lines with CRLF", ...inLines(encoded(".", secret, "."), 5, "\r\n")],
    ["base64url with empty lines", ...inLines(encoded("", secret, "", url64), 11, "\n\n")],
    whole("git's basic credentials in lines", broken(base64(`x-access-token:${secret}`), 12)),
    whole("hexadecimal in lines", broken(hex(secret).toUpperCase(), 20)),
    ["other basic credentials", ...encoded("somebody:", secret, "")],
    ["credentials with the secret as the user", ...encoded("", secret, ":x-oauth-basic")],
  ];
}

function streamed(redactor: Redactor, chunks: readonly string[]): string {
  const stream = redactor.stream();
  return chunks.map((chunk) => stream.push(chunk)).join("") + stream.flush();
}

describe("a known secret", () => {
  const redactor = createRedactor([SECRET, PLAIN]);
  const all = [...forms(SECRET), ...forms(PLAIN)];

  it.each(all)("is replaced as %s: %s", (_name, form, redacted) => {
    expect(redactor.redact(`before ${form} after`)).toBe(`before ${redacted} after`);
  });

  it.each(all)("is found as %s when %s is cut anywhere into two or three chunks", (_name, form, redacted) => {
    const text = `a ${form} z`;
    const failed: string[][] = [];
    for (let first = 0; first <= text.length; first += 1) {
      for (let second = first; second <= text.length; second += 1) {
        const chunks = [text.slice(0, first), text.slice(first, second), text.slice(second)];
        if (streamed(redactor, chunks) !== `a ${redacted} z`) failed.push(chunks);
      }
    }
    expect(failed).toEqual([]);
  });

  it("is replaced in keys and values at any depth, and numbers and such stay what they are", () => {
    const { redact } = createRedactor([PLAIN]);
    expect(
      redact({ a: [1, null, true, { [`x-${PLAIN}`]: `${PLAIN}${PLAIN}`, n: -0.5 }], u: undefined }),
    ).toEqual({ a: [1, null, true, { "x-[redacted]": "[redacted][redacted]", n: -0.5 }], u: undefined });
  });

  it("does not reach a prototype through its keys", () => {
    const out = createRedactor([PLAIN]).redact(JSON.parse('{"__proto__":{"admin":true}}'));
    expect([Object.keys(out), out.admin, Object.getPrototypeOf(out)]).toEqual([
      ["__proto__"],
      undefined,
      Object.prototype,
    ]);
  });

  it("is safe from values nested deeper than a stack", () => {
    let deep: unknown = PLAIN;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    const text = JSON.stringify(createRedactor([PLAIN]).redact(deep));
    expect(text).toBe(`${"[".repeat(100)}"[nested too deeply]"${"]".repeat(100)}`);
  });

  it("is ignored when it is shorter than eight characters", () => {
    expect(createRedactor(["", "token", "1234567"]).redact("token 1234567")).toBe("token 1234567");
  });

  it("may be part of another secret, overlap itself, or touch another", () => {
    expect(createRedactor(["abcdefgh", "xxabcdefghyy"]).redact("xxabcdefghyy abcdefgh xxabcdefgh")).toBe(
      "[redacted] [redacted] xx[redacted]",
    );
    expect(createRedactor(["abababab"]).redact("ababababababa.")).toBe("[redacted]a.");
    expect(createRedactor(["abcdefgh", "efghijkl"]).redact("abcdefghijkl")).toBe("[redacted]");
    expect(createRedactor(["abcdefgh", "ijklmnop"]).redact("abcdefghijklmnop")).toBe("[redacted][redacted]");
  });
});

describe("base64 as it is wrapped by tools", () => {
  const { redact } = createRedactor([PLAIN]);

  it("has nothing of a secret left, wherever in the text that is", () => {
    const left: string[] = [];
    for (let at = 0; at < 120; at += 1) {
      const before = "a".repeat(at);
      const wrapped = broken(base64(`${before}${PLAIN}\n`), 76);
      const [seen = "", rest = ""] = redact(wrapped).split("[redacted]");
      // Up to six bits at either end depend on the neighbours too.
      const most = Math.ceil((at * 8) / 6);
      if (seen.replaceAll("\n", "").length > most || rest.replace("\n", "").length > 4)
        left.push(redact(wrapped));
    }
    expect(left).toEqual([]);
  });

  it("is found from the eighteenth character on where it was cut, across lines", () => {
    const core = base64(PLAIN).slice(0, 24);
    expect(redact(`${broken(core, 10)}\n.`)).toBe("[redacted]\n.");
    expect(redact(`${broken(core.slice(0, 17), 10)}\n.`)).toBe(`${broken(core.slice(0, 17), 10)}\n.`);
  });

  it("is no longer looked for behind more than an empty line, so that nothing is held back for ever", () => {
    const stream = createStreamRedactor([PLAIN]);
    const begin = base64(PLAIN).slice(0, 10);
    expect([stream.push(`a ${begin}\n\n`), stream.push("\n"), stream.push("\n"), stream.flush()]).toEqual([
      "a ",
      `${begin}\n\n\n`,
      "\n",
      "",
    ]);
  });
});

describe("a token nobody told about", () => {
  const alnum = (length: number) => "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7".repeat(10).slice(0, length);
  const tokens = [
    `ghp_${alnum(36)}`,
    `gho_${alnum(36)}`,
    `ghs_${alnum(36)}`,
    `ghs_123456_${alnum(80)}.${alnum(60)}.${alnum(40)}`,
    `github_pat_${alnum(22)}_${alnum(59)}`,
    `sk-${alnum(48)}`,
    `sk-proj-${alnum(60)}_-${alnum(20)}`,
    `sk-ant-api03-${alnum(93)}-AA`,
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
  ];

  it.each(tokens)("is replaced by its shape: %s", (token) => {
    for (const [before, after] of [
      ["", ""],
      ['"', '"'],
      ["token=", "\n"],
      ["https://x:", "@github.com"],
    ] as const) {
      expect(createRedactor([]).redact(before + token + after)).toBe(`${before}[redacted]${after}`);
    }
  });

  it.each(tokens)("is replaced when %s is cut anywhere", (token) => {
    const text = `x ${token}, sk-1 AKIA`;
    const failed: string[][] = [];
    for (let first = 0; first <= text.length; first += 1) {
      for (let second = first; second <= text.length; second += 7) {
        const chunks = [text.slice(0, first), text.slice(first, second), text.slice(second)];
        if (streamed(createRedactor([]), chunks) !== "x [redacted], sk-1 AKIA") failed.push(chunks);
      }
    }
    expect(failed).toEqual([]);
  });

  it.each([
    "task-management-for-everyone-in-the-whole-wide-world",
    "disk-usage-analyzer and risk-assessment-0123456789abcdef0123456789abcdef",
    "sk-SK, sk-learn, sk-toggleable__control--1",
    "ghp_short and ghp_",
    "AKIA and AKIAIOSFODNN7EXAMPLEX and xAKIAIOSFODNN7EXAMPLE",
    "commit 0123456789abcdef0123456789abcdef01234567",
    "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
    "100% of %20 and %zz and %",
  ])("is not seen in %s", (text) => {
    expect(createRedactor([PLAIN]).redact(text)).toBe(text);
    expect(streamed(createRedactor([PLAIN]), [...text])).toBe(text);
  });
});

describe("ordinary text", () => {
  it("comes through untouched, whatever it is and however it is cut", () => {
    const secrets = [SECRET, PLAIN, "ghp_16C7e42F292c6912E7710c838347Ae178B4a"];
    const redactor = createRedactor(secrets);
    const random = randomNumbers(20_261_101);
    for (let round = 0; round < 2_000; round += 1) {
      const text = randomText(random, 200);
      const cut = Math.floor(random() * text.length);
      expect([redactor.redact(text), streamed(redactor, [text.slice(0, cut), text.slice(cut)])]).toEqual([
        text,
        text,
      ]);
    }
  });

  it("mixed with parts of secrets gives the same result in one piece and in many", () => {
    const redactor = createRedactor([SECRET, PLAIN, "aaaaaaaab"]);
    const pieces = [...forms(SECRET), ...forms(PLAIN)].map(([, form]) => form);
    pieces.push("ghp_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7aB3dE6gH9", "sk-", "%", "aaaaaa", " ", "\n");
    const random = randomNumbers(7);
    for (let round = 0; round < 2_000; round += 1) {
      let text = "";
      for (let piece = 0; piece < 6; piece += 1) {
        const chosen = pieces[Math.floor(random() * pieces.length)] ?? "";
        const from = random() < 0.5 ? 0 : Math.floor(random() * chosen.length);
        text += chosen.slice(from, random() < 0.5 ? undefined : Math.floor(random() * chosen.length));
      }
      const chunks: string[] = [];
      for (let at = 0; at < text.length; ) {
        const length = 1 + Math.floor(random() * 9);
        chunks.push(text.slice(at, at + length));
        at += length;
      }
      expect([chunks, streamed(redactor, chunks)]).toEqual([chunks, redactor.redact(text)]);
    }
  });

  it("is held back only as far as it may be the beginning of a secret", () => {
    const stream = createStreamRedactor([PLAIN]);
    expect([
      stream.push("nothing to see, "),
      stream.push("a can"),
      stream.push("ary bird"),
      stream.push(" canary_0123"),
      stream.push("4"),
      stream.push("!"),
      stream.push(" ghp_abc"),
      stream.push(" done!"),
      stream.flush(),
    ]).toEqual(["nothing to see, ", "a ", "canary bird", " ", "", "canary_01234!", " ", "ghp_abc done!", ""]);
  });

  it("flushed starts anew", () => {
    const stream = createStreamRedactor([PLAIN]);
    expect([
      stream.push(PLAIN.slice(0, 9)),
      stream.flush(),
      stream.push(PLAIN.slice(9, 20)),
      stream.flush(),
      stream.push(`${PLAIN} `),
    ]).toEqual(["", PLAIN.slice(0, 9), PLAIN.slice(9, 20), "", "[redacted] "]);
  });
});

describe("what is left of a secret where a text was cut", () => {
  const { redact } = createRedactor([PLAIN]);

  it.each([18, 20, PLAIN.length])(
    "is found from %i characters on, at either end and in the middle",
    (length) => {
      const pieces = [PLAIN.slice(0, length), PLAIN.slice(-length), PLAIN.slice(3).slice(0, length)];
      for (const piece of pieces) expect(redact(`a ${piece}… b`)).toBe("a [redacted]… b");
    },
  );

  it("is shown where it is shorter, as vendors' prefixes and ordinary words are", () => {
    for (const piece of [PLAIN.slice(0, 17), PLAIN.slice(-17)])
      expect(redact(`a ${piece}… b`)).toBe(`a ${piece}… b`);
  });
});

describe("redactOutputs", () => {
  const text = (delta: string): RunEvent => ({ type: "text", message: "The model writes.", delta });
  const output = (stream: "stdout" | "stderr", data: string): RunEvent => ({
    type: "output",
    message: "The tests print.",
    stream,
    data,
  });
  const progress: RunEvent = { type: "progress", message: "Pushing.", step: "push" };

  async function through(...events: RunEvent[]): Promise<RunEvent[]> {
    return collect(redactOutputs(ReadableStream.from(events), createRedactor([PLAIN])));
  }

  it("finds a secret cut over events, and leaves out events that are held back whole", async () => {
    expect(
      await through(text("It is canary_"), text("0123456789"), text("ABCDEFxyz, yes"), progress),
    ).toEqual([text("It is "), text("[redacted], yes"), progress]);
  });

  it("gives back what it held before the next event of another type, and at the end", async () => {
    expect(await through(text("a canary"), progress, output("stdout", "can"), text("c"))).toEqual([
      text("a "),
      text("canary"),
      progress,
      output("stdout", "can"),
      text("c"),
    ]);
  });

  it("keeps each output stream apart", async () => {
    expect(
      await through(
        output("stdout", `x${PLAIN.slice(0, 10)}`),
        output("stderr", `${PLAIN.slice(0, 12)}`),
        output("stdout", `${PLAIN.slice(10)}y`),
        output("stderr", `${PLAIN.slice(12)}z`),
        progress,
      ),
    ).toEqual([
      output("stdout", "x"),
      output("stdout", "[redacted]"),
      output("stderr", "[redacted]z"),
      output("stdout", "y"),
      progress,
    ]);
  });

  it("does not let a message repeat what is held back", async () => {
    const echo = (delta: string): RunEvent => ({ type: "text", message: delta, delta });
    const seen = await through(echo(`a ${PLAIN.slice(0, 10)}`), echo(PLAIN.slice(10)), echo(" b"));
    expect(seen).toEqual([
      { type: "text", message: "a ", delta: "a " },
      { type: "text", message: "[redacted] b", delta: "[redacted] b" },
    ]);
  });

  it("gives back what it held before it passes a failure on", async () => {
    const seen: RunEvent[] = [];
    const failing = async function* (): AsyncGenerator<RunEvent> {
      yield text("a canary");
      throw new Error("broken");
    };
    await expect(async () => {
      for await (const event of redactOutputs(failing(), createRedactor([PLAIN]))) seen.push(event);
    }).rejects.toThrow("broken");
    expect(seen).toEqual([text("a "), text("canary")]);
  });
});
