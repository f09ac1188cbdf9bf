// What screen readers announce while somebody writes. The save line changes with every save and the count of characters
// with every key, so neither is announced: one status of the page is, with what a writer needs to hear.

const MINUTE = 60_000;
const COUNTS = [2000, 500, 100, 0]; // the numbers of characters left that are announced

export function announce(text) {
  document.getElementById("meldingen").textContent = text;
}

// The announcements about one field: trouble at once; a save when the field is left, and otherwise once a minute.
export class Announcements {
  constructor(say = announce, now = Date.now) {
    this.say = say;
    this.now = now;
    this.isAway = false; // whether another element has the focus
    this.saidAt = Number.NEGATIVE_INFINITY; // when a save was last announced
    this.unsaid = ""; // the line of a save that was not announced
    this.trouble = ""; // the trouble that was announced and is not over
    this.left = Number.POSITIVE_INFINITY; // the number of characters left at the last key
  }

  saved(line) {
    this.trouble = "";
    this.unsaid = line;
    if (this.isAway || this.now() - this.saidAt >= MINUTE) this.sayUnsaid();
  }

  failed(line) {
    if (line !== this.trouble) this.say(line);
    this.trouble = line;
  }

  counted(left, line) {
    const isPassed = COUNTS.some((count) => left <= count && this.left > count) || (left < 0 && this.left >= 0);
    this.left = left;
    if (isPassed) this.say(line);
  }

  entered() {
    this.isAway = false;
  }

  departed() {
    this.isAway = true;
    if (this.unsaid) this.sayUnsaid();
  }

  sayUnsaid() {
    this.say(this.unsaid);
    this.unsaid = "";
    this.saidAt = this.now();
  }
}
