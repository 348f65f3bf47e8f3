/** The endpoints around POST /code, and the commands of the original README, word for word. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { QUIET_WRANGLER } from "../support/build-worker.ts";
import { type LocalForge, startForge } from "../support/forge/server.ts";
import { SERVICE_TOKEN, startService } from "../support/service.ts";
import { startWorker } from "../support/worker.ts";

const shell = promisify(execFile);

/** A deployment with nothing but its token set talks to GitHub; here its requests reach the local forge. */
function toForge(forge: LocalForge): (request: Request) => Promise<Response> {
  return async (request) => {
    const url = new URL(request.url);
    const base =
      url.hostname === "api.github.com"
        ? forge.apiUrl
        : url.hostname === "github.com"
          ? forge.url
          : undefined;
    if (base === undefined) throw new Error(`a request to ${url.host}`);
    const { method, headers } = request;
    const body = method === "GET" ? null : await request.arrayBuffer();
    return await fetch(base + url.pathname + url.search, { method, headers, body, redirect: "manual" });
  };
}

test("the original README's commands work word for word on localhost:8000", async () => {
  const forge = await startForge({ tokens: { [SERVICE_TOKEN]: { login: "username" } } });
  await forge.addRepository("username/repo", {
    files: { "main.py": 'import json\n\n\ndef main():\n    return json.loads("{}")\n' },
  });
  const worker = await startWorker({
    port: 8000,
    outbound: toForge(forge),
    env: { GITHUB_TOKEN: SERVICE_TOKEN },
  });
  try {
    const legacy = `curl --no-buffer -X POST "http://localhost:8000/code/legacy" \\
  -H "Content-Type: application/json" \\
  -d '{
    "repoUrl": "https://github.com/username/repo",
    "prompt": "Add error handling"
  }'`;
    const enhanced = `curl --no-buffer -X POST "http://localhost:8000/code" \\
  -H "Content-Type: application/json" \\
  -d '{
    "repoUrl": "https://github.com/username/repo",
    "prompt": "Add error handling to the main function",
    "use_llm": true,
    "llm_provider": "openai",
    "llm_model": "gpt-4",
    "use_cloud_sandbox": true,
    "sandbox_provider": "docker"
  }'`;
    for (const command of [legacy, enhanced]) {
      const { stdout } = await shell("bash", ["-c", command]);
      const last = stdout.trim().split("\n").at(-1) ?? "";
      expect(JSON.parse(last.replace("data: ", ""))).toMatchObject({
        type: "done",
        status: "succeeded",
        pr_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/username\/repo\/pull\/\d$/),
      });
    }
    expect((await shell("bash", ["-c", "curl http://localhost:8000/health"])).stdout).toContain(
      '"status":"healthy"',
    );
    expect((await shell("bash", ["-c", "curl http://localhost:8000/"])).stdout).toContain('"endpoints"');
    const [first, second] = forge.repository("username/repo").pullRequests;
    expect(first?.body).toContain("did not ask for a language model");
    expect(second?.body).toContain("The request asked for openai. The service has no key for openai;");
  } finally {
    await worker.stop();
    await forge.close();
  }
});

test("the README's commands for runs that outlive their connections do what it says", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const commands = /^## Runs outlive their connections$.+?^```bash\n(.+?)^```$/ms.exec(readme)?.[1] ?? "";
  const forge = await startForge({ tokens: { [SERVICE_TOKEN]: { login: "username" } } });
  const repository = await forge.addRepository("username/repo", { files: { "a.py": "print(1)\n" } });
  const worker = await startWorker({
    port: 8000,
    outbound: toForge(forge),
    env: { GITHUB_TOKEN: SERVICE_TOKEN },
  });
  try {
    const [start = "", follow = "", see = "", further = "", cancel = ""] = commands.split("\n\n");
    const first = await shell("bash", ["-c", `${start}\n${start}\necho $ID`]);
    const id = first.stdout.trim();
    const bash = async (script: string) => (await shell("bash", ["-c", `ID=${id}\n${script}`])).stdout;

    const seen = await bash(follow);
    expect(Array.from(seen.matchAll(/^id: (\d+)$/gm), ([, seq]) => Number(seq)).slice(0, 6)).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
    expect(seen.match(/"type":"done"/g)).toHaveLength(1);
    const [view, patch] = (await bash(see)).split(/(?<=\})(?=diff --git)/);
    expect(JSON.parse(view ?? "")).toMatchObject({ id, status: "succeeded", attempts: 1 });
    expect(patch).toContain("+++ b/README.md");
    expect(await bash(further)).toContain('"type":"done"');
    expect(JSON.parse(await bash(cancel))).toMatchObject({ id, status: "succeeded" });
    expect(repository.pullRequests).toHaveLength(1);
    const [pull] = repository.pullRequests;
    expect(await repository.git("rev-list", "--count", `main..${pull?.head}`)).toBe("2");
  } finally {
    await worker.stop();
    await forge.close();
  }
});

