/** Who does the work when the model that was asked for cannot, and what people are told of it. */
import { describe, expect, test } from "vitest";
import {
  ADD,
  ALL,
  ANTHROPIC,
  EDIT,
  expectMissing,
  failsAt,
  GREETS,
  hopsOf,
  KEYS,
  modelWork,
  OPENAI,
  OWN_KEYS,
  PLAIN_PROMPT,
  PROMPT,
  type Ran,
} from "../support/model-work.ts";
import { faultNamed } from "../support/models/faults.ts";

const { run, deployment } = modelWork("responses", "chat", "keyless", "anthropicOnly");

const NO_KEY = (provider: "openai" | "anthropic"): string =>
  `The service has no key for ${provider}; send one of your own in the header '${HEADERS[provider]}'.`;
const HEADERS = { openai: "X-OpenAI-Api-Key", anthropic: "X-Anthropic-Api-Key" };
const NOT_VERIFIED = [
  "not_verified",
  "Not verified. No command was run on the change: the request asked for no sandbox.",
];

describe("a vendor without a key", () => {
  test("is passed over for the other one, from the first event on", async () => {
    const ran = await run({ where: "anthropicOnly", body: { llm_provider: "openai" } });
    const reason =
      "The request asked for openai. The service has no key for openai; send one of your own in the header 'X-OpenAI-Api-Key'. So anthropic (claude-sonnet-5-5) did the work.";
    expect(hopsOf(ran)).toEqual([["openai", ANTHROPIC, NO_KEY("openai")]]);
    expect(ran.events.slice(0, 2)).toMatchObject([
      { type: "info", agent: "anthropic", model: "claude-sonnet-5-5", agent_reason: reason },
      { type: "warning", code: "agent_fallback", message: NO_KEY("openai") },
    ]);
    expect(ran.done).toMatchObject({ status: "succeeded", agent: "anthropic", model: "claude-sonnet-5-5" });
    expect(ran.done.agent_reason).toBe(reason);
    expect(ran.files).toEqual(ALL);
  });

  test("is no loss when any will do", async () => {
    const ran = await run({ where: "anthropicOnly" });
    expect(hopsOf(ran)).toEqual([]);
    expect(ran.done).toMatchObject({ status: "succeeded", agent: "anthropic" });
  });

  test("and without the other's either leaves the work to the rules, which open a pull request and say so", async () => {
    const ran = await run({ where: "keyless", prompt: PLAIN_PROMPT });
    const why = `${NO_KEY("openai")} ${NO_KEY("anthropic")}`;
    const reason = `The request asked for a language model. ${why} So fixed rules did the work.`;
    expect(hopsOf(ran)).toEqual([["openai", "rule_based", why]]);
    expect(ran.events[0]).toMatchObject({ type: "info", agent: "rule_based", agent_reason: reason });
    expect(ran.done).toMatchObject({ status: "succeeded", agent: "rule_based", agent_reason: reason });
    expect([ran.pull?.draft, ran.files, ran.requests]).toEqual([false, GREETS, []]);
  });

  test("and a prompt that the rules do not understand ends as no change, with what they do", async () => {
    const { done, pull } = await run({ where: "keyless" });
    expect(done).toMatchObject({ status: "no_changes", agent: "rule_based", branch: null });
    expect(done.message).toMatch(/^No rule understands/);
    expect(done.understood?.length).toBeGreaterThan(5);
    expect(pull).toBe(undefined);
  });
});

/** What a vendor does, what people are told of it, and how often it is asked. */
const FAILURES = [
  ["401", / refused the API key \(HTTP 401\)\.$/, 1],
  ["no credit left", / has no credit left for the API key \(HTTP 429\)\.$/, 1],
  ["404 unknown model", / does not know the model ".+" \(HTTP 404\)\.$/, 1],
  ["429 Retry-After as a date", / asked for fewer requests \(HTTP 429\)\.$/, 1],
  ["429 retry-after-ms", / asked for fewer requests \(HTTP 429\)\.$/, 4],
  ["500", / failed to answer \(HTTP 500\)\.$/, 3],
  ["529", / is overloaded \(HTTP 529\)\.$/, 3],
  ["connection reset before headers", / could not be reached\.$/, 3],
  ["a stall behind the headers", / sent nothing for 5 s\.$/, 2],
  ["ends early, as if it were complete", / ended before the answer was complete\.$/, 3],
] as const;

