// Times of the last days as people say them ("5 minutes ago"); the exact time stays in the title.
const format = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 7]];

function words(moment) {
  let count = (moment - Date.now()) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(count) < size) return unit === "second" && count > -10 && count < 2 ? "just now" : format.format(Math.round(count), unit);
    count /= size;
  }
  return null;
}

/** Write the times below an element. */
export function showTimes(root = document) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-fixed])")) {
    time.textContent = words(Date.parse(time.dateTime)) ?? time.title;
  }
}

showTimes();
setInterval(showTimes, 30_000);
