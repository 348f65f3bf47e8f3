/** Finds out how a repository tests itself, from its manifests alone: nothing is run and nothing is guessed. */
import { cargo } from "./cargo.ts";
import { go } from "./go.ts";
import { make } from "./make.ts";
import { node } from "./node.ts";
import { python, pythonTests } from "./python.ts";

export interface Detected {
  readonly command: string;
  /** What says so, for people: `package.json`. */
  readonly because: string;
  /** Installs dependencies; only where a lock file pins them, and of use only where there is a network. */
  readonly setup?: string;
}

/** The repository's files at the base commit. */
export interface BaseFiles {
  /** A file's text; undefined when there is none, or one that is no text. */
  read(path: string): Promise<string | undefined>;
  has(path: string): Promise<boolean>;
  /** True when a file matches. */
  matches(glob: string): Promise<boolean>;
}

/** One kind of project. */
export type Detector = (files: BaseFiles) => Promise<Detected | undefined>;

/** In the order in which they win where a repository is of several kinds. */
const DETECTORS: readonly Detector[] = [node, python, go, cargo, make, pythonTests];

export async function detect(files: BaseFiles): Promise<Detected | undefined> {
  for (const detector of DETECTORS) {
    const found = await detector(files);
    if (found !== undefined) return found;
  }
  return undefined;
}
