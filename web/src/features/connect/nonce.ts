/** What only the browser that came back was given; behind the `#` it never leaves it. */
export function nonceOf(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, "")).get("nonce") || null;
}
