// Copying to the clipboard, and telling so on the button itself.
const TOLD = 2000;

/** Copy a text; the button says for a moment what became of it. */
export async function copy(text, button) {
  const told = (await written(text)) ? "Copied" : "Press Ctrl+C to copy";
  if (button.dataset.words !== undefined) return; // It is still telling.
  button.dataset.words = button.innerHTML;
  button.textContent = told;
  button.setAttribute("aria-live", "polite");
  setTimeout(() => {
    button.innerHTML = button.dataset.words;
    delete button.dataset.words;
  }, TOLD);
}

async function written(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // Not allowed, or not over HTTPS: whoever calls has selected the text.
  }
}
