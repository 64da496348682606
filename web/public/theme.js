// Runs before the first paint so that a dark page never flashes white.
// A file of its own because the Content-Security-Policy allows no inline script.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("crier.theme");
  } catch {
    // Storage may be refused (private window): the system's choice is used.
  }
  const dark =
    chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