/** Who is asked for, by which protocol it speaks, and who goes on. */
const DIRECTIONS = [
  ["responses", "responses", OPENAI, ANTHROPIC],
  ["chat", "chat", OPENAI, ANTHROPIC],
  ["messages", "responses", ANTHROPIC, OPENAI],
  ["messages", "chat", ANTHROPIC, OPENAI],
] as const;

/** Each failure somewhere, and one of them everywhere. */
const HOPS = FAILURES.flatMap((failure, i) => {
  const directions = i === 0 ? DIRECTIONS : DIRECTIONS.slice(i % 4, (i % 4) + 1);
  return directions.map((direction) => [...direction, ...failure] as const);
});

describe.concurrent("a vendor that fails in the middle gives way to the other one", () => {
  test.each(HOPS)(
    "%s, OpenAI over %s: %s to %s for '%s'",
    async (protocol, where, from, to, name, says, asked) => {
      const provider = from.split(" ")[0];
      const ran = await run({ where, script: failsAt(protocol, name, 2), body: { llm_provider: provider } });
      const [hop, ...more] = hopsOf(ran);
      expect([hop?.slice(0, 2), more]).toEqual([[from, to], []]);
      expect(hop?.[2]).toMatch(says);
      expect(hop?.[2]).toMatch(/^The model server "127\.0\.0\.1:\d+" /);
      expect(ran.done).toMatchObject({
        status: "succeeded",
        agent: to.split(" ")[0],
        agent_reason: hop?.[2],
      });
      expect([ran.files, ran.pull?.draft, ran.done.usage.turns]).toEqual([ALL, false, 4]);
      // two good turns before, and the rest is the other's
      const other = protocol === "messages" ? where : "messages";
      const protocols = [...Array<string>(2 + asked).fill(protocol), other, other];
      expect(ran.requests.map((request) => request.protocol)).toEqual(protocols);
    },
  );
});

describe.concurrent("a vendor that asks to wait", () => {
  test.each(DIRECTIONS)(
    "over %s (OpenAI over %s) is asked again when it said",
    async (protocol, where, from) => {
      const times: number[] = [];
      const fault = faultNamed(protocol, "429 retry-after-ms");
      const ran = await run({
        where,
        body: { llm_provider: from.split(" ")[0] },
        script: ({ turn, attempt }) => {
          if (turn === 1) times.push(performance.now());
          return turn === 1 && attempt < 2 ? { ...EDIT, fault } : undefined;
        },
      });
      expect([hopsOf(ran), ran.done.status, ran.files]).toEqual([[], "succeeded", ALL]);
      expect(times.slice(1).map((time, i) => time - (times[i] ?? 0) >= (fault.retryAfterMs ?? 0))).toEqual([
        true,
        true,
      ]);
      const waits = ran.events.flatMap((event) =>
        event.type === "warning" ? [[event.code, event.message]] : [],
      );
      const message = expect.stringMatching(
        / asked for fewer requests \(HTTP 429\)\. Trying again in 2 s\.$/,
      );
      expect(waits).toEqual([["waiting", message], ["waiting", message], NOT_VERIFIED]);
    },
  );
});

