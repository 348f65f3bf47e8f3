/** Fields that must be refused beside a good URL: types, ranges, names. */
import { globRequests } from "./bad-globs.ts";
import { type BadRequest, CANARY, refused } from "./bad-request.ts";

/** Bad fields beside a good URL. */
export function fieldRequests(serverUrl: string): BadRequest[] {
  const good = { repoUrl: `${serverUrl}/octocat/hello`, prompt: "Fix it" };
  const one = (name: string, extra: Record<string, unknown>, field: string, message: string) =>
    refused(name, { ...good, ...extra }, [{ field, message }]);
  const branch = (value: string, what: string) =>
    one(
      `the branch ${JSON.stringify(value).slice(0, 20)}`,
      { base_branch: value },
      "base_branch",
      `base_branch ${what}.`,
    );
  const forbidden = "must not have spaces, control characters or any of ~ ^ : ? * [ \\";
  const fields =
    "repoUrl, prompt, use_llm, llm_provider, llm_model, use_cloud_sandbox, sandbox_provider, base_branch, draft, mode, test_command, setup_command, protected_paths, allow_workflows, limits";

  const tooManyToList = (count: number, rest: string): BadRequest => {
    const names = Array.from({ length: count }, (_, n) => `k${n}`);
    const shown = names.slice(0, 50).map((field) => ({
      field,
      message: `${field} is not a field of this request; the fields are ${fields}.`,
    }));
    const body = { ...good, ...Object.fromEntries(names.map((name) => [name, 1])) };
    const request = refused(`${count} unknown fields`, body, [...shown, { field: "body", message: rest }]);
    const message = `The request has ${count} problems; the first are listed in "problems".`;
    return { ...request, error: { ...request.error, message } };
  };

  return [
    refused("no fields", {}, [
      { field: "repoUrl", message: "repoUrl is required: a string." },
      { field: "prompt", message: "prompt is required: a string." },
    ]),
    refused("null for both fields", { repoUrl: null, prompt: null }, [
      { field: "repoUrl", message: "repoUrl must be a string, not null." },
      { field: "prompt", message: "prompt must be a string, not null." },
    ]),
    refused("lists of strings", { repoUrl: [good.repoUrl], prompt: ["Fix it"] }, [
      { field: "repoUrl", message: "repoUrl must be a string, not an array." },
      { field: "prompt", message: "prompt must be a string, not an array." },
    ]),
    one("a number as the prompt", { prompt: 42 }, "prompt", "prompt must be a string, not the number 42."),
    one("an object as the prompt", { prompt: {} }, "prompt", "prompt must be a string, not an object."),
    one("an empty prompt", { prompt: "" }, "prompt", "prompt is empty; say what to change."),
    one("a blank prompt", { prompt: " \n\t " }, "prompt", "prompt is empty; say what to change."),
    one("a NUL in the prompt", { prompt: "a\0b" }, "prompt", "prompt must not contain NUL characters."),
    one(
      "half of a surrogate pair in the prompt",
      { prompt: "a\ud83d" },
      "prompt",
      "prompt is not valid Unicode: it has half of a surrogate pair.",
    ),
    {
      ...one(
        "a prompt of 20,001 characters",
        { prompt: "x".repeat(20_001) },
        "prompt",
        "prompt is longer than 20000 characters; shorten it.",
      ),
      status: 413,
      error: {
        code: "payload_too_large",
        message: "prompt is longer than 20000 characters; shorten it.",
        problems: [{ field: "prompt", message: "prompt is longer than 20000 characters; shorten it." }],
      },
    },
    refused(
      "a prompt of 20,001 characters and a bad field",
      { ...good, prompt: "é".repeat(20_001), draft: 1 },
      [
        { field: "prompt", message: "prompt is longer than 20000 characters; shorten it." },
        { field: "draft", message: "draft must be true or false, not the number 1." },
      ],
    ),
    one("a word for a flag", { use_llm: "yes" }, "use_llm", "use_llm must be true or false, not a string."),
    one("null for a flag", { draft: null }, "draft", "draft must be true or false, not null."),
    one(
      "an unknown provider",
      { llm_provider: "gemini" },
      "llm_provider",
      "llm_provider must be one of 'rule_based', 'openai', 'anthropic', not 'gemini'.",
    ),
    one(
      "a provider in capitals",
      { llm_provider: "OpenAI" },
      "llm_provider",
      "llm_provider must be one of 'rule_based', 'openai', 'anthropic', not 'OpenAI'.",
    ),
    one(
      "a key where the provider belongs",
      { llm_provider: `Bearer: ${CANARY}` },
      "llm_provider",
      "llm_provider must be one of 'rule_based', 'openai', 'anthropic', not what was sent.",
    ),
    one(
      "an unknown sandbox",
      { sandbox_provider: 3 },
      "sandbox_provider",
      "sandbox_provider must be one of 'local', 'docker', 'aws', 'process', not the number 3.",
    ),
    one(
      "an unknown mode",
      { mode: "merge" },
      "mode",
      "mode must be one of 'pull_request', 'branch', 'patch', not 'merge'.",
    ),
    one(
      "a model with a space",
      { llm_model: `gpt-4 ${CANARY}` },
      "llm_model",
      "The name of a model has up to 100 letters, digits and . _ : / @ -, such as 'gpt-4'.",
    ),
    one(
      "a number as the model",
      { llm_model: 4 },
      "llm_model",
      "llm_model must be a string, not the number 4.",
    ),
    branch("", "is empty"),
    branch("a..b", "must not have '..'"),
    branch("a b", forbidden),
    branch("a\u0007b", forbidden),
    branch("main^", forbidden),
    branch("refs/heads/main", "must be the branch's name alone, without 'refs/heads/'"),
    branch("main.lock", "must not have a part that ends with '.lock'"),
    branch("-main", "must not start with '-'"),
    branch("a//b", "must not start or end with '/' or have '//'"),
    branch("x/.y", "must not have a part that starts with '.'"),
    branch("HEAD", "must be a branch, not 'HEAD'"),
    branch("x".repeat(256), "is longer than 255 bytes"),
    one(
      "a command of two lines",
      { test_command: "npm test\nrm -rf /" },
      "test_command",
      "test_command must be one line without control characters; join commands with '&&'.",
    ),
    one(
      "a blank command",
      { test_command: " " },
      "test_command",
      "test_command is empty; leave it out to let the repository say how it is tested.",
    ),
    ...globRequests(good),
    one("a list of limits", { limits: [] }, "limits", "limits must be a JSON object, not an array."),
    refused(
      "limits out of range",
      { ...good, limits: { max_turns: 0, max_tokens: 999, max_cost_usd: 50.01, timeout_seconds: 901 } },
      [
        { field: "limits.max_turns", message: "limits.max_turns must be at least 1, not the number 0." },
        {
          field: "limits.max_tokens",
          message: "limits.max_tokens must be at least 1000, not the number 999.",
        },
        {
          field: "limits.max_cost_usd",
          message: "limits.max_cost_usd must be at most 50, not the number 50.01.",
        },
        {
          field: "limits.timeout_seconds",
          message: "limits.timeout_seconds must be at most 900, not the number 901.",
        },
      ],
    ),
    one(
      "a token too many",
      { limits: { max_tokens: 50_000_001 } },
      "limits.max_tokens",
      "limits.max_tokens must be at most 50000000, not the number 50000001.",
    ),
    one(
      "half a turn",
      { limits: { max_turns: 1.5 } },
      "limits.max_turns",
      "limits.max_turns must be a whole number, not the number 1.5.",
    ),
    one(
      "a negative cost",
      { limits: { max_cost_usd: -1 } },
      "limits.max_cost_usd",
      "limits.max_cost_usd must be at least 0, not the number -1.",
    ),
    {
      ...one(
        "an infinite cost",
        {},
        "limits.max_cost_usd",
        "limits.max_cost_usd must be a number, not a number too large to hold.",
      ),
      body: `{"repoUrl":"${good.repoUrl}","prompt":"Fix it","limits":{"max_cost_usd":1e999}}`,
    },
    one(
      "a draft that is no pull request",
      { draft: true, mode: "patch" },
      "draft",
      "draft needs mode 'pull_request': a branch or a patch cannot be a draft.",
    ),
    refused(
      "unknown fields close to known ones",
      { repo_url: good.repoUrl, prompt: "Fix it", use_LLM: true, limits: { max_turn: 3 } },
      [
        { field: "repoUrl", message: "repoUrl is required: a string." },
        {
          field: "limits.max_turn",
          message: "limits.max_turn is not a field of this request; did you mean limits.max_turns?",
        },
        { field: "repo_url", message: "repo_url is not a field of this request; did you mean repoUrl?" },
        { field: "use_LLM", message: "use_LLM is not a field of this request; did you mean use_llm?" },
      ],
    ),
    one(
      "a limit beside the limits",
      { max_turns: 3 },
      "max_turns",
      "max_turns is not a field of this request; did you mean limits.max_turns?",
    ),
    one(
      "an unknown limit close to nothing",
      { limits: { x: 1 } },
      "limits.x",
      "limits.x is not a field of this request; the fields of limits are max_turns, max_tokens, max_cost_usd, timeout_seconds.",
    ),
    tooManyToList(90_000, "89950 more problems are not listed."),
    tooManyToList(51, "1 more problem is not listed."),
    one(
      "an unknown field close to nothing",
      { webhook: CANARY },
      "webhook",
      `webhook is not a field of this request; the fields are ${fields}.`,
    ),
    one(
      "a token as an extra field",
      { github_token: CANARY },
      "github_token",
      `github_token is not a field of this request; the fields are ${fields}.`,
    ),
    one(
      "a field name with control characters",
      { "a\u001b[31m\nb": 1 },
      "a??31m?b",
      `a??31m?b is not a field of this request; the fields are ${fields}.`,
    ),
    {
      ...refused("a __proto__ field", {}, [
        {
          field: "__proto__",
          message: `__proto__ is not a field of this request; the fields are ${fields}.`,
        },
        {
          field: "constructor",
          message: `constructor is not a field of this request; the fields are ${fields}.`,
        },
      ]),
      body: `{"repoUrl":"${good.repoUrl}","prompt":"Fix it","__proto__":{"use_llm":true},"constructor":{}}`,
    },
    {
      ...refused("fields of /code", { ...good, use_llm: true, repo: 1 }, [
        {
          field: "use_llm",
          message: "use_llm is a field of POST /code; POST /code/legacy takes repoUrl and prompt.",
        },
        { field: "repo", message: "repo is not a field of this request; did you mean repoUrl?" },
      ]),
      name: "fields of /code sent to /code/legacy",
      path: "/code/legacy",
    },
    {
      ...refused("nothing", {}, [
        { field: "repoUrl", message: "repoUrl is required: a string." },
        { field: "prompt", message: "prompt is required: a string." },
      ]),
      name: "nothing sent to /code/legacy",
      path: "/code/legacy",
    },
    refused(
      "everything wrong at once",
      {
        repoUrl: `https://u:${CANARY}@evil.example/a/b`,
        prompt: " ",
        use_llm: 1,
        draft: true,
        mode: "branch",
        color: 1,
      },
      [
        {
          field: "repoUrl",
          message: `repoUrl must not contain credentials or '@' (the service has its own token); send ${serverUrl}/owner/name.`,
        },
        { field: "prompt", message: "prompt is empty; say what to change." },
        { field: "use_llm", message: "use_llm must be true or false, not the number 1." },
        { field: "color", message: `color is not a field of this request; the fields are ${fields}.` },
        {
          field: "draft",
          message: "draft needs mode 'pull_request': a branch or a patch cannot be a draft.",
        },
      ],
    ),
  ];
}
