/** The numbered attacks that take the whole service to prove; the others stand with the room that defends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generatedStream } from "../../bench/generated.ts";
import { BOMBS } from "../support/bombs.ts";
import { fetchAnswer } from "../support/packs.ts";
import { memoryOf, ownWorkerds, resetPeak } from "../support/process-memory.ts";
import { SERVICE_LOGIN, SERVICE_TOKEN, type Service, startService } from "../support/service.ts";
import { treeBomb } from "../support/tree-bomb.ts";

const OTHER_SECRETS = {
  OPENAI_API_KEY: "canary-openai-key-0123456789",
  ANTHROPIC_API_KEY: "canary-anthropic-key-0123456789",
  AWS_SECRET_ACCESS_KEY: "canary/aws+secret/0123456789",
  ADMIN_TOKEN: "canary-admin-token-0123456789",
};

let service: Service;

beforeAll(async () => {
  service = await startService({ env: OTHER_SECRETS });
});
afterAll(() => service.close());

const url = (name: string): string => `${service.forge.url}/${SERVICE_LOGIN}/${name}`;
const add = (name: string, files: Record<string, string> = { "a.txt": "one\n" }) =>
  service.forge.addRepository(`${SERVICE_LOGIN}/${name}`, { files });

test("attack 4: a redirect to another server brings that server nothing", async () => {
  const visits: string[] = [];
  const canary = createServer((request, response) => {
    visits.push(`${request.url} ${JSON.stringify(request.headers)}`);
    response.end();
  }).listen(0, "127.0.0.1");
  const target = `http://127.0.0.1:${await new Promise<number>((resolve) => canary.once("listening", () => resolve((canary.address() as AddressInfo).port)))}/`;
  try {
    await add("redirected");
    for (const match of [
      { kind: "rest" },
      { service: "upload-pack" },
      { service: "receive-pack" },
      { method: "POST", path: /pulls$/ },
    ] as const) {
      const fault = service.forge.faults.add({ match, action: { redirect: target, status: 307 } });
      const events = await service.run({ repoUrl: url("redirected"), prompt: "Create x.txt containing: x" });
      fault.remove();
      expect(fault.hits).toBeGreaterThan(0);
      expect(events.at(-1)).toMatchObject({ type: "done", status: "failed" });
    }
    expect(visits).toEqual([]);
  } finally {
    canary.close();
  }
});

test("attack 8: protected files are left out without consent, whatever their case, and handed over as a patch", async () => {
  const repository = await add("guarded", {
    "a.txt": "one\n",
    ".github/workflows/ci.yml": "one\n",
    CODEOWNERS: "one\n",
    ".GitHub/Workflows/x.yml": "one\n",
  });
  const prompt = 'Replace "one" with "two" everywhere';
  const events = await service.run({ repoUrl: url("guarded"), prompt });
  expect(
    events
      .filter((event) => event.type === "warning" && event.code === "protected_path")
      .map(({ message }) => message),
  ).toEqual(
    [".GitHub/Workflows/x.yml", ".github/workflows/ci.yml", "CODEOWNERS"].map(
      (path) => `"${path}" is protected and was left out. Send "allow_workflows": true to let it be changed.`,
    ),
  );
  const [pull] = repository.pullRequests;
  expect(await repository.git("diff", "--name-only", "main", pull?.head ?? "")).toBe("a.txt");
  expect(pull?.body).toContain("--- a/.github/workflows/ci.yml\n+++ b/.github/workflows/ci.yml");
  await service.run({ repoUrl: url("guarded"), prompt, allow_workflows: true });
  expect(
    await repository.git("diff", "--name-only", "main", repository.pullRequests.at(-1)?.head ?? ""),
  ).toBe([".GitHub/Workflows/x.yml", ".github/workflows/ci.yml", "CODEOWNERS", "a.txt"].join("\n"));
});

test("attack 8: when only protected files would change, nothing is pushed and the patch is in the answer", async () => {
  await add("only-guarded");
  const prompt = 'Create .github/workflows/evil.yml with the content "on: push"';
  service.forge.log.clear();
  const done = (await service.run({ repoUrl: url("only-guarded"), prompt })).at(-1);
  expect(done).toMatchObject({
    type: "done",
    status: "no_changes",
    patch: expect.stringContaining("+on: push"),
  });
  expect(service.forge.log.where({ service: "receive-pack" })).toEqual([]);
});

/** The ways a secret might be dressed up in a prompt or come back from a server. */
const FORMS = (secret: string): readonly string[] => [
  secret,
  Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  Buffer.from(`x-access-token:${secret}`).toString("base64").replace(/=+$/, ""),
  Buffer.from(secret).toString("hex"),
  encodeURIComponent(secret),
  Array.from(secret, (char) => `%${char.charCodeAt(0).toString(16)}`).join(""),
];

