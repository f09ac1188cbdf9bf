// Normalisation and hash of text, equal to casebook/lib/text.py. One table of examples tests both
// (tests/casebook/lib/text_vectors.json).

export const LIMIT = 20000; // code points

const NEWLINES = /\r\n?|[\v\u2028\u2029]/g;
const UNSTORABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

export function normalise(text) {
  return text.replace(NEWLINES, "\n").replace(UNSTORABLE, "");
}

export function length(text) {
  return [...text].length;
}

// The UTF-8 bytes of a normalised text, read as one large number after a byte of 1, modulo two primes. Together these
// make a number of at most 53 bits, which is as large as JavaScript counts exactly.
const PRIMES = [94905947, 94905803];

export function textHash(text) {
  let [one, other] = [1, 1];
  for (const byte of new TextEncoder().encode(text)) {
    one = (one * 256 + byte) % PRIMES[0];
    other = (other * 256 + byte) % PRIMES[1];
  }
  return String(one * PRIMES[1] + other);
}
