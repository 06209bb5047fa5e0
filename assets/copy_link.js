// Copies the address of a view, relative to that of the app. Where the address depends on the settings of the moment, the server is asked
// for it (`turn` counts the questions) and it is copied when it comes; a browser that refuses this, or has no clipboard without https, shows it.

const SHOWN = 2500; // ms for which the button says that the link was copied

async function copy(button, { address, label, words, prompt }) {
  const link = new URL(address, location.href).href;
  try {
    await navigator.clipboard.writeText(link);
  } catch {
    window.prompt(prompt, link);
    return;
  }
  button.textContent = words;
  clearTimeout(button.clearing);
  button.clearing = setTimeout(() => (button.textContent = label), SHOWN + 40 * words.length);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const button = parentElement.querySelector("button");
  if (!button.textContent) {
    button.textContent = data.label;
    button.setAttribute("aria-live", "polite");
  }
  if (button.waiting !== undefined && data.turn > button.waiting) {
    button.waiting = undefined;
    copy(button, data);
  }
  button.onclick = () => {
    if (data.turn === null) return copy(button, data);
    button.waiting = data.turn;
    setTriggerValue("asked", true);
  };
}
