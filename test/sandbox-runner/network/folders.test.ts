import { once } from "node:events";
import { chmod, mkdir, readdir, rename, rmdir, stat, symlink, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createNetwork } from "../../../sandbox-runner/src/network/create-network.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { rest, tunnelTo } from "./support/ask.ts";

const options = (folder: string) => ({ folder, allow: [], allowPrivate: [] });
const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test("each sandbox has a folder with one socket; it may be entered through its mount only, and changed by nobody", async () => {
  await using folder = await temporaryFolder();
  const network = await createNetwork(options(join(folder.path, "a/b")));
  const own = join(folder.path, "a/b/proxies");
  const [one, two] = await Promise.all([network.open("one"), network.open("two")]);
  expect([one.folder, two.folder]).toEqual([join(own, "one"), join(own, "two")]);
  expect(await readdir(one.folder)).toEqual(["proxy.sock"]);
  expect(await mode(own)).toBe("700");
  expect(await mode(one.folder)).toBe("711");
  expect(await mode(join(one.folder, "proxy.sock"))).toBe("666");
  await one.close();
  expect(await readdir(own)).toEqual(["two"]);
  await Promise.all([one.close(), network.close()]);
  expect(await readdir(own)).toEqual([]);
});

test("closing ends every connection, also those that have not asked for anything yet", async () => {
  await using folder = await temporaryFolder();
  const network = await createNetwork(options(folder.path));
  const sandbox = await network.open("one");
  const { socket } = await tunnelTo(join(sandbox.folder, "proxy.sock"), "a.net:443");
  const silent = connect(join(sandbox.folder, "proxy.sock"));
  await once(silent, "connect");
  await sandbox.close();
  await Promise.all([socket, silent].map(rest));
  expect(await tunnelTo(join(sandbox.folder, "proxy.sock"), "a.net:443").catch(String)).toContain("ENOENT");
});

test("folders of dead runners are removed at start, those of living ones stay, and so does what is no runner's", async () => {
  await using folder = await temporaryFolder();
  const own = join(folder.path, "proxies");
  const living = await createNetwork(options(folder.path));
  await living.open("living");
  await mkdir(join(own, "empty"));
  await mkdir(join(own, "dead"));
  await mkdir(join(own, "foreign"));
  await writeFile(join(own, "foreign", "file"), "");
  await writeFile(join(folder.path, "beside"), "");
  await symlink(join(own, "living"), join(own, "link"));
  const dead = createServer().listen({ path: join(own, "dead", "other.sock") });
  await once(dead, "listening");
  await rename(join(own, "dead", "other.sock"), join(own, "dead", "proxy.sock"));
  dead.close();
  const next = await createNetwork(options(folder.path));
  expect((await readdir(own)).sort()).toEqual(["foreign", "link", "living"]);
  expect(await readdir(join(own, "living"))).toEqual(["proxy.sock"]);
  await Promise.all([living.close(), next.close()]);
  expect((await readdir(folder.path)).sort()).toEqual(["beside", "proxies"]);
});

test("a folder that others may enter, or that is none, is not used", async () => {
  await using folder = await temporaryFolder();
  const own = join(folder.path, "proxies");
  const refused = `"${own}" must be a folder that this user owns and nobody else may enter (mode 0700).`;
  await mkdir(own);
  await chmod(own, 0o755);
  await expect(createNetwork(options(folder.path))).rejects.toThrow(refused);
  await rmdir(own);
  await symlink(tmpdir(), own);
  await expect(createNetwork(options(folder.path))).rejects.toThrow(refused);
});

test("names and paths that would not do are refused", async () => {
  await using folder = await temporaryFolder();
  const network = await createNetwork(options(join(folder.path, "x".repeat(70))));
  for (const id of ["../escape", "a/b", "", ".", "A"]) {
    await expect(network.open(id)).rejects.toThrow(`"${id}" cannot name a folder.`);
  }
  await expect(network.open("sandbox")).rejects.toThrow("is too long a path for sockets");
  expect(await readdir(join(folder.path, "x".repeat(70), "proxies"))).toEqual([]);
  const open = await createNetwork(options(folder.path));
  await open.open("twice");
  await expect(open.open("twice")).rejects.toThrow("EEXIST");
  expect(await readdir(join(folder.path, "proxies", "twice"))).toEqual(["proxy.sock"]);
  await open.close();
});
