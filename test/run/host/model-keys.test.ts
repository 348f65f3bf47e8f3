/** A caller's own model keys: in the memory of the run's host until the run ends, and nowhere else. */
import { afterEach, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import type { ModelKeys } from "../../../src/run/host/run-record.ts";
import {
  CALLER,
  DONE,
  FOREVER,
  type Hosted,
  hosted,
  mark,
  REQUEST,
  type Script,
  say,
  settled,
} from "../../support/hosted.ts";

const KEYS = { openai: "canary-openai-key-of-the-caller", anthropic: "canary-anthropic-key-of-the-caller" };

let host: Hosted;
afterEach(() => host.close());

function started(script: Script, more: Parameters<Hosted["start"]>[0] = {}): Hosted {
  host = hosted(script);
  host.start({ modelKeys: KEYS, ...more });
  return host;
}

test("each attempt of one life has them, also behind a wait; the next life goes on without", async () => {
  const seen: ModelKeys[] = [];
  started(async function* (_context, _request, keys) {
    seen.push(keys);
    if (seen.length === 1) {
      yield mark(1);
      yield say("waits");
      yield { type: "suspend", until: host.clock + 1000 };
      return;
    }
    if (seen.length === 2) await FOREVER;
    yield DONE;
  });
  await host.run().wake();
  expect(host.run().busy()).toBe(true);
  host.clock += 1000;
  void host.run().wake();
  await settled();
  host.die();
  await host.run().wake();
  expect(seen).toEqual([KEYS, KEYS, {}]);
  expect(host.run().view(CALLER)).toMatchObject({ status: "succeeded", attempts: 3 });
});

test.each([
  [
    "well",
    async function* () {
      yield DONE;
    },
  ],
  [
    "badly",
    // biome-ignore lint/correctness/useYield: it fails before it says anything
    async function* () {
      throw new ServiceError("network_error", "Gone.");
    },
  ],
] satisfies [string, Script][])("are held from the start until the run ends %s", async (_how, script) => {
  started(script);
  expect(host.run().busy()).toBe(true);
  await host.run().wake();
  expect(host.run().busy()).toBe(false);
  host.start({ modelKeys: KEYS });
  expect(host.run().busy()).toBe(false);
});

test("are let go when the run is cancelled", async () => {
  started(async function* ({ signal }) {
    yield say("working");
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    yield DONE;
  });
  void host.run().wake();
  await settled();
  await host.run().cancel(CALLER);
  await host.run().wake();
  expect([host.run().view(CALLER)?.status, host.run().busy()]).toEqual(["cancelled", false]);
});

test("a run that was given none holds none", () => {
  host = hosted(async function* () {
    yield DONE;
  });
  host.start();
  expect(host.run().busy()).toBe(false);
});

test("are in nothing the run keeps or says, wherever they were put, nor in what the operator is told", async () => {
  started(
    async function* (_context, request, keys) {
      yield say(`with ${keys.openai} and ${btoa(keys.anthropic ?? "")}`);
      yield { type: "text", message: "says", delta: `cut ${KEYS.openai.slice(0, 9)}` };
      yield { type: "text", message: "says", delta: KEYS.openai.slice(9) };
      yield mark(1, { patch: `-${KEYS.anthropic}\n` });
      yield say(`${request.test_command} ${request.llm_model} ${request.protected_paths.join()}`);
      yield say(`${request.setup_command} ${request.repoUrl}`);
      throw new Error(`the vendor refused ${KEYS.openai}`);
    },
    {
      request: {
        ...REQUEST,
        repoUrl: `https://github.com/octo/${KEYS.openai}`,
        repo: { owner: "octo", name: KEYS.openai },
        prompt: `Use ${KEYS.openai}`,
        llm_model: KEYS.openai,
        base_branch: `b/${KEYS.openai}`,
        test_command: `KEY=${KEYS.anthropic} npm test`,
        setup_command: `KEY=${KEYS.anthropic} npm ci`,
        protected_paths: ["*.lock", KEYS.anthropic],
      },
    },
  );
  const before = host.dump();
  await host.run().wake();
  expect(host.run().view(CALLER)?.status).toBe("failed");
  const kept = [before, host.dump(), JSON.stringify(host.reports)];
  for (const text of kept) expect(text).not.toMatch(/canary|cut \w/);
  expect(before).toContain("KEY=[redacted] npm test");
  expect(before).toContain("KEY=[redacted] npm ci");
  expect(host.reports).toEqual(["run the-run: Error: the vendor refused [redacted]"]);
});
