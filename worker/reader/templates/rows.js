// Rows of equal height in a box that scrolls: only those that can be seen are in the page, with some around them.
const AROUND = 6;

const virtualRows = (box, sheet, rem, draw) => {
  let count = 0;
  let waiting = false;
  const height = rem * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);

  const redraw = () => {
    waiting = false;
    const first = Math.max(0, Math.floor(box.scrollTop / height) - AROUND);
    const end = Math.min(count, Math.ceil((box.scrollTop + box.clientHeight) / height) + AROUND);
    const drawn = [];
    for (let at = first; at < end; at += 1) {
      const row = draw(at);
      row.style.top = `${at * height}px`;
      row.style.height = `${height}px`;
      drawn.push(row);
    }
    sheet.replaceChildren(...drawn);
  };
  const redrawSoon = () => {
    if (!waiting) requestAnimationFrame(redraw);
    waiting = true;
  };
  const show = (number) => {
    count = number;
    sheet.style.height = `${count * height}px`;
    redraw();
  };
  const reveal = (at) => {
    const top = at * height;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + height > box.scrollTop + box.clientHeight) box.scrollTop = top + height - box.clientHeight;
    redraw();
  };
  const page = () => Math.max(1, Math.floor(box.clientHeight / height) - 1);

  box.addEventListener("scroll", redrawSoon, { passive: true });
  new ResizeObserver(redrawSoon).observe(box);
  return { show, reveal, redraw, page };
};