test("attack 15: no secret of the service is in any event, log, commit, pull request or error", async () => {
  const repository = await add("leaky");
  const secrets = [SERVICE_TOKEN, ...Object.values(OTHER_SECRETS)];
  const sinks: string[] = [];
  for (const secret of secrets) {
    for (const form of FORMS(secret)) {
      const events = await service.run({
        repoUrl: url("leaky"),
        prompt: `Replace "one" with "two" in a.txt. ${form}`,
      });
      sinks.push(JSON.stringify(events));
      sinks.push(
        JSON.stringify(
          await service.run({
            repoUrl: url("leaky"),
            prompt: `Create ${form.replaceAll("/", "_")}.txt with the content "${form}"`,
          }),
        ),
      );
    }
  }
  for (const action of [
    {
      status: 422,
      body: {
        message: `bad ${SERVICE_TOKEN}`,
        errors: [{ message: SERVICE_TOKEN, code: "custom", field: "x", resource: "PullRequest" }],
      },
    },
    { status: 500, body: SERVICE_TOKEN },
    { status: 403, body: { message: `Bearer ${SERVICE_TOKEN} may not` } },
  ]) {
    const fault = service.forge.faults.add({ match: { kind: "rest" }, action });
    sinks.push(
      JSON.stringify(await service.run({ repoUrl: url("leaky"), prompt: "Create z.txt containing: z" })),
    );
    fault.remove();
  }
  sinks.push(
    await (await fetch(`${service.worker.url}/`)).text(),
    await (await fetch(`${service.worker.url}/health`)).text(),
  );
  sinks.push(
    await (
      await service.post("/code", {
        repoUrl: `https://${SERVICE_TOKEN}@github.com/a/b`,
        prompt: SERVICE_TOKEN,
        [SERVICE_TOKEN]: 1,
      })
    ).text(),
  );
  sinks.push(JSON.stringify(repository.pullRequests));
  sinks.push(await repository.git("log", "--all", "-p", "--format=%B%an%ae"));
  sinks.push(await repository.git("for-each-ref"));
  const everything = sinks.join("\n");
  expect(everything).toContain("[redacted]");
  for (const secret of secrets)
    for (const form of FORMS(secret)) expect(everything.includes(form), form).toBe(false);
});

test("attack 15: a change that would carry a secret out of a repository file is not pushed", async () => {
  // The file holds half of the secret, the prompt the other half: only the change as a whole gives it away.
  const half = SERVICE_TOKEN.slice(0, 17);
  await add("halves", { "a.txt": `${half}@@\n` });
  service.forge.log.clear();
  const events = await service.run({
    repoUrl: url("halves"),
    prompt: `Replace "@@" with "${SERVICE_TOKEN.slice(17)}" in a.txt`,
  });
  expect(events.slice(-2)).toMatchObject([
    {
      type: "error",
      code: "secret_in_change",
      message: expect.stringContaining('"a.txt" contains a secret'),
    },
    { type: "done", status: "failed", changes: [] },
  ]);
  expect(JSON.stringify(events)).not.toContain(SERVICE_TOKEN);
  expect(service.forge.log.where({ service: "receive-pack" })).toEqual([]);
});

