/** npm's and Python's registries on loopback, over TLS, each with one small package. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import type { Certified } from "./authority.ts";
import { zip } from "./zip.ts";

export interface Registry extends AsyncDisposable {
  readonly port: number;
  /** Paths in the order they were asked for. */
  readonly requests: readonly string[];
}

/** Serves each path's bytes. */
async function startRegistry(
  { cert, key }: Certified,
  bodyOf: (path: string, port: number) => { type: string; body: string | Uint8Array } | undefined,
): Promise<Registry> {
  const requests: string[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    const path = request.url ?? "";
    requests.push(path);
    const answer = bodyOf(path, port);
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": answer?.type ?? "text/plain" });
    response.end(answer?.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

export interface NpmPackage {
  readonly name: string;
  readonly manifest: object;
  readonly files: Readonly<Record<string, string>>;
}

/** `host` is the name it is reached by; `lock` is what a lock file has to say of the package. */
export async function startNpmRegistry(
  certified: Certified,
  host: string,
  { name, manifest, files }: NpmPackage,
): Promise<Registry & { readonly lock: { version: string; resolved: string; integrity: string } }> {
  const version = "1.0.0";
  const contents = { "package.json": JSON.stringify({ name, version, ...manifest }), ...files };
  const tarball = gzipSync(
    await packTar(
      Object.entries(contents).map(([path, body]) => ({
        header: { name: `package/${path}`, size: Buffer.byteLength(body), mode: 0o644 },
        body,
      })),
    ),
  );
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  const path = `/${name}/-/${name}-${version}.tgz`;
  const resolved = (port: number) => `https://${host}:${port}${path}`;
  const registry = await startRegistry(certified, (asked, port) => {
    if (asked === path) return { type: "application/octet-stream", body: tarball };
    if (asked !== `/${name}`) return undefined;
    const dist = { tarball: resolved(port), integrity };
    const versions = { [version]: { name, version, ...manifest, dist } };
    return {
      type: "application/json",
      body: JSON.stringify({ name, "dist-tags": { latest: version }, versions }),
    };
  });
  return { ...registry, lock: { version, resolved: resolved(registry.port), integrity } };
}

/** A simple repository (PEP 503) with a wheel of one module (PEP 427); `hash` is for a requirements file. */
export async function startPythonRegistry(
  certified: Certified,
  name: string,
  module: string,
): Promise<Registry & { readonly hash: string }> {
  const info = `${name}-1.0.dist-info`;
  const wheel = zip({
    [`${name}.py`]: module,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n`,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    [`${info}/RECORD`]: `${name}.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n`,
  });
  const hash = createHash("sha256").update(wheel).digest("hex");
  const file = `${name}-1.0-py3-none-any.whl`;
  const registry = await startRegistry(certified, (asked) => {
    if (asked === `/files/${file}`) return { type: "application/zip", body: wheel };
    if (asked !== `/simple/${name}/`) return undefined;
    return { type: "text/html", body: `<!DOCTYPE html><a href="/files/${file}#sha256=${hash}">${file}</a>` };
  });
  return { ...registry, hash };
}
