/** Runs whose change is checked, end to end: the built Worker, a real runner, a real git server, and a scripted vendor. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DoneEvent, RecordedEvent } from "../../src/run/events.ts";
import { type Api, createApi } from "../support/api.ts";
import type { ForgeRepository } from "../support/forge/server.ts";
import { type ModelServer, startModelServer } from "../support/models/server.ts";
import type { ScriptRequest, Turn } from "../support/models/turn.ts";
import { SANDBOX_PLACES, type SandboxPlace } from "../support/sandbox-places.ts";
import { SERVICE_LOGIN, SERVICE_TOKEN, type Service, startService } from "../support/service.ts";
import { until } from "../support/until.ts";

const KEY = "canary-openai-key-0123456789";

/** Its own test passes. */
const FILES = {
  "greet.py": 'def greet(name):\n    return f"Hello, {name}"\n',
  "test_greet.py":
    'import unittest\nfrom greet import greet\n\nclass Test(unittest.TestCase):\n    def test_comma(self):\n        self.assertRegex(greet("World"), ", World$")\n',
  Makefile: "test:\n\tpython3 -B -m unittest\n",
};

const edit = (from: string, to: string): Turn => ({
  calls: [{ name: "edit_file", arguments: { path: "greet.py", old_text: from, new_text: to } }],
});
const finish = (title: string): Turn => ({
  calls: [{ name: "finish", arguments: { title, summary: `${title}.` } }],
});

