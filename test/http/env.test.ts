/** The environment as settings: defaults, ranges, and errors that name the variable and not its value. */
import { describe, expect, it } from "vitest";
import { readSettings, secretsOf } from "../../src/env.ts";

const DEFAULTS = {
  github: { token: undefined, serverUrl: "https://github.com", apiUrl: "https://api.github.com" },
  openaiApiKey: undefined,
  anthropicApiKey: undefined,
  models: {
    openai: { baseUrl: "https://api.openai.com/v1", style: "responses" },
    anthropic: { baseUrl: "https://api.anthropic.com" },
    overrides: {},
    idleTimeoutSeconds: 60,
    answerTimeoutSeconds: 300,
  },
  lendModelKeys: "api_tokens",
  aws: { accessKeyId: undefined, secretAccessKey: undefined },
  runner: undefined,
  defaults: {
    llm_provider: undefined,
    llm_model: undefined,
    sandbox_provider: undefined,
    server_url: undefined,
    max_runs: undefined,
    max_runs_per_caller: undefined,
  },
  apiTokens: [],
  adminToken: undefined,
  allowGithubTokens: true,
  allowAnonymous: false,
  corsOrigins: [],
  maxRuns: 100,
  maxRunsPerCaller: 10,
  startsPerMinute: 60,
  requestsPerMinute: 600,
  trustedProxies: 0,
  retentionSeconds: 604_800,
  dataDir: "./data",
  commitAuthor: { name: "Tiny Backspace", email: "tiny-backspace@users.noreply.github.com" },
  host: undefined,
  port: 8000,
  debug: false,
};

const ALL = {
  GITHUB_TOKEN: " gh-canary-0123456789\n",
  GITHUB_API_URL: "https://ghe.example/api/v3/",
  GITHUB_SERVER_URL: "https://GHE.example/",
  OPENAI_API_KEY: "oa-canary-0123456789",
  OPENAI_BASE_URL: "https://Models.example/openai/v1/",
  OPENAI_API_STYLE: "chat",
  ANTHROPIC_API_KEY: "an-canary-0123456789",
  ANTHROPIC_BASE_URL: "http://localhost:4010",
  MODEL_PRICES: '{"my-model": {"input": 1, "output": 4.5, "cached": 0.1, "context_window": 32000}}',
  LLM_IDLE_TIMEOUT_SECONDS: "5",
  LLM_ANSWER_TIMEOUT_SECONDS: "900",
  LEND_MODEL_KEYS: "everyone",
  DEFAULT_LLM_PROVIDER: "openai",
  DEFAULT_LLM_MODEL: "gpt-4",
  AWS_ACCESS_KEY_ID: "aws-canary-id",
  AWS_SECRET_ACCESS_KEY: "aws-canary-secret/+=",
  SANDBOX_RUNNER_URL: "https://Runner.example:8787/",
  SANDBOX_RUNNER_SECRET: "runner-canary-0123456789-0123456789",
  DEFAULT_SANDBOX_PROVIDER: "docker",
  API_TOKENS: "service-token-one-0, service-token-two-0,",
  ADMIN_TOKEN: "admin-token-012345",
  ALLOW_GITHUB_TOKENS: "no",
  ALLOW_ANONYMOUS: "TRUE",
  CORS_ORIGINS: "https://App.example/, http://localhost:5173,",
  MAX_RUNS: "7",
  MAX_RUNS_PER_CALLER: "3",
  STARTS_PER_MINUTE: "5",
  REQUESTS_PER_MINUTE: "50",
  TRUSTED_PROXIES: "2",
  RUN_RETENTION_SECONDS: "3600",
  DATA_DIR: "/var/lib/tiny-backspace",
  COMMIT_AUTHOR_NAME: "Røbot O'Brien",
  COMMIT_AUTHOR_EMAIL: "robot@example.org",
  HOST: "127.0.0.1",
  PORT: "9000",
  DEBUG: "1",
};