test("npm run dev serves on port 8000 and ends with its process group", async () => {
  const dev = spawn("npm", ["run", "dev"], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, ...QUIET_WRANGLER },
  });
  const ended = once(dev, "exit");
  try {
    for await (const line of createInterface(dev.stdout)) if (line.includes("Ready on")) break;
    expect(await (await fetch("http://localhost:8000/")).json()).toMatchObject({ name: "Tiny Backspace" });
  } finally {
    if (dev.pid !== undefined) process.kill(-dev.pid);
    await ended;
  }
});

test("GET /health tells each component's true state, and never a secret", async () => {
  const KEYS = { OPENAI_API_KEY: "canary-openai-key-0123456789", ANTHROPIC_API_KEY: "canary-wrong-key" };
  const asked: string[] = [];
  const vendors = createServer(({ url, headers }, response) => {
    asked.push(`${url} ${headers.authorization ?? headers["x-api-key"]}`);
    response.writeHead(headers.authorization === undefined ? 401 : 200).end("{}");
  }).listen(0, "127.0.0.1");
  await once(vendors, "listening");
  const base = `http://127.0.0.1:${(vendors.address() as AddressInfo).port}`;
  const service = await startService({
    env: { ...KEYS, OPENAI_BASE_URL: `${base}/openai/v1/`, ANTHROPIC_BASE_URL: `${base}/anthropic` },
  });
  const health = async () => {
    const response = await fetch(`${service.worker.url}/health`);
    const text = await response.text();
    expect(text).not.toContain("canary");
    return [response.status, JSON.parse(text)];
  };
  const report = {
    status: "degraded",
    service: "tiny-backspace-enhanced",
    components: {
      git_operations: "available",
      coding_agent: "available",
      llm_agent: "available",
      cloud_sandbox: "not_configured",
      openai: "available",
      anthropic: "unavailable",
      docker: "not_configured",
    },
  };
  try {
    expect(await Promise.all([health(), health(), health()])).toEqual(Array(3).fill([200, report]));
    expect([asked.length, new Set(asked)]).toEqual([
      2,
      new Set([
        `/anthropic/v1/models?limit=1 ${KEYS.ANTHROPIC_API_KEY}`,
        `/openai/v1/models Bearer ${KEYS.OPENAI_API_KEY}`,
      ]),
    ]);
  } finally {
    await service.close();
    vendors.close();
  }
});

test("GET /health has no model to show where there is no key", async () => {
  const service = await startService();
  try {
    const response = await fetch(`${service.worker.url}/health`);
    expect([response.status, await response.json()]).toMatchObject([
      200,
      {
        status: "healthy",
        components: { llm_agent: "not_configured", openai: "not_configured", anthropic: "not_configured" },
      },
    ]);
  } finally {
    await service.close();
  }
});

test("GET /health says so when the token is not valid", async () => {
  const service = await startService();
  try {
    service.forge.accounts.revoke(SERVICE_TOKEN);
    const response = await fetch(`${service.worker.url}/health`);
    expect([response.status, await response.json()]).toMatchObject([
      503,
      { status: "degraded", components: { git_operations: "unavailable", coding_agent: "available" } },
    ]);
  } finally {
    await service.close();
  }
});

test("POST /config applies to later runs, and GET / describes the service", async () => {
  const service = await startService();
  try {
    await service.forge.addRepository("tiny-bot/r", { files: { a: "a\n" } });
    const configured = await service.post("/config", {
      default_llm_provider: "anthropic",
      limits: { timeout_seconds: 60 },
    });
    expect([configured.status, JSON.stringify(await configured.json())]).toEqual([
      200,
      expect.stringContaining("anthropic"),
    ]);
    const events = await service.run({
      repoUrl: `${service.forge.url}/tiny-bot/r`,
      prompt: "Create b.txt containing: b",
      use_llm: true,
    });
    expect(events[0]).toMatchObject({
      type: "info",
      request: { llm_provider: "anthropic", limits: { timeout_seconds: 60 } },
      agent: "rule_based",
    });
    expect(events[1]).toMatchObject({ type: "warning", code: "agent_fallback" });
    const about = await (await fetch(`${service.worker.url}/`)).json();
    expect(about).toMatchObject({
      name: expect.any(String),
      version: "0.1.0",
      features: expect.any(Array),
      endpoints: expect.any(Array),
    });
  } finally {
    await service.close();
  }
});