describe.each(SANDBOX_PLACES)("in a sandbox of the provider %s", (provider, startPlace) => {
  let place: SandboxPlace;
  let models: ModelServer;
  let service: Service;
  let api: Api;
  /** What models say, by the prompt. */
  const scripts = new Map<string, (request: ScriptRequest) => Turn>();

  beforeAll(async () => {
    place = await startPlace();
    models = await startModelServer({
      respond: (request) => {
        const script = [...scripts].find(([prompt]) => request.text.includes(prompt))?.[1];
        if (script === undefined) throw new Error("no script");
        return script(request);
      },
    });
    service = await startService({
      env: {
        OPENAI_API_KEY: KEY,
        OPENAI_BASE_URL: models.openaiUrl,
        SANDBOX_RUNNER_URL: place.url,
        SANDBOX_RUNNER_SECRET: place.secret,
        MAX_RUNS_PER_CALLER: "100",
      },
    });
    api = createApi(service.worker.url, {});
  });
  afterAll(async () => {
    await service.close();
    await models.close();
    await place.close();
  });

  let count = 0;
  interface Ran {
    readonly events: readonly RecordedEvent[];
    readonly done: DoneEvent;
    readonly repository: ForgeRepository;
    readonly body: string;
    readonly output: string;
  }
  async function run(
    files: Readonly<Record<string, string>>,
    body: Readonly<Record<string, unknown>>,
    script?: (request: ScriptRequest) => Turn,
  ): Promise<Ran> {
    count += 1;
    const name = `${provider}-${count}`;
    const repository = await service.forge.addRepository(`${SERVICE_LOGIN}/${name}`, { files });
    const prompt = `Greet in German ${name}.`;
    if (script !== undefined) scripts.set(prompt, script);
    const repoUrl = `${service.forge.url}/${SERVICE_LOGIN}/${name}`;
    const sandbox = { use_cloud_sandbox: true, sandbox_provider: provider };
    const events = await service.run({ repoUrl, prompt, ...sandbox, ...body });
    const done = events.at(-1);
    if (done?.type !== "done") throw new Error("no done");
    return {
      events,
      done,
      repository,
      body: (repository.pullRequests[0]?.body ?? "").replaceAll("\u200b", ""),
      output: events.flatMap((event) => (event.type === "output" ? [event.data] : [])).join(""),
    };
  }
  const rules = { prompt: 'Replace "Hello" with "Hallo" in greet.py' };

  test("a check that passes stands in the pull request with its command, exit code and output", async () => {
    const { events, done, repository, body, output } = await run(FILES, {
      ...rules,
      test_command: "python3 -B -m unittest 2>&1 && cat greet.py",
    });
    expect(output).toContain("Ran 1 test");
    expect(output).toContain('return f"Hallo, {name}"');
    expect(done.verification).toEqual({
      status: "passed",
      message: 'The command "python3 -B -m unittest 2>&1 && cat greet.py" passed.',
      command: "python3 -B -m unittest 2>&1 && cat greet.py",
      ending: "exited",
      exit_code: 0,
      duration_ms: expect.any(Number),
    });
    expect(events.filter(({ type }) => type === "warning")).toEqual([]);
    const steps = events.flatMap((event) =>
      event.type === "progress" || event.type === "success" ? [`${event.type} ${event.step}`] : [],
    );
    expect(steps.slice(steps.indexOf("success edit") + 1, steps.indexOf("progress commit"))).toEqual([
      "progress verify",
      "progress verify",
      "success verify",
    ]);
    expect(repository.pullRequests[0]?.draft).toBe(false);
    const section = body.split("## What was verified\n")[1];
    expect(section).toContain("- Command: `python3 -B -m unittest 2>&1 && cat greet.py`\n- Exit code: 0\n");
    expect(section).toContain("Ran 1 test");
  });

  test("a model that breaks the tests sees how, repairs it, and the evidence stands in the pull request", async () => {
    const asked: string[] = [];
    const { events, done, repository, body } = await run(
      FILES,
      { use_llm: true, llm_provider: "openai" },
      (request) => {
        asked.push(request.messages.at(-1)?.role === "user" ? request.text : "");
        return (
          [
            edit('f"Hello, {name}"', 'f"Hallo {name}"'),
            finish("Greet in German"),
            edit('f"Hallo {name}"', 'f"Hallo, {name}"'),
            finish("Greet in German, with a comma"),
          ][request.turn] ?? {}
        );
      },
    );
    expect(asked[2]).toContain("AssertionError");
    expect(asked[2]).toContain("make test");
    expect(asked[2]).toContain("It did not fail on the repository as it was before your edits");
    const told = events.flatMap((event) =>
      event.type === "warning" ? [`${event.code}: ${event.message}`] : [],
    );
    expect(told).toEqual([
      'verification_failed: "make test" ended with exit code 2; the agent gets its output and another try (1 of 2).',
    ]);
    expect(done).toMatchObject({
      status: "succeeded",
      verification: { status: "passed", command: "make test", exit_code: 0 },
      usage: { turns: 4 },
    });
    const [pull] = repository.pullRequests;
    expect([pull?.draft, pull?.title]).toEqual([false, "Greet in German, with a comma"]);
    expect(body).toContain("The agent was given the output of a failing check once before.");
    expect(body).toContain("- Command: `make test`\n- Exit code: 0\n");
    expect(await repository.git("show", `${pull?.head}:greet.py`)).toContain('f"Hallo, {name}"');
  });

  test("a model that cannot repair it in two tries ends with a draft that says so", async () => {
    const { done, repository, body, events } = await run(
      FILES,
      { use_llm: true, llm_provider: "openai" },
      ({ turn }) => (turn % 2 === 1 ? finish("Greet") : withoutComma(turn / 2)),
    );
    expect(done).toMatchObject({
      status: "succeeded",
      message: expect.stringMatching(/^Done, but the check fails: 1 file changed, pull request at /),
      verification: { status: "failed", exit_code: 2, failed_before: false },
    });
    expect(repository.pullRequests[0]?.draft).toBe(true);
    expect(body).toMatch(/^\*\*The check of this change fails\.\*\*/);
    expect(body).toContain("The agent was given the output of a failing check 2 times before.");
    const failures = events.filter(
      (event) => event.type === "warning" && event.code === "verification_failed",
    );
    expect(failures).toHaveLength(3);
  });

  test("a model runs commands on its edits, and what they change is in the repository it sees", async () => {
    const results: string[] = [];
    const tools: (readonly string[])[] = [];
    const turns: readonly Turn[] = [
      edit("Hello", "Hallo"),
      {
        calls: [
          {
            name: "run_command",
            arguments: { command: "cat ready greet.py; echo '# Notes' > notes.md; exit 5" },
          },
        ],
      },
      { calls: [{ name: "read_file", arguments: { path: "notes.md" } }] },
      finish("Greet in German"),
    ];
    const body = {
      use_llm: true,
      llm_provider: "openai",
      setup_command: "echo set up | tee ready",
      test_command: "cat notes.md",
    };
    const { events, done, repository } = await run({ ...FILES, ".gitignore": "ready\n" }, body, (request) => {
      tools.push(request.tools.map(({ name }) => name));
      results.push(request.results.map(({ text }) => text).join("\n"));
      return turns[request.turn] ?? {};
    });
    expect(tools[0]).toContain("run_command");
    expect(results[2]).toBe(
      'The command ended with exit code 5. It changed "notes.md" in the repository. Output:\nset up\nset up\ndef greet(name):\n    return f"Hallo, {name}"\n',
    );
    expect(results[3]).toContain("# Notes");
    const outputs = events.flatMap((event) => (event.type === "output" ? [event.message] : []));
    expect(new Set(outputs)).toEqual(
      new Set(["The setup command wrote to stdout.", "The command wrote to stdout."]),
    );
    expect(done.verification).toMatchObject({ status: "passed", command: "cat notes.md" });
    expect(done.changes.map(({ path }) => path)).toEqual(["greet.py", "notes.md"]);
    expect(await repository.git("show", `${done.commit}:notes.md`)).toBe("# Notes");
  });

  test("with rules a failing check is a draft, whether it failed before or not", async () => {
    const broken = await run(FILES, { ...rules, test_command: "grep Hello greet.py" });
    expect(broken.done.verification).toMatchObject({ status: "failed", exit_code: 1, failed_before: false });
    expect(broken.repository.pullRequests[0]?.draft).toBe(true);
    const before = await run(FILES, { ...rules, test_command: "echo no luck; exit 4" });
    expect(before.done.verification).toMatchObject({ status: "failed", exit_code: 4, failed_before: true });
    expect(before.repository.pullRequests[0]?.draft).toBe(true);
    expect(before.body).toContain("It failed on the repository as it was before the change too.");
    expect(before.body).toContain("no luck");
  });

  test("what a formatter changes comes back, what git ignores does not", async () => {
    const files = { ...FILES, ".gitignore": "cache/\n" };
    const { done, repository, body } = await run(files, {
      ...rules,
      setup_command: "mkdir cache && echo kept > cache/setup",
      test_command:
        "cat cache/setup && sed -i 's/name/whom/' greet.py && echo '# new' > notes.md && echo x > cache/x",
    });
    expect(done.changes.map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      "modified greet.py",
      "added notes.md",
    ]);
    const [pull] = repository.pullRequests;
    expect(await repository.git("ls-tree", "-r", "--name-only", `${pull?.head}`)).toBe(
      ".gitignore\nMakefile\ngreet.py\nnotes.md\ntest_greet.py",
    );
    expect(body).toContain("The command changed these files, too:\n\n- `greet.py`\n- `notes.md`");
  });

  test("a command that is cancelled is ended, and so is its sandbox", async () => {
    const repository = await service.forge.addRepository(`${SERVICE_LOGIN}/${provider}-cancel`, {
      files: FILES,
    });
    const { id } = await api.start({
      repoUrl: `${service.forge.url}/${SERVICE_LOGIN}/${provider}-cancel`,
      ...rules,
      use_cloud_sandbox: true,
      sandbox_provider: provider,
      test_command: "echo started; sleep 1000",
    });
    await until("the command runs", async () => (await api.soFar(id)).includes("started\\n"));
    expect(await api.cancel(id)).toMatchObject({ status: "cancelled", pr_url: null });
    await until("the sandbox is gone", async () => (await place.sandboxes()) === 0);
    expect(repository.pullRequests).toEqual([]);
  });

  test("nothing of the service's is in a sandbox: neither tokens nor keys, in files or in the environment", async () => {
    const look =
      "env; cat /proc/self/environ | tr '\\0' '\\n'; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; grep -r . . ; ls -la";
    const { output, done } = await run(FILES, { ...rules, test_command: look });
    expect(done.verification?.status).toBe("passed");
    expect(output).toContain("greet.py");
    for (const secret of [SERVICE_TOKEN, KEY, place.secret, "canary"]) expect(output).not.toContain(secret);
  });

  test.each([
    ["before its first answer", /POST \/v1\/sandboxes\?/, "arrives"],
    ["when the files have come", /POST \/v1\/sandboxes\?/, "is sent"],
    ["when it has made the sandbox", /POST \/v1\/sandboxes\?/, "is answered"],
    ["inside of its first answer", /POST \/v1\/sandboxes\?/, "streams"],
    ["before a command", /exec$/, "arrives"],
    ["behind the beginning of a command", /exec$/, "is answered"],
    ["in a command's output", /exec$/, "streams"],
    ["when it is asked for the changes", /changes$/, "arrives"],
    ["inside of the changes", /changes$/, "streams"],
    ["when the sandbox is ended", /DELETE/, "arrives"],
  ] as const)(
    "attack 27: a runner that dies %s leaves the run to end as it should",
    async (_when, pattern, moment) => {
      place.relay.dieAt(pattern, moment);
      const { done, repository, events, body } = await run(FILES, {
        ...rules,
        test_command:
          "echo one; head -c 300000 /dev/zero | tr '\\0' x > big.txt; sed -i s/name/whom/ greet.py",
      });
      expect(place.relay.dead).toBe(true);
      place.relay.revive();
      expect(done.status).toBe("succeeded");
      expect(repository.pullRequests).toHaveLength(1);
      const warnings = events.flatMap((event) => (event.type === "warning" ? [event.code] : []));
      if (pattern.source === "DELETE") expect([done.verification?.status, warnings]).toEqual(["passed", []]);
      else if (pattern.source.startsWith("changes")) {
        expect([done.verification?.status, warnings]).toEqual(["passed", ["command_changes_left_out"]]);
        expect(await repository.git("show", `${done.commit}:greet.py`)).toContain('{name}"');
      } else {
        expect([done.verification?.status, warnings]).toEqual(["not_verified", ["not_verified"]]);
        expect(body).toMatch(
          /## What was verified\n\nNot verified\. "echo one.* The (?:sandbox-runner|connection) /,
        );
      }
    },
  );

  test("nothing of the service's is sent to a runner: neither tokens nor keys, in any request of all these", () => {
    const { requests } = place.relay;
    expect(requests.length).toBeGreaterThan(40);
    for (const { method, path, headers, body } of requests) {
      const all = `${method} ${path}\n${headers}\n${body.toString("latin1")}`;
      for (const secret of [SERVICE_TOKEN, KEY, place.secret]) {
        for (const form of [secret, btoa(secret), Buffer.from(secret).toString("hex")])
          expect(all).not.toContain(form);
      }
    }
  });
});

/** Edits that never put the comma back. */
function withoutComma(round: number): Turn {
  const texts = ['f"Hello, {name}"', 'f"Hallo {name}"', 'f"Hallo! {name}"', 'f"Hallo? {name}"'];
  return edit(texts[round] ?? "", texts[round + 1] ?? "");
}
