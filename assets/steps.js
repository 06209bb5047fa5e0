// Walks a timeline in the browser. The server draws the parts of one step, each under a name (pages/steps.py); this swaps
// them for the parts of other steps, fetched ahead, and tells the server where it stands when it comes to rest.

const REST = 300; // ms without a move until the server is told
const PACE = 700; // ms a step while playing
const AHEAD = 8; // steps to both sides that should be here already
const MOST = 600; // steps kept
const MOVES = { ArrowLeft: -1, ArrowRight: 1 };

class Walker {
  of = null; // whose timeline under which model: what a step belongs to
  step = 0;
  last = 0;
  misses = [];
  frames = new Map(); // step -> { part: html }
  said = 0; // number of the latest word to the server
  heard = 0; // number of the latest word that the server has answered
  pending = false; // moved, and the server not told yet
  playing = false;
  resting = null;
  beat = null;

  // What the server says, in each of its runs. Its step counts unless there are moves that it has not heard of.
  hear(data) {
    const another = data.of !== this.of;
    if (another) {
      this.frames.clear();
      Object.assign(this, { of: data.of, step: data.step, said: Math.max(this.said, data.heard), pending: false });
    }
    Object.assign(this, { last: data.last, misses: data.misses, heard: another ? this.said : data.heard });
    for (const [step, parts] of Object.entries(data.frames)) this.frames.set(Number(step), parts);
    const heardAll = this.heard === this.said;
    if (heardAll && !this.pending) {
      this.step = data.step;
      if (this.playing !== data.playing) this.play(data.playing);
    }
    this.show();
    if (this.pending) this.rest();
    if (heardAll && !this.ready()) this.tell(false);
  }

  // Every part that shows another step gets what it should show; parts of somebody else are left alone.
  show() {
    const frame = this.frames.get(this.step);
    if (!frame) return;
    for (const part of document.querySelectorAll("[data-part]")) {
      if (part.dataset.of !== this.of || Number(part.dataset.step) === this.step) continue;
      part.dataset.step = this.step;
      part.innerHTML = frame[part.dataset.part];
    }
  }

  go(step) {
    this.step = Math.min(Math.max(step, 0), this.last);
    this.pending = true;
    this.show();
    if (this.playing && this.step === this.last) this.toggle();
    else if (!this.ready() && this.heard === this.said) this.tell(this.playing);
    this.rest();
  }

  nextMiss() {
    this.go(this.misses.find((each) => each > this.step) ?? this.misses[0]);
  }

  toggle() {
    if (!this.playing && this.step === this.last) this.step = 0;
    this.play(!this.playing);
    this.show();
    this.tell(true);
  }

  play(on) {
    this.playing = on;
    clearInterval(this.beat);
    // waits for a step that is not here yet, or moments behind would be skipped
    this.beat = on ? setInterval(() => this.frames.has(this.step) && this.go(this.step + 1), PACE) : null;
  }

  rest() {
    clearTimeout(this.resting);
    this.resting = this.playing ? null : setTimeout(() => this.pending && this.tell(true), REST);
  }

  // Asks for the steps around this one; with `settle` the cursor of the whole app comes here.
  tell(settle) {
    this.said += 1;
    if (settle) this.pending = false;
    const { of, step, said, playing } = this;
    this.say({ of, step, said, playing, settle, have: [...this.frames.keys()] });
  }

  ready() {
    if (this.frames.size > MOST) this.frames = new Map([...this.frames].filter(([step]) => Math.abs(step - this.step) <= 48));
    return this.frames.has(Math.max(this.step - AHEAD, 0)) && this.frames.has(this.step) && this.frames.has(Math.min(this.step + AHEAD, this.last));
  }

  onKey = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || isWriting(event.target, event.key)) return;
    if (event.key in MOVES) this.go(this.step + MOVES[event.key]);
    else if (event.key === " " && !event.repeat) this.toggle();
    else if (event.key.toLowerCase() === "m" && this.misses.length) this.nextMiss();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };

  onClick = (event) => {
    const button = event.target.closest?.(".st-key-back, .st-key-next, .st-key-play, .st-key-next_miss");
    if (!button || !event.target.closest("button")) return;
    if (button.matches(".st-key-back")) this.go(this.step - 1);
    else if (button.matches(".st-key-next")) this.go(this.step + 1);
    else if (button.matches(".st-key-play")) this.toggle();
    else if (this.misses.length) this.nextMiss();
    else return;
    event.stopImmediatePropagation();
  };

  // The server draws its own step first when it follows: swapped before the eye can see it.
  redrawn = new MutationObserver(() => this.show());

  arrive() {
    window.addEventListener("keydown", this.onKey, true);
    window.addEventListener("click", this.onClick, true);
    this.redrawn.observe(document.querySelector('[data-testid="stMain"]'), { childList: true, subtree: true });
  }

  leave() {
    window.removeEventListener("keydown", this.onKey, true);
    window.removeEventListener("click", this.onClick, true);
    this.redrawn.disconnect();
    clearTimeout(this.resting);
    clearInterval(this.beat);
  }
}

// Keys belong to what is being written, chosen or slid. A closed list keeps the focus after a choice: arrows pass it.
function isWriting(target, key) {
  const field = target.closest?.('input, textarea, select, [contenteditable="true"], [role="slider"], [role="listbox"], [role="menu"], [role="dialog"]');
  if (!field) return key === " " && Boolean(target.closest?.("button, a, summary"));
  const closed = field.getAttribute("role") === "combobox" && field.getAttribute("aria-expanded") !== "true";
  return !(closed && key in MOVES);
}

// One walker a window: Streamlit may call this anew whenever the server has spoken.
const walker = (globalThis.recscopeWalker ??= new Walker());

export default function ({ data, setTriggerValue }) {
  walker.say = (words) => setTriggerValue("said", words);
  walker.arrive();
  walker.hear(data);
  return () => walker.leave();
}