describe.concurrent("the last vendor that fails", () => {
  const headers = { "x-openai-api-key": OWN_KEYS.openai };

  test("before any edit leaves the work to the rules", async () => {
    const script = failsAt("responses", "401");
    const ran = await run({ where: "keyless", headers, script, prompt: PLAIN_PROMPT });
    expect(hopsOf(ran)).toEqual([
      [OPENAI, "rule_based", expect.stringMatching(/ refused the API key \(HTTP 401\)\.$/)],
    ]);
    expect(ran.done).toMatchObject({ status: "succeeded", agent: "rule_based" });
    expect([ran.files, ran.pull?.draft]).toEqual([GREETS, false]);
  });

  test("before any edit, with a prompt that the rules do not understand, ends as no change with both reasons", async () => {
    const { done, pull } = await run({ where: "keyless", headers, script: failsAt("responses", "401") });
    expect([done.status, pull]).toEqual(["no_changes", undefined]);
    expect(done.message).toMatch(/ refused the API key \(HTTP 401\)\. No rule understands/);
    expect(done.understood?.length).toBeGreaterThan(5);
  });

  test("behind an edit leaves a draft that says what is missing", async () => {
    const ran = await run({ where: "keyless", headers, script: failsAt("responses", "401", 2) });
    const reason = hopsOf(ran)[0]?.[2] ?? "";
    expect(ran.done).toMatchObject({
      status: "limit_reached",
      agent: "rule_based",
      message: expect.stringMatching(
        /^The model server ".+" refused the API key \(HTTP 401\)\. Done so far: 1 file changed, pull request at /,
      ),
      missing: [
        "The model failed before it said that it was done; its edits so far are here.",
        expect.stringMatching(/^No rule understands/),
      ],
    });
    expect([ran.files, ran.pull?.draft, ran.pull?.title]).toEqual([GREETS, true, PROMPT]);
    expectMissing(ran, [reason, ...(ran.done.missing ?? [])]);
  });

  test("and the one before it are both named", async () => {
    const ran = await run({
      script: ({ turn, protocol }) =>
        turn === 2
          ? { ...ADD, fault: faultNamed(protocol, protocol === "messages" ? "402" : "401") }
          : undefined,
      body: { llm_provider: "openai" },
    });
    expect(hopsOf(ran)).toEqual([
      [OPENAI, ANTHROPIC, expect.stringMatching(/ refused the API key \(HTTP 401\)\.$/)],
      [ANTHROPIC, "rule_based", expect.stringMatching(/ has no credit left for the API key \(HTTP 402\)\.$/)],
    ]);
    expect([ran.done.status, ran.files, ran.pull?.draft]).toEqual(["limit_reached", GREETS, true]);
  });
});

describe("a caller's own keys", () => {
  const headers = { "x-openai-api-key": OWN_KEYS.openai, "x-anthropic-api-key": OWN_KEYS.anthropic };
  const keysOf = ({ requests }: Ran): readonly string[] => [...new Set(requests.map(({ apiKey }) => apiKey))];

  test("are used in that run and in no other", async () => {
    const api = deployment("keyless").caller();
    const own = await run({ where: "keyless", api, headers, script: failsAt("responses", "401", 2) });
    expect([own.done.status, keysOf(own), own.files]).toEqual([
      "succeeded",
      [OWN_KEYS.openai, OWN_KEYS.anthropic],
      ALL,
    ]);
    const next = await run({ where: "keyless", api, prompt: PLAIN_PROMPT });
    expect([next.done.agent, next.requests]).toEqual(["rule_based", []]);
  });

  test("go before the service's, which is left for the other vendor", async () => {
    const ran = await run({
      headers: { "x-openai-api-key": OWN_KEYS.openai },
      script: failsAt("responses", "401", 2),
      body: { llm_provider: "openai" },
    });
    expect([ran.done.status, keysOf(ran), ran.files]).toEqual([
      "succeeded",
      [OWN_KEYS.openai, KEYS.anthropic],
      ALL,
    ]);
  });
});

describe("a caller with nothing but a GitHub token", () => {
  const own = { owner: "ann", prompt: PLAIN_PROMPT };

  test("is lent no key, and is told so", async () => {
    const ran = await run({ ...own, api: deployment().own("ann") });
    const kept = (provider: string, header: string): string =>
      `The service lends its key for ${provider} to callers with an API token only; send one of your own in the header '${header}'.`;
    const why = `${kept("openai", "X-OpenAI-Api-Key")} ${kept("anthropic", "X-Anthropic-Api-Key")}`;
    const reason = `The request asked for a language model. ${why} So fixed rules did the work.`;
    expect(hopsOf(ran)).toEqual([["openai", "rule_based", why]]);
    expect([ran.done.status, ran.done.agent_reason, ran.files, ran.requests]).toEqual([
      "succeeded",
      reason,
      GREETS,
      [],
    ]);
  });

  test("may bring a key of a vendor, and is not lent the other's when that fails", async () => {
    const ran = await run({
      ...own,
      api: deployment().own("ann"),
      headers: { "x-anthropic-api-key": OWN_KEYS.anthropic },
      script: failsAt("messages", "401"),
    });
    expect(hopsOf(ran).map(([from, to]) => [from, to])).toEqual([[ANTHROPIC, "rule_based"]]);
    expect(ran.requests.map(({ apiKey }) => apiKey)).toEqual([OWN_KEYS.anthropic]);
    expect([ran.done.status, ran.files]).toEqual(["succeeded", GREETS]);
  });
});
