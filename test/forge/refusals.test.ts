import { describe, expect, test } from "vitest";
import { ServiceError } from "../../src/errors.ts";
import { createGitHubForge } from "../../src/forge/github.ts";
import { everythingIn, failure, SPELLINGS, setUp, TOKEN } from "./harness.ts";

const REF = { owner: "acme", name: "widgets" };
const READ = "GET /repos/acme/widgets";
const json = { "content-type": "application/json; charset=utf-8" };

interface Refusal {
  readonly name: string;
  readonly answer: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Readonly<Record<string, unknown>>;
  };
  readonly code: string;
  readonly retryable?: boolean;
  readonly message: string;
  readonly requests?: number;
  readonly token?: undefined;
}

const REFUSALS: readonly Refusal[] = [
  {
    name: "401 with a token",
    answer: { status: 401, body: { message: "Bad credentials" } },
    code: "invalid_token",
    message:
      "The GitHub token (X-GitHub-Token of the request, else GITHUB_TOKEN of the service) is not valid or has " +
      'expired: create one at https://forge/settings/tokens with access to "acme/widgets".',
  },
  {
    name: "401 without a token",
    answer: { status: 401, body: { message: "Requires authentication" } },
    token: undefined,
    code: "invalid_token",
    message:
      '"acme/widgets" cannot be reached without a token: create one at https://forge/settings/tokens, and ' +
      "send it in X-GitHub-Token or set GITHUB_TOKEN.",
  },
  {
    name: "403 for no stated reason",
    answer: { status: 403, body: { message: "Forbidden" } },
    code: "permission_denied",
    message:
      'Could not read "acme/widgets": this token may not. Give it write access to contents and pull requests at ' +
      "https://forge/settings/tokens.",
  },
  {
    name: "403 without a token",
    answer: { status: 403, body: { message: "Forbidden" } },
    token: undefined,
    code: "permission_denied",
    message:
      'Could not read "acme/widgets": this needs a token. Create one at https://forge/settings/tokens, and ' +
      "send it in X-GitHub-Token or set GITHUB_TOKEN.",
  },
  {
    name: "403 for single sign-on",
    answer: {
      status: 403,
      headers: {
        ...json,
        "x-github-sso": "required; url=https://github.com/orgs/acme-inc/sso?authorization_request=AAAA",
      },
      body: { message: "Resource protected by organization SAML enforcement." },
    },
    code: "permission_denied",
    message:
      'Could not read "acme/widgets": "acme-inc" requires single sign-on (SSO). Open https://forge/settings/tokens, ' +
      'choose "Configure SSO" for this token and authorise it for "acme-inc".',
  },
  {
    name: "403 for an IP allow list",
    answer: {
      status: 403,
      body: {
        message:
          "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.",
      },
    },
    code: "permission_denied",
    message:
      'Could not read "acme/widgets": "acme" has an IP allow list that this service\'s address is not on. Ask an owner ' +
      'of "acme" to add it, or run the service from an allowed address.',
  },
  {
    name: "403 for a fine-grained permission",
    answer: {
      status: 403,
      headers: {
        ...json,
        "x-accepted-github-permissions": "contents=write; pull_requests=write,contents=read",
      },
      body: { message: "Resource not accessible by personal access token" },
    },
    code: "permission_denied",
    message:
      'Could not read "acme/widgets": this token may not. It needs the permission contents: write or pull_requests: ' +
      "write, contents: read: edit it at https://forge/settings/tokens.",
  },
  {
    name: "403 for a fine-grained permission with the last request of the hour",
    answer: {
      status: 403,
      headers: { ...json, "x-ratelimit-remaining": "0", "x-ratelimit-reset": "4000000000" },
      body: { message: "Resource not accessible by personal access token" },
    },
    code: "permission_denied",
    message:
      'Could not read "acme/widgets": this token may not. Give it write access to contents and pull requests at ' +
      "https://forge/settings/tokens.",
  },
  {
    name: "403 for a scope",
    answer: {
      status: 403,
      headers: { ...json, "x-accepted-oauth-scopes": "public_repo, repo" },
      body: { message: "Must have admin rights to Repository." },
    },
    code: "permission_denied",
    message:
      'Could not read "acme/widgets": this token may not. It needs one of the scopes public_repo, repo: edit it at ' +
      "https://forge/settings/tokens.",
  },
  {
    name: "403 with a permission header that is not one",
    answer: {
      status: 403,
      headers: { ...json, "x-accepted-github-permissions": "<script>alert(1)</script>" },
      body: { message: "Forbidden" },
    },
    code: "permission_denied",
    message:
      'Could not read "acme/widgets": this token may not. Give it write access to contents and pull requests at ' +
      "https://forge/settings/tokens.",
  },
  {
    name: "403 for a blocked repository",
    answer: { status: 403, body: { message: "Repository access blocked" } },
    code: "permission_denied",
    message: 'Could not read "acme/widgets": GitHub has blocked access to "acme/widgets".',
  },
  {
    name: "403 for an archived repository",
    answer: { status: 403, body: { message: "Repository was archived so is read-only." } },
    code: "repository_archived",
    message:
      'Could not read "acme/widgets": "acme/widgets" is archived and so read-only. Unarchive it in its settings first.',
  },
  {
    name: "404 with a token",
    answer: { status: 404, body: { message: "Not Found" } },
    code: "repository_not_found",
    message:
      'Could not read "acme/widgets": "acme/widgets" was not found, or this token can\'t see it. Check the spelling, or ' +
      "grant the token access at https://forge/settings/tokens.",
  },
  {
    name: "404 without a token",
    answer: { status: 404, body: { message: "Not Found" } },
    token: undefined,
    code: "repository_not_found",
    message:
      'Could not read "acme/widgets": "acme/widgets" was not found, or it is private. Check the spelling, or ' +
      "send a token that can see it in X-GitHub-Token, or set GITHUB_TOKEN to one.",
  },
  {
    name: "409",
    answer: { status: 409, body: { message: "Git Repository is empty." } },
    code: "forge_conflict",
    message:
      'Could not read "acme/widgets": it conflicts with the repository\'s state (Git Repository is empty.). Resolve ' +
      "the conflict on GitHub, then try again.",
  },
  {
    name: "422 with errors of every kind",
    answer: {
      status: 422,
      body: {
        message: "Validation Failed",
        errors: [
          { resource: "PullRequest", field: "head", code: "invalid" },
          { resource: "Issue", field: "title", code: "missing_field" },
          { resource: "PullRequest", code: "custom", message: `Not\u202e so ${TOKEN}\n` },
          "a fourth is not shown",
        ],
      },
    },
    code: "forge_rejected",
    message:
      'Could not read "acme/widgets": GitHub rejected the request (head is not valid; title is missing; Not so ' +
      "[token]). Check that the branches still exist.",
  },
  {
    name: "422 with a message only",
    answer: { status: 422, body: { message: "x".repeat(500) } },
    code: "forge_rejected",
    message: `Could not read "acme/widgets": GitHub rejected the request (${"x".repeat(159)}…). Correct it and try again.`,
  },
  {
    name: "422 whose body is not GitHub's",
    answer: { status: 422, body: { message: 7, errors: "many" } },
    code: "forge_rejected",
    message: 'Could not read "acme/widgets": GitHub rejected the request. Correct it and try again.',
  },
  {
    name: "451",
    answer: { status: 451, body: { message: "Repository access blocked", block: { reason: "dmca" } } },
    code: "permission_denied",
    message:
      'Could not read "acme/widgets": "acme/widgets" is unavailable for legal reasons, such as a DMCA takedown. Use ' +
      "another repository.",
  },
  {
    name: "500",
    answer: { status: 500, body: { message: `stack trace ${TOKEN}` } },
    code: "forge_unavailable",
    retryable: true,
    message: 'Could not read "acme/widgets": GitHub answered 500. Try again in a few minutes.',
    requests: 3,
  },
  {
    name: "503",
    answer: { status: 503 },
    code: "forge_unavailable",
    retryable: true,
    message: 'Could not read "acme/widgets": GitHub answered 503. Try again in a few minutes.',
    requests: 3,
  },
];

