/** The service outside Cloudflare, started with the README's own commands. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createApi } from "../support/api.ts";
import { startForge } from "../support/forge/server.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { SERVICE_LOGIN, SERVICE_TOKEN } from "../support/service.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

const API_TOKEN = "canary-api-token-0123456789";
const root = fileURLToPath(new URL("../..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const denoArgs = /npx deno (run .+) src\/serve\.ts$/m.exec(readme)?.[1]?.split(" ") ?? [];

/** npm works in the project's folder; Deno in the temporary one, to which the README's permissions then point. */
const COMMANDS = {
  "npm start": {
    command: "npm",
    args: ["start", "--silent"],
    settings: ({ path }: TemporaryFolder) => ({ cwd: root, env: { DATA_DIR: join(path, "data") } }),
  },
  "deno run": {
    command: join(root, "node_modules/deno/deno"),
    args: [...denoArgs, join(root, "src/serve.ts")],
    settings: ({ path }: TemporaryFolder) => ({ cwd: path, env: {} }),
  },
} as const;

type Name = keyof typeof COMMANDS;

async function serve(
  name: Name,
  folder: TemporaryFolder,
  env: Readonly<Record<string, string>> = { ALLOW_ANONYMOUS: "true" },
): Promise<ServerProcess & { readonly url: string } & AsyncDisposable> {
  const { command, args, settings } = COMMANDS[name];
  const { cwd, env: own } = settings(folder);
  const server = await startServerProcess({
    command,
    args,
    cwd,
    env: { PORT: "0", NO_COLOR: "1", ...own, ...env },
    readyOn: "stdout",
    ready: /^listening on (http:\/\/.+:(\d+))$/,
  });
  return {
    ...server,
    url: `http://127.0.0.1:${server.ready[2]}`,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
    },
  };
}

test("the README has both commands", () => {
  expect(readme).toMatch(/^(?:\w+=\S+ )*npm start\b/m);
  expect(denoArgs.length).toBeGreaterThan(1);
  expect(denoArgs).not.toContain("--allow-all");
});

