"use strict";
// The figures of a calendar's cells, under the pointer and under the arrow keys.
// Without this script the cells keep their titles, and the table says the same.
const tip = document.getElementById("tip");
let shown = null;

function show(frame, cell) {
  shown = { frame, cell };
  tip.textContent = cell.text;
  tip.hidden = false;
  const box = cell.use.getBoundingClientRect();
  const left = Math.min(box.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
  const below = box.bottom + 8 + tip.offsetHeight < innerHeight;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${below ? box.bottom + 6 : box.top - tip.offsetHeight - 6}px`;
  frame.ring.setAttribute("x", cell.x);
  frame.ring.setAttribute("y", cell.y);
  frame.ring.setAttribute("visibility", "visible");
}

function hide(frame) {
  tip.hidden = true;
  frame.ring.setAttribute("visibility", "hidden");
}

function step(frame, key) {
  const size = Number(frame.dataset.cell);
  const at = frame.current;
  if (!at || key === "Home") return frame.cells[0];
  if (key === "End") return frame.cells[frame.cells.length - 1];
  const order = frame.cells.indexOf(at);
  if (key === "ArrowDown") return frame.cells[order + 1] || at;
  if (key === "ArrowUp") return frame.cells[order - 1] || at;
  for (let x = at.x; x >= 0 && x <= frame.width; ) {
    x += key === "ArrowRight" ? size : -size;
    const found = frame.places.get(`${x},${at.y}`);
    if (found) return found;
  }
  return at;
}

for (const frame of document.querySelectorAll(".calendar")) {
  frame.ring = frame.querySelector(".ring");
  frame.width = frame.querySelector("svg").viewBox.baseVal.width;
  frame.cells = [...frame.querySelectorAll("use[x]")].map((use) => {
    const title = use.querySelector("title");
    const cell = { use, x: use.x.baseVal.value, y: use.y.baseVal.value, text: title.textContent };
    title.remove();
    return cell;
  });
  frame.places = new Map(frame.cells.map((cell) => [`${cell.x},${cell.y}`, cell]));
  const byUse = new Map(frame.cells.map((cell) => [cell.use, cell]));
  frame.addEventListener("pointermove", (event) => {
    const cell = byUse.get(event.target.closest("use"));
    if (cell) show(frame, cell);
    else hide(frame);
  });
  frame.addEventListener("pointerleave", () => hide(frame));
  frame.addEventListener("focus", () => {
    frame.current = frame.current || frame.cells[frame.cells.length - 1];
    if (frame.matches(":focus-visible")) show(frame, frame.current);
  });
  frame.addEventListener("blur", () => hide(frame));
  frame.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return hide(frame);
    if (!["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const cell = (frame.current = step(frame, event.key));
    const at = cell.use.getBoundingClientRect().left, seen = frame.getBoundingClientRect();
    if (at < seen.left + 40 || at > seen.right - 40) frame.scrollLeft += at - (seen.left + seen.right) / 2;
    show(frame, cell);
  });
}
// Tabbing to a calendar scrolls to it: its figures come along.
addEventListener("scroll", () => {
  if (tip.hidden) return;
  if (shown.frame === document.activeElement) show(shown.frame, shown.cell);
  else hide(shown.frame);
}, { passive: true });

// Paper has no folds.
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details.print:not([open])")) {
    fold.open = true;
    fold.dataset.printed = "";
  }
});
addEventListener("afterprint", () => {
  for (const fold of document.querySelectorAll("details[data-printed]")) {
    fold.open = false;
    delete fold.dataset.printed;
  }
});