describe("attack 23: GitHub's refusals become typed errors that say what to do", () => {
  test.each(REFUSALS)("$name", async (refusal) => {
    const { answer, code, retryable = false, message, requests = 1 } = refusal;
    await using setup = await setUp("token" in refusal ? { token: undefined } : {});
    await setup.server.addRepository("acme/widgets", { files: { "README.md": "Widgets\n" } });
    setup.fault({ kind: "rest" }, answer);

    const error = await failure(setup.forge.preflight(REF, setup.call));

    expect({ code: error.code, retryable: error.retryable, message: setup.stable(error.message) }).toEqual({
      code,
      retryable,
      message,
    });
    expect(setup.requests()).toEqual(Array(requests).fill(READ));
    expect(SPELLINGS.filter((spelling) => everythingIn(error).includes(spelling))).toEqual([]);
  });

  test("an unknown token is refused by the server itself, in one request", async () => {
    await using setup = await setUp({ token: "ghp_unknown" });
    await setup.server.addRepository("acme/widgets", { files: { "README.md": "Widgets\n" } });

    const error = await failure(setup.forge.preflight(REF, setup.call));

    expect([error.code, setup.requests()]).toEqual(["invalid_token", [READ]]);
    expect(everythingIn(error)).not.toContain("ghp_unknown");
  });

  test("a private repository looks missing without access, in one request", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: { a: "1\n" }, private: true });

    const error = await failure(setup.forge.preflight(REF, setup.call));

    expect([error.code, setup.requests()]).toEqual(["repository_not_found", [READ]]);
  });

  test("an error keeps GitHub's request id for the operator, and nothing else", async () => {
    await using setup = await setUp();
    setup.fault(
      {},
      {
        status: 404,
        headers: { "x-github-request-id": "ABCD:1234:5678" },
        body: { message: "Not Found" },
      },
    );

    const error = await failure(setup.forge.preflight(REF, setup.call));

    expect(error.cause).toEqual(new Error("HTTP 404, request ABCD:1234:5678"));
  });
});

