/** Attacks 1 to 3 on a deployment for github.com: every disguised repository URL is a 400, and nothing goes out. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningWorker, startWorker } from "../support/worker.ts";

const CANARY = "ghp_canaryCanaryCanaryCanaryCanary012345";

let worker: RunningWorker;
const sent: string[] = [];

beforeAll(async () => {
  worker = await startWorker({
    env: { GITHUB_TOKEN: CANARY },
    outbound: async (request) => {
      sent.push(request.url);
      return new Response("unexpected", { status: 500 });
    },
  });
});
afterAll(() => worker.stop());

const ATTACKS = {
  "attack 1, another host": [
    "https://2130706433/o/r",
    "https://0177.0.0.1/o/r",
    "https://0x7f.1/o/r",
    "https://127.0.0.1/o/r",
    "https://[::1]/o/r",
    "https://[::ffff:127.0.0.1]/o/r",
    "https://169.254.169.254/o/r",
    "https://localhost/o/r",
    "https://github.com.evil/o/r",
    "https://evil.github.com/o/r",
    "https://githubxcom/o/r",
    "https://github.com./o/r",
  ],
  "attack 2, what URL parsers fold into the host": [
    "https://github\u3002com/o/r",
    "https://ｇｉｔｈｕｂ.com/o/r",
    "https://git\thub.com/o/r",
    "https://git\nhub.com/o/r",
    "https:\\\\github.com\\o\\r",
    "https:/github.com/o/r",
    "https:github.com/o/r",
    " https://github.com/o/r",
    "https://github.com/o/r\u0000",
    "https://g%69thub.com/o/r",
    "https://gıthub.com/o/r",
  ],
  "attack 3, credentials, ports, schemes, queries": [
    `https://user:${CANARY}@github.com/o/r`,
    `https://${CANARY}@github.com/o/r`,
    "https://github.com@evil.example/o/r",
    "https://github.com:22/o/r",
    "https://github.com:443/o/r",
    "http://github.com/o/r",
    "file:///etc/passwd",
    "git@github.com:o/r.git",
    "ssh://git@github.com/o/r",
    "https://github.com#@evil.example/o/r",
    "https://github.com/o/r?x=1",
    "https://github.com/o/r#x",
    "https://github.com/o/../r",
    "https://github.com/o/r/tree/main",
  ],
} as const;

test.each(Object.entries(ATTACKS))("%s is refused before any request", async (_name, urls) => {
  for (const repoUrl of urls) {
    const response = await fetch(`${worker.url}/code`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ repoUrl, prompt: "Add a README" }),
    });
    const text = await response.text();
    expect([repoUrl, response.status, text]).toEqual([
      repoUrl,
      400,
      expect.stringContaining('"field":"repoUrl"'),
    ]);
    expect(text).not.toContain(CANARY);
  }
  expect(sent).toEqual([]);
});

test("the deployment would have sent a request for a good URL", async () => {
  const response = await fetch(`${worker.url}/code`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      repoUrl: "https://github.com/o/r",
      prompt: "Add a README",
      limits: { timeout_seconds: 1 },
    }),
  });
  await response.text();
  expect(sent[0]).toBe("https://api.github.com/repos/o/r");
});
