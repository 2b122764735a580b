// Follows the export and starts the download when it is ready. Without this script the page reloads itself.
const section = document.getElementById("waiting");
const link = section.dataset.link;
const title = document.getElementById("title");
const bar = document.getElementById("progress");
const state = document.getElementById("state");
const words = { queued: "Waiting for a worker", running: "Writing the archive", ready: "Done" };
const events = new EventSource(`${link}/events`);

const show = ({ status, progress }) => {
  bar.max = Math.max(progress.total, 1);
  if (status === "queued") bar.removeAttribute("value"); // A bar without a value shows that something goes on.
  else bar.value = progress.done;
  state.textContent = `${words[status] ?? status}: ${progress.done} of ${progress.total} steps`;
};
const finish = (message) => {
  const now = JSON.parse(message.data);
  events.close();
  if (now.status === "ready") {
    // The archive is saved beside the page, which stays and therefore must not promise it any more.
    show(now);
    title.textContent = "Your download has started";
    bar.value = bar.max;
  }
  window.location.replace(link);
};
for (const name of ["queued", "progress"]) events.addEventListener(name, (message) => show(JSON.parse(message.data)));
for (const name of ["ready", "failed", "deleted", "expired"]) events.addEventListener(name, finish);
events.addEventListener("error", () => {
  // A refusal, unlike a break, is not tried again by the browser; the link itself tells the reason.
  if (events.readyState === EventSource.CLOSED) window.location.replace(link);
});
