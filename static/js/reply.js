// The interpretation of replies to a save. A reply counts only if it is ours: it has the stored revision in X-Revision,
// the result in its body, and the hash of the text that is stored now in X-Text-Hash. If it is about a text, it also
// has the page that sent the text and the number that the page gave it: a reply that a proxy cached is about an earlier
// save. Anything else, whatever its status, means that the text was not sent.

import { textHash } from "./text.js";

const NOT_SENT = { kind: "unsent" };
const CANNOT_BE_STORED = { 400: "unreadable", 403: "not_allowed", 404: "not_here" };

// Return { kind, revision, … } for a reply. `sent` is the save that the reply has to be about: { text, writer, seq,
// choice?, isRelease? }. `reply` is { status, headers: { revision, hash, reason }, body }, with null for missing
// values. The kind is one of
//   saved        the server stores this very text
//   overtaken    a later save of the same page is stored: `stored`
//   conflict     another text is stored, and both are saved: `stored`
//   signed_out, other_user, csrf
//   too_long, full, withdrawn, refused   the text cannot be stored unchanged, and trying again does not help
//   unsent       anything else: the save should be tried again
export function decide(sent, { status, headers, body }) {
  const revision = readRevision(headers.revision);
  if (revision === null || body === null || typeof body !== "object") return NOT_SENT;
  const result = typeof body.result === "string" ? body.result : "";
  if (["saved", "overtaken", "stale"].includes(result) && !isAbout(sent, body.writer, body.seq)) return NOT_SENT;
  if (status === 200 && result === "saved")
    return isStored(sent, headers, body) ? { kind: "saved", revision, body } : NOT_SENT;
  if (status === 200 && result === "overtaken") return withStored("overtaken", revision, headers.hash, body);
  if (status === 409 && result === "stale") return withStored("conflict", revision, headers.hash, body);
  if (status === 409 && result === "other_user") return { kind: "other_user", revision };
  if (status === 401 && result === "signed_out") return { kind: "signed_out", revision };
  if (status === 403 && headers.reason === "csrf") return { kind: "csrf", revision };
  if (status === 413 && ["too_long", "full"].includes(result)) return { kind: result, revision };
  if (status === 410 && result === "withdrawn") return { kind: "withdrawn", revision };
  if (result && CANNOT_BE_STORED[status] === result) return { kind: "refused", revision };
  return NOT_SENT;
}

function readRevision(value) {
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : null;
}

function isAbout(sent, writer, seq) {
  return sent.writer === writer && sent.seq === seq;
}

function isStored(sent, headers, body) {
  if (headers.hash !== textHash(sent.text)) return false;
  if (sent.choice && body.verdict !== sent.choice) return false;
  return !sent.isRelease || body.unreleased === false;
}

function withStored(kind, revision, hash, body) {
  if (typeof body.stored !== "string" || hash !== textHash(body.stored)) return NOT_SENT;
  return { kind, revision, stored: body.stored, choice: body.verdict ?? "", body };
}

// Return a decision as above for each question that was handed in, or null if the reply lacks one of them. A decision
// `saved` has the outcome in `result` (submitted, empty, …; closed, not_open and left mean stored but not handed in).
const STORED = new Set(["submitted", "saved", "empty", "set_aside", "closed", "not_open", "left", "too_often"]);

export function decideAll(sent, { status, headers, body }) {
  const results = body?.results;
  if (![200, 409, 413].includes(status) || readRevision(headers.revision) === null) return null;
  if (results === null || typeof results !== "object") return null;
  const decisions = new Map();
  for (const [id, each] of sent) {
    const decision = decideOne(each, results[id], body.writer);
    if (decision === null) return null;
    decisions.set(id, decision);
  }
  return decisions;
}

function decideOne(sent, result, writer) {
  const revision = readRevision(String(result?.revision ?? ""));
  if (revision === null) return null;
  if (!isAbout(sent, writer, result.seq)) return NOT_SENT;
  const { result: said, hash, stored } = result;
  if (STORED.has(said))
    return hash === textHash(sent.text) ? { kind: "saved", revision, result: said, body: {} } : NOT_SENT;
  if (said === "overtaken") return withStored("overtaken", revision, hash, { stored });
  if (said === "stale") return withStored("conflict", revision, hash, { stored });
  if (["too_long", "full", "refused"].includes(said)) return { kind: said, revision };
  return said === "damaged" ? NOT_SENT : null;
}