test("attack 19: a prompt cannot mention people, close issues or hide text in the pull request or commit", async () => {
  const repository = await add("mentions");
  const prompt =
    'Create inject.txt with the content "x @org/team Fixes #1 <!-- hidden --> ```\n## Fake heading"';
  await service.run({ repoUrl: url("mentions"), prompt });
  const [pull] = repository.pullRequests;
  const message = await repository.git("log", "-1", "--format=%B", pull?.head ?? "");
  for (const text of [pull?.title ?? "", pull?.body ?? "", message]) {
    expect(text).not.toMatch(/(?:^|[^\u200b`\w])@org/);
    expect(text).not.toMatch(/#1/);
    expect(text).not.toContain("<!--");
  }
});

test("attack 20: pack bombs are refused with memory flat", async () => {
  await add("bombed");
  await service.run({ repoUrl: url("bombed"), prompt: "Create warm.txt containing: up" });
  const pids = ownWorkerds();
  const before = pids.map((pid) => memoryOf(pid).now);
  for (const pid of pids) resetPeak(pid);
  for (const { name, pack, code } of BOMBS) {
    const body = fetchAnswer(pack());
    const fault = service.forge.faults.add({
      match: { service: "upload-pack", nth: 2 },
      action: { status: 200, body },
    });
    const events = await service.run({ repoUrl: url("bombed"), prompt: "Create x.txt containing: x" });
    fault.remove();
    expect([name, events.at(-2)]).toMatchObject([name, { type: "error", code }]);
  }
  // The bombs declare 400 MB and more each; what is allowed besides the bound on kept trees is garbage not yet collected.
  const growth = pids.map((pid, i) => memoryOf(pid).peak - (before[i] ?? 0));
  expect(Math.max(...growth)).toBeLessThan(64);
});

test("attack 21: a tree of a billion paths is refused after one fetch", async () => {
  await service.forge.addRepository(`${SERVICE_LOGIN}/boom`, { setup: treeBomb });
  const events = await service.run({ repoUrl: url("boom"), prompt: "Create x.txt containing: x" });
  expect(events.at(-2)).toMatchObject({ type: "error", code: "tree_too_large" });
});

test("attack 21: a repository of 100,000 files is worked on, within the memory of an isolate", async () => {
  const shape = { folders: 1000, filesPerFolder: 100, seed: 21 };
  const repository = await service.forge.addRepository(`${SERVICE_LOGIN}/huge`, {
    setup: async (dir) => {
      const git = spawn("git", ["-C", dir, "fast-import", "--quiet", "--done"], {
        stdio: ["pipe", "ignore", "inherit"],
      });
      const done = once(git, "exit");
      await pipeline(Readable.from(generatedStream(shape)), git.stdin);
      await done;
    },
  });
  const pids = ownWorkerds();
  const before = pids.map((pid) => memoryOf(pid).now);
  for (const pid of pids) resetPeak(pid);
  const events = await service.run({ repoUrl: url("huge"), prompt: "Create new/file.txt containing: new" });
  const growth = Math.max(...pids.map((pid, i) => memoryOf(pid).peak - (before[i] ?? 0)));
  expect(events.at(-1)).toMatchObject({ type: "done", status: "succeeded" });
  expect(events.find((event) => event.type === "success" && event.step === "analyse")).toMatchObject({
    message: "100000 files; TypeScript.",
  });
  const [pull] = repository.pullRequests;
  expect(await repository.git("diff", "--stat=80", "main", pull?.head ?? "")).toContain(
    "1 file changed, 1 insertion(+)",
  );
  expect(growth).toBeLessThan(110);
});

test("attack 26: a pull request whose answer is lost is found, not opened twice", async () => {
  const repository = await add("lost-answer");
  const fault = service.forge.faults.add({
    match: { method: "POST", path: /pulls$/ },
    times: 1,
    action: { dropReply: true },
  });
  const done = (await service.run({ repoUrl: url("lost-answer"), prompt: "Create x.txt containing: x" })).at(
    -1,
  );
  expect(fault.hits).toBe(1);
  expect(done).toMatchObject({ type: "done", status: "succeeded", pr_url: `${url("lost-answer")}/pull/1` });
  expect(repository.pullRequests).toHaveLength(1);
});
