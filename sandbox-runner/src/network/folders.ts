/** The folders that sandboxes' sockets lie in: entered by nobody else, and cleared of what dead runners left. */
import { once } from "node:events";
import { lstat, mkdir, readdir, rm, rmdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";

export const PROXY_SOCKET = "proxy.sock";

/** In the operator's folder, which may be open to others and hold other things. */
const OWN_FOLDER = "proxies";
/** Of a file's mode: what group and others may. */
const FOR_OTHERS = 0o077;

/**
 * Makes the runner's own folder within `folder`, and returns its path. Engines enter it as root, or as the user
 * who runs both. Throws an Error with a sentence for the operator.
 */
export async function prepareFolder(folder: string): Promise<string> {
  const own = join(folder, OWN_FOLDER);
  await mkdir(folder, { recursive: true });
  await mkdir(own, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const entry = await lstat(own);
  if (!entry.isDirectory() || entry.uid !== process.geteuid?.() || (entry.mode & FOR_OTHERS) !== 0) {
    throw new Error(`"${own}" must be a folder that this user owns and nobody else may enter (mode 0700).`);
  }
  await removeStale(own);
  return own;
}

/** Where somebody listens another runner is alive; of the rest it removes sockets and empty folders. */
async function removeStale(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const socket = join(path, PROXY_SOCKET);
    if (await isListening(socket)) continue;
    await rm(socket, { force: true })
      .then(() => rmdir(path))
      .catch(() => {});
  }
}

async function isListening(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
