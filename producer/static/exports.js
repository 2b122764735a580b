// The list of exports: it follows those under way, copies, revokes and repeats, and shows what callbacks came to.
import { alertIn, call, part } from "./api.js";
import { copy } from "./copying.js";
import { openDeliveries } from "./deliveries.js";
import { exportWith } from "./exporting.js";
import { showTimes } from "./times.js";

const PAUSE = 1500; // Milliseconds between two looks at exports that are not settled.
const list = document.getElementById("exports");
const done = document.getElementById("done");
const trouble = document.getElementById("trouble");
const revoking = document.getElementById("revoke");

async function refresh() {
  const page = new DOMParser().parseFromString(await part(window.location.href), "text/html");
  list.replaceChildren(...page.getElementById("exports").childNodes);
  showTimes(list);
}

async function follow() {
  const busy = list.querySelector("[data-unsettled]");
  // Whoever is about to press a button must not have it taken away.
  if (busy && !list.contains(document.activeElement)) await refresh().catch(() => {});
  setTimeout(follow, PAUSE);
}

function tell(words) {
  trouble.hidden = true;
  done.textContent = words;
  done.hidden = false;
}

function confirmed(what) {
  document.getElementById("revoke-what").textContent = what;
  revoking.returnValue = "";
  revoking.showModal();
  return new Promise((resolve) => {
    revoking.addEventListener("close", () => resolve(revoking.returnValue === "revoke"), { once: true });
  });
}

async function revoke({ revoke: api, what }) {
  if (!(await confirmed(what))) return;
  try {
    await call("DELETE", api);
    await refresh();
    tell(`Revoked: ${what}. Its link does not work any more.`);
  } catch (error) {
    alertIn(trouble, error);
  }
}

list.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  const { dataset } = button;
  if (dataset.copyText) copy(dataset.copyText, button);
  if (dataset.revoke) revoke(dataset);
  if (dataset.deliveries) openDeliveries(dataset.deliveries, dataset.what, "tellable" in dataset);
  if (dataset.again) exportWith(dataset.again, dataset.what, JSON.parse(dataset.options), () => refresh().catch(() => {}));
});
follow();
