import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.CRIER_DEV_SERVER ?? "http://127.0.0.1:4800";

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) },
  },
  server: {
    host: "127.0.0.1",
    proxy: {
      // The server refuses unsafe requests of another origin, so the proxy speaks in its name.
      "/api": { target: server, changeOrigin: true, headers: { origin: server } },
      "/integrations": { target: server },
      "/docs": { target: server },
    },
  },
  build: {
    outDir: "dist",
    // A data: URL script or font would be refused by the Content-Security-Policy.
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.{ts,tsx}"],
    env: { TZ: "America/New_York" },
  },
});
