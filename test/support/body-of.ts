/** The body of an answer that must have one. */
export function bodyOf(response: Response): ReadableStream<Uint8Array> {
  if (response.body === null) throw new Error("the answer has no body");
  return response.body;
}
