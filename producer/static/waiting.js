"use strict";
// Follows the export and starts the download when it is ready. Without this script the page reloads itself.
(() => {
  const section = document.getElementById("waiting");
  const link = section.dataset.link;
  const bar = document.getElementById("progress");
  const state = document.getElementById("state");
  const events = new EventSource(`${link}/events`);

  const show = (message) => {
    const { status, progress, reason } = JSON.parse(message.data);
    bar.max = Math.max(progress.total, 1);
    bar.value = progress.done;
    state.textContent = reason ?? `${status}: ${progress.done} of ${progress.total} steps`;
  };
  const finish = (message) => {
    show(message);
    events.close();
    window.location.replace(link);
  };
  for (const name of ["queued", "progress"]) events.addEventListener(name, show);
  for (const name of ["ready", "failed", "deleted", "expired"]) events.addEventListener(name, finish);
})();
