/** Who may do what: credentials, machines, pages, and runs that belong to somebody. */
import { describe, expect, it } from "vitest";
import { runIdOf } from "../support/memory-host.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };
const TOKEN = "service-token-0123456789";
const OTHER = "other-token-0123456789";
const ADMIN = "admin-token-0123456789ab";
const GITHUB = "caller-github-token-0123456789";
const OPEN = { ALLOW_ANONYMOUS: "true" };
const ID = runIdOf(1);

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const github = (token: string) => ({ "x-github-token": token });

/** A service that lets nobody in unless `environment` says so. */
function service(environment: Record<string, string>): TestApp {
  return createTestApp({ environment: { ALLOW_ANONYMOUS: "", ...environment } });
}

/** What a request for a route gets: its status, and why it was refused. */
async function ask(
  environment: Record<string, string>,
  headers: Record<string, string>,
  route = "POST /code",
  origin = "",
) {
  const { app, runs } = service(environment);
  const [method = "", path = ""] = route.split(" ");
  const body = path === "/config" ? {} : path.endsWith("/prompt") ? { prompt: "Go on" } : GOOD;
  const response = await app.request(origin + path, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(method === "POST" ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return {
    status: response.status,
    challenge: response.headers.get("www-authenticate"),
    message: response.status < 400 ? undefined : JSON.parse(text).error.message,
    runs: runs.length,
  };
}

const refused = (message: string) => ({
  status: 401,
  challenge: 'Bearer realm="tiny-backspace"',
  message,
  runs: 0,
});
const forbidden = (message: string) => ({ status: 403, challenge: null, message, runs: 0 });
const passed = { status: 200, challenge: null, message: undefined, runs: 1 };
const noSuchRun = { status: 404, challenge: null, message: "There is no such run.", runs: 0 };

const notSetUp =
  "This service has no API_TOKENS: the operator has to set it, or ALLOW_ANONYMOUS=true on a local machine.";
const notHere = "Anonymous use is for requests to localhost only: the operator has to set API_TOKENS.";
const sendOne =
  "Send one of the service's API tokens in the header 'Authorization: Bearer …', or a GitHub token of your own in 'X-GitHub-Token'.";
const wrong = "The token is not one of the service's API tokens.";
const pages =
  "A service open to anonymous use takes requests from web pages on this machine only: set API_TOKENS and send one.";

const STARTS = ["POST /code", "POST /code/legacy"];
const READS = [
  "GET /runs",
  `GET /runs/${ID}`,
  `GET /runs/${ID}/events`,
  `GET /runs/${ID}/patch`,
  `DELETE /runs/${ID}`,
  `POST /runs/${ID}/prompt`,
];

describe.each([...STARTS, ...READS])("%s", (route) => {
  const open = STARTS.includes(route) ? passed : route === "GET /runs" ? { ...passed, runs: 0 } : noSuchRun;

  it("fails closed when nothing is configured", async () => {
    expect(await ask({}, {}, route)).toEqual(refused(notSetUp));
    expect(await ask({}, bearer("undefined"), route)).toEqual(refused(notSetUp));
    expect(await ask({ API_TOKENS: " , " }, bearer(""), route)).toEqual(refused(notSetUp));
  });

  it("needs one of the tokens, also when anonymous use is on", async () => {
    const environment = { API_TOKENS: `${TOKEN}, ${OTHER}`, ...OPEN };
    expect(await ask(environment, bearer(TOKEN), route)).toEqual(open);
    expect(await ask(environment, { authorization: `bearer  ${OTHER}` }, route)).toEqual(open);
    expect(await ask(environment, {}, route)).toEqual(refused(sendOne));
    expect(await ask(environment, { authorization: `Basic ${TOKEN}` }, route)).toEqual(refused(sendOne));
    expect(await ask(environment, bearer(`${TOKEN}x`), route)).toEqual(refused(wrong));
    expect(await ask(environment, bearer(TOKEN.slice(0, -1)), route)).toEqual(refused(wrong));
    expect(await ask(environment, bearer(TOKEN.toUpperCase()), route)).toEqual(refused(wrong));
  });

  it("is not opened by the admin token", async () => {
    const environment = { API_TOKENS: TOKEN, ADMIN_TOKEN: ADMIN };
    expect(await ask(environment, bearer(ADMIN), route)).toEqual(refused(wrong));
  });

  it("is opened by a GitHub token of the caller's own, unless the operator says otherwise", async () => {
    expect(await ask({}, github(GITHUB), route)).toEqual(open);
    expect(await ask({ API_TOKENS: TOKEN }, github(GITHUB), route)).toEqual(open);
    const closed = { ALLOW_GITHUB_TOKENS: "false" };
    expect(await ask(closed, github(GITHUB), route)).toEqual(refused(notSetUp));
    expect(await ask({ API_TOKENS: TOKEN, ...closed }, github(GITHUB), route)).toEqual(
      refused("Send one of the service's API tokens in the header 'Authorization: Bearer …'."),
    );
  });

  it("does not let a GitHub token make good a wrong API token", async () => {
    expect(await ask({ API_TOKENS: TOKEN }, { ...bearer(OTHER), ...github(GITHUB) }, route)).toEqual(
      refused(wrong),
    );
  });
});

describe("anonymous use", () => {
  it.each(["http://localhost:8000", "http://app.localhost", "http://127.9.8.7:8000", "http://[::1]:8000"])(
    "is for requests to this machine: %s",
    async (origin) => {
      expect(await ask(OPEN, {}, "POST /code", origin)).toEqual(passed);
    },
  );

  it.each([
    "https://tiny-backspace.example.workers.dev",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://192.168.0.7:8000",
    "http://0.0.0.0:8000",
    "http://[::ffff:127.0.0.1]",
  ])("fails closed where the service is deployed, though the flag was left on: %s", async (origin) => {
    expect(await ask(OPEN, {}, "POST /code", origin)).toEqual(refused(notHere));
    expect(await ask(OPEN, {}, "GET /runs", origin)).toEqual(refused(notHere));
    expect(await ask(OPEN, {}, "GET /config", origin)).toEqual(
      refused(notHere.replace("API_TOKENS", "ADMIN_TOKEN")),
    );
  });

  it.each(["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via"])(
    "is not for what a proxy on this machine passes on: %s",
    async (header) => {
      const notThrough =
        "Anonymous use is not for requests that a proxy passes on: the operator has to set API_TOKENS.";
      const passedOn = { [header]: "203.0.113.9" };
      expect(await ask(OPEN, passedOn, "POST /code", "http://localhost:8000")).toEqual(refused(notThrough));
      expect(await ask(OPEN, passedOn, "GET /runs")).toEqual(refused(notThrough));
      expect(await ask(OPEN, passedOn, "POST /config")).toEqual(
        refused(notThrough.replace("API_TOKENS", "ADMIN_TOKEN")),
      );
      expect(await ask({ API_TOKENS: TOKEN, ...OPEN }, { ...passedOn, ...bearer(TOKEN) })).toEqual(passed);
    },
  );

  it("is for programs and pages of this machine, not for pages elsewhere", async () => {
    for (const origin of ["http://localhost:8000", "https://app.localhost", "http://[::1]:5173"]) {
      expect(await ask(OPEN, { origin })).toEqual(passed);
    }
    for (const origin of ["https://evil.example", "http://localhost.evil.example", "null"]) {
      expect(await ask(OPEN, { origin })).toEqual(forbidden(pages));
      expect(await ask(OPEN, { origin }, "GET /runs")).toEqual(forbidden(pages));
      expect(await ask(OPEN, { origin }, "POST /config")).toEqual(forbidden(pages));
    }
  });

  it("is for pages the operator listed, and a star lists none", async () => {
    const origin = "https://app.example";
    expect(await ask({ ...OPEN, CORS_ORIGINS: origin }, { origin })).toEqual(passed);
    expect(await ask({ ...OPEN, CORS_ORIGINS: "*" }, { origin })).toEqual(forbidden(pages));
  });
});

describe("the configuration", () => {
  const sendAdmin = "Send the service's admin token in the header 'Authorization: Bearer …'.";
  const notAdmin = "The token is not the service's admin token.";
  const noAdmin = "The configuration needs an admin token: the operator has to set ADMIN_TOKEN.";
  const shown = { ...passed, runs: 0 };

  it.each(["GET /config", "POST /config"])("by %s needs the admin token and nothing less", async (route) => {
    const environment = { API_TOKENS: TOKEN, ADMIN_TOKEN: ADMIN, ...OPEN };
    expect(await ask(environment, bearer(ADMIN), route)).toEqual(shown);
    expect(await ask(environment, {}, route)).toEqual(refused(sendAdmin));
    expect(await ask(environment, github(GITHUB), route)).toEqual(refused(sendAdmin));
    expect(await ask(environment, bearer(OTHER), route)).toEqual(refused(notAdmin));
    expect(await ask(environment, bearer(TOKEN), route)).toEqual(
      forbidden("The configuration needs the service's admin token; an API token is not enough."),
    );
    expect(await ask({ ADMIN_TOKEN: ADMIN, ...OPEN }, {}, route)).toEqual(refused(sendAdmin));
  });

  it("without an admin token is for a local machine", async () => {
    expect(await ask({ API_TOKENS: TOKEN, ...OPEN }, bearer(TOKEN), "GET /config")).toEqual(
      forbidden(
        "The configuration needs an admin token: the operator has to set ADMIN_TOKEN; an API token is not enough.",
      ),
    );
    expect(await ask({ API_TOKENS: TOKEN, ...OPEN }, {}, "GET /config")).toEqual(refused(noAdmin));
    expect(await ask({}, {}, "GET /config")).toEqual(
      refused(
        "This service has no ADMIN_TOKEN: the operator has to set it, or ALLOW_ANONYMOUS=true on a local machine.",
      ),
    );
    expect(await ask(OPEN, {}, "GET /config")).toEqual(shown);
  });
});

describe("the caller's GitHub token", () => {
  const shape =
    "X-GitHub-Token must be a GitHub token alone: 16 to 255 printable ASCII characters without spaces.";

  it.each(["", "short", "x".repeat(256), "has a space in the middle", "tokén-canary-0123456789"])(
    "is refused when it cannot be one: %j",
    async (token) => {
      expect(await ask({ API_TOKENS: TOKEN }, { ...bearer(TOKEN), ...github(token) })).toEqual({
        status: 400,
        challenge: null,
        message: shape,
        runs: 0,
      });
    },
  );

  it("goes to the run, whoever the caller is by then", async () => {
    const tokens = async (environment: Record<string, string>, headers: Record<string, string>) => {
      const { post, runs } = service(environment);
      await (await post("/code", GOOD, headers)).text();
      return runs.map(({ input }) => input.githubToken);
    };
    expect(await tokens({}, github(GITHUB))).toEqual([GITHUB]);
    expect(await tokens({ API_TOKENS: TOKEN }, { ...bearer(TOKEN), ...github(GITHUB) })).toEqual([GITHUB]);
    expect(await tokens({ ...OPEN, ALLOW_GITHUB_TOKENS: "false" }, github(GITHUB))).toEqual([GITHUB]);
    expect(await tokens(OPEN, {})).toEqual([undefined]);
  });

  it("is in no answer, and in no caller's id", async () => {
    const app = service({});
    const answers = [
      await app.post("/code", GOOD, github(GITHUB)),
      await app.get(`/runs/${ID}`, github(GITHUB)),
      await app.get("/runs", github(GITHUB)),
      await app.post("/code", {}, github(GITHUB)),
    ];
    for (const response of answers) {
      expect(JSON.stringify([...response.headers]) + (await response.text())).not.toContain(GITHUB);
    }
    expect(app.runs[0]?.input.caller).toMatch(/^[0-9a-f]{64}$/);
  });
});

it("refuses before it reads a body", async () => {
  const { app } = createTestApp({ environment: { ALLOW_ANONYMOUS: "false" } });
  for (const path of ["/code", "/config", `/runs/${ID}/prompt`]) {
    const response = await app.request(path, { method: "POST", body: "not even JSON" });
    expect(response.status).toBe(401);
  }
});