describe("attack 23: answers that do not arrive whole", () => {
  test("a connection that ends before an answer is tried three times", async () => {
    await using setup = await setUp();
    setup.fault({}, { dropReply: true });

    const error = await failure(setup.forge.preflight(REF, setup.call));

    expect([error.code, error.retryable, setup.stable(error.message)]).toEqual([
      "network_error",
      true,
      'The connection to "forge" failed (UND_ERR_SOCKET). Try again; if it stays, check the server\'s address and state.',
    ]);
    expect(setup.requests()).toEqual([READ, READ, READ]);
    expect(setup.slept).toEqual([750, 1500]);
    expect(SPELLINGS.filter((spelling) => everythingIn(error).includes(spelling))).toEqual([]);
  });

  test("an answer cut in its body is read again", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: { "README.md": "Widgets\n" } });
    setup.fault({ nth: 1 }, { cutAfterBytes: 100 });

    const repository = await setup.forge.preflight(REF, setup.call);

    expect(repository.ref).toEqual(REF);
    expect(setup.requests()).toEqual([READ, READ]);
    expect(setup.told).toEqual([{ reason: "The connection to GitHub failed", milliseconds: 750 }]);
  });

  test("an answer that is always cut is a network error", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: { "README.md": "Widgets\n" } });
    setup.fault({}, { cutAfterBytes: 100 });

    const error = await failure(setup.forge.preflight(REF, setup.call));

    expect([error.code, error.retryable]).toEqual(["network_error", true]);
  });

  test.each([
    ["a page", "text/html", "<h1>Welcome</h1>"],
    ["JSON of another service", "application/json", '{"ok":true}'],
  ])("%s instead of GitHub's API is named as such", async (_name, type, body) => {
    await using setup = await setUp();
    setup.fault({}, { status: 200, headers: { "content-type": type }, body });

    const error = await failure(setup.forge.preflight(REF, setup.call));

    expect([error.code, error.retryable, setup.stable(error.message)]).toEqual([
      "forge_unavailable",
      true,
      '"forge" sent an answer that is not GitHub\'s API. Check GITHUB_API_URL, and try again.',
    ]);
  });

  test("a request that takes too long is a network error", async () => {
    const expired = new AbortController();
    await using setup = await setUp({ timeout: () => expired.signal });
    const held = setup.fault({}, { hold: new Promise(() => undefined) });

    const reading = failure(setup.forge.preflight(REF, setup.call));
    await held.reached();
    expired.abort(new DOMException("too slow", "TimeoutError"));
    const error = await reading;

    expect([error.code, error.retryable, setup.stable(error.message)]).toEqual([
      "network_error",
      true,
      '"forge" did not answer in time. Try again; if it stays, check the server\'s state.',
    ]);
    expect(setup.slept).toEqual([750, 1500]);
  });

  test.each([
    ["before the answer", "request" as const],
    ["in the middle of the answer", { afterBytes: 50 }],
  ])("an abort %s ends the call with its reason and sends nothing more", async (_name, at) => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: { "README.md": "Widgets\n" } });
    const held = setup.fault({}, { hold: new Promise(() => undefined), at });
    const reason = new Error("the user changed their mind");

    const reading = setup.forge.preflight(REF, setup.call);
    await held.reached();
    setup.controller.abort(reason);

    await expect(reading).rejects.toBe(reason);
    expect(setup.requests()).toEqual([READ]);
    expect(setup.told).toEqual([]);
  });

  test("a call that is aborted before it begins sends nothing", async () => {
    await using setup = await setUp();
    setup.controller.abort();

    await expect(setup.forge.preflight(REF, setup.call)).rejects.toBe(setup.controller.signal.reason);
    expect(setup.requests()).toEqual([]);
  });
});

test("a token that cannot be a header is refused without being quoted", () => {
  const urls = { apiUrl: "https://api.github.com", serverUrl: "https://github.com/" };
  const create = () => createGitHubForge({ ...urls, token: "ghp_two\nlines", fetch, userAgent: "test" });

  expect(create).toThrow(
    new ServiceError(
      "invalid_token",
      "GITHUB_TOKEN holds characters that no token has: copy it again from https://github.com/settings/tokens.",
    ),
  );
});