describe("readSettings", () => {
  it("has defaults for everything, and takes empty variables for unset ones", () => {
    expect(readSettings({})).toEqual(DEFAULTS);
    expect(readSettings(Object.fromEntries(Object.keys(ALL).map((name) => [name, " "])))).toEqual(DEFAULTS);
  });

  it("reads every variable", () => {
    expect(readSettings({ ...ALL, SOME_BINDING: { fetch() {} } })).toEqual({
      github: {
        token: "gh-canary-0123456789",
        serverUrl: "https://ghe.example",
        apiUrl: "https://ghe.example/api/v3",
      },
      openaiApiKey: "oa-canary-0123456789",
      anthropicApiKey: "an-canary-0123456789",
      models: {
        openai: { baseUrl: "https://models.example/openai/v1", style: "chat" },
        anthropic: { baseUrl: "http://localhost:4010" },
        overrides: { "my-model": { input: 1, output: 4.5, cached: 0.1, context_window: 32_000 } },
        idleTimeoutSeconds: 5,
        answerTimeoutSeconds: 900,
      },
      lendModelKeys: "everyone",
      aws: { accessKeyId: "aws-canary-id", secretAccessKey: "aws-canary-secret/+=" },
      runner: { url: "https://runner.example:8787", secret: "runner-canary-0123456789-0123456789" },
      defaults: {
        llm_provider: "openai",
        llm_model: "gpt-4",
        sandbox_provider: "docker",
        server_url: "https://ghe.example",
        max_runs: 7,
        max_runs_per_caller: 3,
      },
      apiTokens: ["service-token-one-0", "service-token-two-0"],
      adminToken: "admin-token-012345",
      allowGithubTokens: false,
      allowAnonymous: true,
      corsOrigins: ["https://app.example", "http://localhost:5173"],
      maxRuns: 7,
      maxRunsPerCaller: 3,
      startsPerMinute: 5,
      requestsPerMinute: 50,
      trustedProxies: 2,
      retentionSeconds: 3600,
      dataDir: "/var/lib/tiny-backspace",
      commitAuthor: { name: "Røbot O'Brien", email: "robot@example.org" },
      host: "127.0.0.1",
      port: 9000,
      debug: true,
    });
  });

  it("takes a star for the pages of every origin", () => {
    expect(readSettings({ CORS_ORIGINS: " * " }).corsOrigins).toEqual(["*"]);
  });

  it("takes flags and numbers that a configuration file gave as such", () => {
    const { allowAnonymous, port } = readSettings({ ALLOW_ANONYMOUS: true, PORT: 80 });
    expect([allowAnonymous, port]).toEqual([true, 80]);
  });

  it.each([
    [
      { GITHUB_SERVER_URL: "https://ghe.example:8443" },
      "https://ghe.example:8443",
      "https://ghe.example:8443/api/v3",
    ],
    [{ GITHUB_SERVER_URL: "http://127.0.0.1:3000" }, "http://127.0.0.1:3000", "http://127.0.0.1:3000/api/v3"],
    [{ GITHUB_SERVER_URL: "http://[::1]:3000" }, "http://[::1]:3000", "http://[::1]:3000/api/v3"],
    [{ GITHUB_SERVER_URL: "https://github.com/" }, "https://github.com", "https://api.github.com"],
    [{ GITHUB_API_URL: "http://localhost:3000/api" }, "https://github.com", "http://localhost:3000/api"],
  ])("finds the forge in %j", (environment, serverUrl, apiUrl) => {
    expect(readSettings(environment).github).toEqual({ token: undefined, serverUrl, apiUrl });
  });

  const address =
    "must be an address such as https://host (plain http only on localhost), without credentials, path, query or fragment";
  const apiAddress =
    "must be an address such as https://host/path (plain http only on localhost), without credentials, query or fragment";
  const prices =
    'must be a JSON object such as {"my-model": {"input": 1, "output": 4}}, in USD per million tokens';
  const weak = "needs tokens of 16 characters or more; make one with 'openssl rand -hex 32'";

  const origins =
    "must be origins such as https://app.example (plain http only on localhost), comma separated, or '*' alone";

  it.each([
    ["GITHUB_SERVER_URL", "http://ghe.example", address],
    ["GITHUB_SERVER_URL", "http://127.0.0.1.evil.example", address],
    ["GITHUB_SERVER_URL", "https://user:canary-pass@ghe.example", address],
    ["GITHUB_SERVER_URL", "https://ghe.example/path", address],
    ["GITHUB_SERVER_URL", "https://ghe.example?token=canary-pass", address],
    ["GITHUB_SERVER_URL", "https://ｇithub.com", address],
    ["GITHUB_SERVER_URL", "ghe.example", address],
    ["GITHUB_API_URL", "ftp://ghe.example/api", apiAddress],
    ["GITHUB_API_URL", "https://ghe.example/api#canary-pass", apiAddress],
    ["GITHUB_TOKEN", "canary pass", "must be the key alone, without spaces or line breaks"],
    ["OPENAI_API_KEY", "canary\npass", "must be the key alone, without spaces or line breaks"],
    ["OPENAI_BASE_URL", "http://models.example/v1", apiAddress],
    ["OPENAI_BASE_URL", "http://169.254.169.254/", apiAddress],
    ["ANTHROPIC_BASE_URL", "https://key:canary-pass@models.example", apiAddress],
    ["ANTHROPIC_BASE_URL", "https://models.example/?key=canary-pass", apiAddress],
    ["OPENAI_API_STYLE", "canary", "must be one of responses, chat"],
    ["LEND_MODEL_KEYS", "canary", "must be one of api_tokens, everyone"],
    ["LLM_IDLE_TIMEOUT_SECONDS", "0", "must be a whole number from 1 to 600"],
    ["LLM_IDLE_TIMEOUT_SECONDS", "601", "must be a whole number from 1 to 600"],
    ["LLM_ANSWER_TIMEOUT_SECONDS", "901", "must be a whole number from 1 to 900"],
    ["MODEL_PRICES", "canary", prices],
    ["MODEL_PRICES", '["canary"]', prices],
    [
      "MODEL_PRICES",
      '{"gpt-5.5": {"input": "canary", "output": 1}}',
      "is wrong at gpt-5.5.input: Invalid input: expected number, received string",
    ],
    [
      "MODEL_PRICES",
      '{"gpt-5.5": {"input": -1, "output": 1}}',
      "is wrong at gpt-5.5.input: Too small: expected number to be >=0",
    ],
    [
      "MODEL_PRICES",
      '{"gpt-5.5": {"input": 1, "output": 1, "outptu": 2}}',
      'is wrong at gpt-5.5: Unrecognized key: "outptu"',
    ],
    ["DEFAULT_LLM_PROVIDER", "canary", "must be one of rule_based, openai, anthropic"],
    ["DEFAULT_LLM_MODEL", "canary model", "must be a model's name, such as 'gpt-4'"],
    ["DEFAULT_SANDBOX_PROVIDER", "canary", "must be one of local, docker, aws, process"],
    ["SANDBOX_RUNNER_URL", "http://runner.example", address],
    ["SANDBOX_RUNNER_URL", "https://runner.example/path", address],
    ["SANDBOX_RUNNER_SECRET", "canary", "needs 32 characters or more; make one with 'openssl rand -hex 32'"],
    [
      "SANDBOX_RUNNER_SECRET",
      "canary runner secret, which has spaces in it",
      "must be the secret alone, without spaces or line breaks",
    ],
    ["API_TOKENS", "service-token-one-0,canary", weak],
    ["API_TOKENS", "canary token with spaces", "must not have spaces or line breaks inside a token"],
    ["ADMIN_TOKEN", "canary", weak],
    ["ALLOW_ANONYMOUS", "canary", "must be 'true' or 'false'"],
    ["DEBUG", "canary", "must be 'true' or 'false'"],
    ["COMMIT_AUTHOR_NAME", "canary <x@y>", "must be one line of up to 200 characters without '<' or '>'"],
    ["COMMIT_AUTHOR_EMAIL", "canary", "must be an e-mail address"],
    ["CORS_ORIGINS", "https://app.example,*", origins],
    ["CORS_ORIGINS", "https://*.example", origins],
    ["CORS_ORIGINS", "https://app.example/canary", origins],
    ["CORS_ORIGINS", "http://app.example", origins],
    ["CORS_ORIGINS", "null", origins],
    ["ALLOW_GITHUB_TOKENS", "canary", "must be 'true' or 'false'"],
    ["MAX_RUNS", "0", "must be a whole number from 1 to 100000"],
    ["MAX_RUNS_PER_CALLER", "ten", "must be a whole number from 1 to 100000"],
    ["STARTS_PER_MINUTE", "-1", "must be a whole number from 1 to 1000000"],
    ["REQUESTS_PER_MINUTE", "1e3", "must be a whole number from 1 to 1000000"],
    ["TRUSTED_PROXIES", "10.0.0.1", "must be a whole number from 0 to 10"],
    ["RUN_RETENTION_SECONDS", "31536001", "must be a whole number from 1 to 31536000"],
    ["PORT", "canary", "must be a whole number from 0 to 65535"],
    ["PORT", "-1", "must be a whole number from 0 to 65535"],
    ["PORT", "65536", "must be a whole number from 0 to 65535"],
  ])("refuses %s=%s and says what it %s", (name, value, problem) => {
    expect(messageOf({ [name]: value })).toBe(`The service is not set up: ${name} ${problem}.`);
  });

  it("wants both the runner's address and its secret, or neither", () => {
    const { SANDBOX_RUNNER_URL, SANDBOX_RUNNER_SECRET } = ALL;
    const other = "is missing beside its other half.";
    expect(messageOf({ SANDBOX_RUNNER_URL })).toBe(
      `The service is not set up: SANDBOX_RUNNER_SECRET ${other}`,
    );
    expect(messageOf({ SANDBOX_RUNNER_SECRET })).toBe(
      `The service is not set up: SANDBOX_RUNNER_URL ${other}`,
    );
  });

  it("names everything that is wrong at once", () => {
    expect(messageOf({ PORT: "x", DEBUG: "maybe" })).toBe(
      "The service is not set up: PORT must be a whole number from 0 to 65535; DEBUG must be 'true' or 'false'.",
    );
    expect(messageOf({ MODEL_PRICES: '{"a": {"input": 1}, "b": 2}' })).toBe(
      "The service is not set up: MODEL_PRICES is wrong at a.output: Invalid input: expected number, received undefined; MODEL_PRICES is wrong at b: Invalid input: expected object, received number.",
    );
  });
});

describe("secretsOf", () => {
  it("has every secret of the environment and nothing else", () => {
    expect(new Set(secretsOf(readSettings(ALL)))).toEqual(
      new Set([
        "admin-token-012345",
        "an-canary-0123456789",
        "aws-canary-id",
        "aws-canary-secret/+=",
        "gh-canary-0123456789",
        "oa-canary-0123456789",
        "runner-canary-0123456789-0123456789",
        "service-token-one-0",
        "service-token-two-0",
      ]),
    );
    expect(secretsOf(readSettings({}))).toEqual([]);
  });
});

function messageOf(environment: Record<string, string>): string {
  try {
    readSettings(environment);
    return "no error";
  } catch (error) {
    return (error as Error).message;
  }
}