describe.each(Object.keys(COMMANDS) as Name[])("%s", (name) => {
  test("serves a run, and ends with code 0 when it is told to", async () => {
    await using folder = await temporaryFolder();
    await using forge = await startForge({ tokens: { [SERVICE_TOKEN]: { login: SERVICE_LOGIN } } });
    const hosted = await forge.addRepository(`${SERVICE_LOGIN}/served`, { files: { "a.txt": "one\n" } });
    await using server = await serve(name, folder, {
      ALLOW_ANONYMOUS: "true",
      GITHUB_SERVER_URL: forge.url,
      GITHUB_API_URL: forge.apiUrl,
      GITHUB_TOKEN: SERVICE_TOKEN,
    });
    const api = createApi(server.url, {});
    const { id } = await api.start({
      repoUrl: `${forge.url}/${hosted.fullName}`,
      prompt: 'Replace "one" with "two" in a.txt',
    });
    expect(await api.ended(id)).toMatchObject({ status: "succeeded" });
    expect(hosted.pullRequests).toHaveLength(1);
    expect(await server.stop()).toBe(0);
    await expect(fetch(server.url)).rejects.toThrow();
    expect(server.complaints()).toBe("");
    const mode = (file: string) => (statSync(join(folder.path, "data", file)).mode & 0o777).toString(8);
    expect([mode("."), mode("runs.sqlite")]).toEqual(["700", "600"]);
  });

  test("ends with code 0 while a run and a reader are under way", async () => {
    await using folder = await temporaryFolder();
    await using forge = await startForge({ tokens: { [SERVICE_TOKEN]: { login: SERVICE_LOGIN } } });
    const gate = Promise.withResolvers<void>();
    const fault = forge.faults.add({ match: {}, action: { hold: gate.promise } });
    await using server = await serve(name, folder, {
      ALLOW_ANONYMOUS: "true",
      GITHUB_SERVER_URL: forge.url,
      GITHUB_API_URL: forge.apiUrl,
      GITHUB_TOKEN: SERVICE_TOKEN,
    });
    const response = await createApi(server.url, {}).stream({
      repoUrl: `${forge.url}/a/b`,
      prompt: "Create a.txt containing: a",
    });
    await fault.reached();
    const reading = response.text().then(
      () => "ended",
      () => "cut",
    );
    expect(await server.stop()).toBe(0);
    expect(["ended", "cut"]).toContain(await reading);
    gate.resolve();
  });

  test.each([
    ["open to anybody", "127.0.0.1", { ALLOW_ANONYMOUS: "true" }],
    ["asking for a token", "0.0.0.0", { API_TOKENS: API_TOKEN }],
    ["told so", "127.0.0.1", { API_TOKENS: API_TOKEN, HOST: "127.0.0.1" }],
    ["told so", "[::1]", { API_TOKENS: API_TOKEN, HOST: "::1" }],
  ])("%s, listens on %s", async (_, address, env) => {
    await using folder = await temporaryFolder();
    await using server = await serve(name, folder, env);
    expect(server.ready[1]).toBe(`http://${address}:${server.ready[2]}`);
    expect(await (await fetch(server.ready[1]?.replace("0.0.0.0", "127.0.0.1") ?? "")).json()).toMatchObject({
      name: "Tiny Backspace",
    });
  });

  test("counts the callers behind a proxy of the operator's each for themselves", async () => {
    await using folder = await temporaryFolder();
    await using server = await serve(name, folder, {
      API_TOKENS: API_TOKEN,
      HOST: "127.0.0.1",
      REQUESTS_PER_MINUTE: "1",
      TRUSTED_PROXIES: "1",
    });
    const visit = async (forwarded: string) =>
      (await fetch(server.url, { headers: { "x-forwarded-for": forwarded } })).status;
    expect(await visit("203.0.113.9")).toBe(200);
    expect(await visit("198.51.100.7, 203.0.113.9")).toBe(429);
    expect(await visit("203.0.113.10")).toBe(200);
  });

  test.each([
    ["PORT", "eighty", "must be a whole number from 0 to 65535"],
    ["API_TOKENS", "canary", "needs tokens of 16 characters or more"],
    ["ALLOW_ANONYMOUS", "perhaps", "must be 'true' or 'false'"],
  ])("refuses %s=%s in words, without the value", async (variable, value, words) => {
    await using folder = await temporaryFolder();
    const refused = await serve(name, folder, { [variable]: value }).catch((error: Error) => error.message);
    expect(refused).toContain(
      `ended with code 1 before it was ready: The service is not set up: ${variable} ${words}`,
    );
    expect(refused).not.toContain(value);
  });

  test("refuses a port that is taken, and a folder that is in use", async () => {
    await using folder = await temporaryFolder();
    await using other = await temporaryFolder();
    await using server = await serve(name, folder);
    const refused = async (where: TemporaryFolder, port: string) =>
      await serve(name, where, { ALLOW_ANONYMOUS: "true", PORT: port }).catch(
        (error: Error) => error.message,
      );
    expect(await refused(other, server.ready[2] ?? "")).toMatch(
      /with code 1 before it was ready: Cannot listen on 127\.0\.0\.1:\d+ \(HOST, PORT\): .*in use.*\n$/i,
    );
    expect(await refused(folder, "0")).toMatch(
      /with code 1 before it was ready: ".*data" is in use by another process\. Set DATA_DIR to .*\.\n$/,
    );
    expect((await fetch(server.url)).status).toBe(200);
  });

  test("with DEBUG=true says a line for each request, and no secret; without it, nothing", async () => {
    await using folder = await temporaryFolder();
    await using other = await temporaryFolder();
    await using quiet = await serve(name, other, { API_TOKENS: API_TOKEN, HOST: "127.0.0.1" });
    await using loud = await serve(name, folder, { API_TOKENS: API_TOKEN, HOST: "127.0.0.1", DEBUG: "true" });
    for (const { url } of [quiet, loud]) {
      const api = createApi(url, { authorization: `Bearer ${API_TOKEN}` });
      for (const path of ["/runs?limit=7", `/runs/${API_TOKEN}`]) await (await api.call(path)).text();
      await (await createApi(url, {}).call("/code", { body: { prompt: "a prompt" } })).text();
    }
    const lines = await until("the lines are there", () => {
      const said = loud.complaints().trimEnd().split("\n");
      return said.length === 3 && said;
    });
    expect(lines).toEqual([
      expect.stringMatching(/^GET \/runs 200 \d+ ms$/),
      expect.stringMatching(/^GET \/runs\/\S+ 404 \d+ ms$/),
      expect.stringMatching(/^POST \/code 401 \d+ ms$/),
    ]);
    expect(lines.join()).not.toMatch(/canary/);
    expect(quiet.complaints()).toBe("");
  });
});
