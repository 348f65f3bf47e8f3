/** The command line: what is understood, and the words for what is not. */
import { describe, expect, it } from "vitest";
import { readArgs } from "./args.ts";

describe("the demo's command line", () => {
  it.each([
    { argv: [], prompt: "Add error handling", repo: undefined, keep: false, llm: false, sandbox: undefined },
    {
      argv: ["Delete a.txt"],
      prompt: "Delete a.txt",
      repo: undefined,
      keep: false,
      llm: false,
      sandbox: undefined,
    },
    {
      argv: ["Delete", "a.txt"],
      prompt: "Delete a.txt",
      repo: undefined,
      keep: false,
      llm: false,
      sandbox: undefined,
    },
    {
      argv: ["--keep", "Delete a.txt"],
      prompt: "Delete a.txt",
      repo: undefined,
      keep: true,
      llm: false,
      sandbox: undefined,
    },
    {
      argv: ["--repo", "../x", "--keep"],
      prompt: "Add error handling",
      repo: "../x",
      keep: true,
      llm: false,
      sandbox: undefined,
    },
    {
      argv: ["--sandbox", "docker", "Mend it"],
      prompt: "Mend it",
      repo: undefined,
      keep: false,
      llm: false,
      sandbox: "docker",
    },
    {
      argv: ["--repo=../x"],
      prompt: "Add error handling",
      repo: "../x",
      keep: false,
      llm: false,
      sandbox: undefined,
    },
    {
      argv: ["--llm", "Mend it"],
      prompt: "Mend it",
      repo: undefined,
      keep: false,
      llm: true,
      sandbox: undefined,
    },
    {
      argv: ["--", "--keep"],
      prompt: "--keep",
      repo: undefined,
      keep: false,
      llm: false,
      sandbox: undefined,
    },
  ])("reads $argv", ({ argv, ...options }) => {
    expect(readArgs(argv)).toEqual({ kind: "run", options });
  });

  it.each([["--help"], ["-h"], ["--keep", "--help"]])("shows help for %s %s", (...argv) => {
    expect(readArgs(argv)).toEqual({ kind: "help" });
  });

  it.each([
    { argv: ["--kepe"], message: "there is no option --kepe" },
    { argv: ["-k"], message: "there is no option -k" },
    { argv: ["--keep=yes"], message: "--keep takes no value" },
    { argv: ["--repo"], message: "--repo needs the path of a git repository" },
    { argv: ["--repo="], message: "--repo needs the path of a git repository" },
    { argv: ["--repo", "--keep"], message: "--repo needs the path of a git repository" },
    { argv: ["--sandbox"], message: "--sandbox needs docker or process" },
    { argv: ["--sandbox", "kvm"], message: "--sandbox needs docker or process" },
    { argv: [" "], message: "the prompt is empty" },
  ])("refuses $argv", ({ argv, message }) => {
    expect(readArgs(argv)).toEqual({
      kind: "mistake",
      message: `${message}; npm run demo -- --help lists what there is.`,
    });
  });
});
