/** The run host in one process: what it keeps of a run's credentials, and for how long; and what it takes up. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startTimer } from "../../../src/http/timers.ts";
import { createRedactor } from "../../../src/redact.ts";
import { createRunLog } from "../../../src/run/host/run-log.ts";
import { secretsIn } from "../../../src/run/host/run-record.ts";
import type { StartInput } from "../../../src/run/host.ts";
import { createProcessHost } from "../../../src/run/process/host.ts";
import { openSqlite } from "../../../src/run/process/sqlite.ts";
import { CALLER, DONE, FRAMES, REQUEST } from "../../support/hosted.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";

const TOKEN = "canary-github-token-0123456789";
const KEY = "canary-openai-key-0123456789";

test("credentials are on disk while their run goes on, and in none of the files' bytes after", async () => {
  await using folder = await temporaryFolder();
  const gate = Promise.withResolvers<void>();
  const used: unknown[] = [];
  const host = createProcessHost({
    folder: folder.path,
    limits: { maxRuns: 10, maxRunsPerCaller: 10, retentionMs: 60_000 },
    frames: FRAMES,
    now: Date.now,
    startTimer,
    redact: (text) => text,
    report: (error) => {
      throw error;
    },
    storyFor: (credentials) => ({
      redactor: createRedactor(secretsIn(credentials)),
      introduction: () => [{ type: "info", message: "Hello." }],
      async *run() {
        used.push(credentials);
        await gate.promise;
        yield { ...DONE, message: `Done with ${credentials.githubToken}.` };
      },
    }),
  });
  const bytes = () =>
    readdirSync(folder.path)
      .map((name) => readFileSync(join(folder.path, name), "latin1"))
      .join("\n");

  await host.changeConfig({ secrets: { openai_api_key: KEY } });
  const { id } = await host.start({
    caller: CALLER,
    githubToken: TOKEN,
    lendsModels: true,
    prepare: () => REQUEST,
    wants: "view",
  });
  await until("the run is under way", () => used.length === 1);
  expect(used).toEqual([{ githubToken: TOKEN, openaiApiKey: KEY }]);
  expect(bytes()).toContain(TOKEN);
  gate.resolve();
  await until("the token is gone", () => !bytes().includes(TOKEN));
  expect(await host.view(id, CALLER)).toMatchObject({
    status: "succeeded",
    message: "Done with [redacted].",
  });
  expect(bytes()).toContain(KEY);
  await host.changeConfig({ secrets: { openai_api_key: null } });
  expect(bytes()).not.toContain(KEY);
  host.close();
});

test("a run whose process died as soon as it was stored is driven by the next process", async () => {
  await using folder = await temporaryFolder();
  const sql = openSqlite(folder.path);
  const start = { caller: CALLER, request: REQUEST, credentials: {}, createdAt: Date.now() };
  createRunLog(sql, "run-1").create(start, []);
  sql.close();
  const host = createProcessHost({
    folder: folder.path,
    limits: { maxRuns: 10, maxRunsPerCaller: 10, retentionMs: 60_000 },
    frames: FRAMES,
    now: Date.now,
    startTimer,
    redact: (text) => text,
    report: (error) => {
      throw error;
    },
    storyFor: () => ({
      redactor: createRedactor([]),
      introduction: () => [],
      async *run() {
        yield DONE;
      },
    }),
  });
  await until("the run ends", async () => (await host.view("run-1", CALLER))?.status === "succeeded");
  host.close();
});

describe("a run's models", () => {
  const OWN = { openai: "canary-openai-key-of-the-caller" };

  /** Starts runs whose stories tell what they were given, and wait until they are let go. */
  async function hostOn(folder: string) {
    const gate = Promise.withResolvers<void>();
    const stories: unknown[] = [];
    const host = createProcessHost({
      folder,
      limits: { maxRuns: 10, maxRunsPerCaller: 10, retentionMs: 60_000 },
      frames: FRAMES,
      now: Date.now,
      startTimer,
      redact: (text, secrets) => createRedactor(secrets).redact(text),
      report: (error) => {
        throw error;
      },
      storyFor: (credentials, modelKeys) => ({
        redactor: createRedactor(secretsIn(credentials, modelKeys)),
        introduction: () => [{ type: "info", message: "Hello." }],
        async *run() {
          stories.push({ credentials, modelKeys });
          await gate.promise;
          yield DONE;
        },
      }),
    });
    const start = (more: Partial<StartInput>) =>
      host.start({
        caller: CALLER,
        githubToken: TOKEN,
        lendsModels: true,
        prepare: () => REQUEST,
        wants: "view",
        ...more,
      });
    return { host, stories, start, letGo: gate.resolve };
  }

  test("are the service's for whom they are lent to, and nobody else's", async () => {
    await using folder = await temporaryFolder();
    const { host, stories, start, letGo } = await hostOn(folder.path);
    await host.changeConfig({
      secrets: { openai_api_key: KEY, anthropic_api_key: KEY, github_token: "of the service" },
    });
    await start({});
    await until("the first runs", () => stories.length === 1);
    await start({ lendsModels: false, modelKeys: OWN });
    await until("the second runs", () => stories.length === 2);
    expect(stories).toEqual([
      { credentials: { githubToken: TOKEN, openaiApiKey: KEY, anthropicApiKey: KEY }, modelKeys: {} },
      { credentials: { githubToken: TOKEN, withoutServiceModels: true }, modelKeys: OWN },
    ]);
    letGo();
    host.close();
  });

  test("of the caller's own are in nothing that is listed, wherever they were put", async () => {
    await using folder = await temporaryFolder();
    const { host, start, letGo } = await hostOn(folder.path);
    const repo = { owner: "octo", name: OWN.openai };
    await start({ modelKeys: OWN, prepare: () => ({ ...REQUEST, repo, prompt: `Use ${OWN.openai}` }) });
    expect((await host.list(CALLER, { limit: 10, cursor: undefined })).runs).toMatchObject([
      { repository: "octo/[redacted]", prompt: "Use [redacted]" },
    ]);
    letGo();
    host.close();
  });

  test("of the caller's own stay with a run that nobody reads", async () => {
    await using folder = await temporaryFolder();
    const first = await hostOn(folder.path);
    const { id } = await first.start({ modelKeys: OWN });
    // Runs that are asked about, and runs that lose a reader, are let go of when nothing in memory is of use.
    await first.host.view(id, CALLER);
    const events = await first.host.events(id, CALLER, 0);
    if (events !== undefined && "body" in events) await events.body.cancel();
    await until("the run is under way", () => first.stories.length === 1);
    expect(first.stories).toEqual([{ credentials: { githubToken: TOKEN }, modelKeys: OWN }]);
    first.host.close();
  });
});
