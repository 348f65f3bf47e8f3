/** Commits without a work tree: files in, one `git fast-import` stream out. */

/** A file's content, with git's mode when it is not an ordinary file; null deletes the path. */
export type FileContent =
  | string
  | Uint8Array
  | { readonly mode: "100644" | "100755" | "120000"; readonly content: string | Uint8Array }
  | null;

export type Files = Readonly<Record<string, FileContent>>;

export interface CommitToImport {
  readonly branch: string;
  /** The commit to build on; a root commit when absent. */
  readonly parent: string | undefined;
  readonly message: string;
  /** Seconds since the epoch, for author and committer: equal input gives equal object ids. */
  readonly time: number;
  readonly files: Files;
}

/** The input of `git fast-import` (git-fast-import(1)) that makes this one commit and prints its id. */
export function fastImportStream(commit: CommitToImport): Buffer {
  const parts: Uint8Array[] = [];
  const line = (text: string) => parts.push(Buffer.from(`${text}\n`));
  const data = (content: string | Uint8Array) => {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    line(`data ${bytes.byteLength}`);
    parts.push(bytes);
    line("");
  };

  line(`commit refs/heads/${commit.branch}`);
  line("mark :1");
  line(`committer Local Forge <forge@localhost.invalid> ${commit.time} +0000`);
  data(commit.message);
  if (commit.parent !== undefined) line(`from ${commit.parent}`);
  for (const [path, file] of Object.entries(commit.files)) {
    if (file === null) {
      line(`D ${quoted(path)}`);
    } else if (typeof file === "string" || file instanceof Uint8Array) {
      line(`M 100644 inline ${quoted(path)}`);
      data(file);
    } else {
      line(`M ${file.mode} inline ${quoted(path)}`);
      data(file.content);
    }
  }
  line("get-mark :1");
  line("done");
  return Buffer.concat(parts);
}

/** A file's content in bytes. */
export function byteLength(file: FileContent): number {
  if (file === null) return 0;
  if (typeof file === "string") return Buffer.byteLength(file);
  return file instanceof Uint8Array ? file.byteLength : byteLength(file.content);
}

function quoted(path: string): string {
  const escaped = path.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n");
  return `"${escaped}"`;
}
