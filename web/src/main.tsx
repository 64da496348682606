import "@mantine/core/styles.css";
import "./app/base.css";

// Most browsers have Temporal; only the others load the polyfill, and before anything that uses it.
async function begin() {
  if (!("Temporal" in globalThis)) await import("temporal-polyfill/global");
  await import("./start");
}

void begin();
